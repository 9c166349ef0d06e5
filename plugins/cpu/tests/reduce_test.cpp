// Reductions and argument searches against a loop in double, over dtypes, layouts, axis sets and awkward values.
#include <gtest/gtest.h>

#include <cmath>

#include "host_tensor.h"
#include "value.h"

namespace ferrule::cpu::testing {
namespace {

struct Case {
  const char* name;
  HostTensor x;
  uint32_t axes;
};

Shape reduced_shape(const Shape& shape, uint32_t axes) {
  Shape out = shape;
  for (size_t i = 0; i < out.size(); ++i)
    if ((axes >> i) & 1u) out[i] = 1;
  return out;
}

// Calls f(output index, input index) for every element of x.
template <typename F>
void for_each_pair(const HostTensor& x, const HostTensor& out, F f) {
  const Shape& shape = x.shape();
  Shape index(shape.size(), 0);
  for (int64_t i = 0; i < x.size(); ++i) {
    Shape at = index;
    for (size_t a = 0; a < at.size(); ++a)
      if (out.shape()[a] == 1) at[a] = 0;
    f(out.flat(at), i);
    for (size_t a = shape.size(); a-- > 0;) {
      if (++index[a] < shape[a]) break;
      index[a] = 0;
    }
  }
}

uint32_t sum_dtype(uint32_t dtype) {
  switch (dtype) {
    case FRL_DTYPE_BOOL:
    case FRL_DTYPE_I8:
    case FRL_DTYPE_I16:
      return FRL_DTYPE_I32;
    case FRL_DTYPE_U8:
    case FRL_DTYPE_U16:
      return FRL_DTYPE_U32;
    default:
      return dtype;
  }
}

std::vector<Case> layouts(uint32_t dtype, double low, double high) {
  const auto make = [&](Shape shape) { return HostTensor(dtype, std::move(shape)).fill_random(dtype, low, high); };
  return {
      {"0-d", make({}), 0},
      {"1-d", make({1037}), 1},
      {"short rows", make({301, 5}), 2},
      {"rows", make({3, 2000}), 2},
      {"columns", make({517, 33}), 1},
      {"few columns", make({2051, 3}), 1},
      {"wide columns", make({19, 2500}), 1},
      {"all", make({13, 7, 29}), 7},
      {"middle", make({5, 70, 9}), 2},
      {"outer and inner", make({6, 11, 130}), 5},
      {"no axis", make({4, 9}), 0},
      {"transposed rows", make({200, 40}).permuted({1, 0}), 2},
      {"transposed columns", make({200, 40}).permuted({1, 0}), 1},
      {"permuted", make({7, 66, 12}).permuted({2, 0, 1}), 3},
      {"every second", make({17, 90}).strided(1, 2), 2},
      {"every second column", make({90, 17}).strided(1, 2), 1},
      {"reversed", make({9, 300}).strided(1, -1), 2},
      {"reversed columns", make({300, 9}).strided(1, -1), 1},
      {"broadcast kept", make({1, 77}).broadcast(0, 5), 2},
      {"broadcast reduced", make({1, 77}).broadcast(0, 5), 1},
      {"10-d", make({2, 1, 3, 2, 1, 2, 3, 2, 1, 5}), 0x155},
  };
}

class ReduceDtype : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(All, ReduceDtype, ::testing::ValuesIn(kAllDtypes),
                         [](const auto& info) { return std::string(dtype_name(info.param)); });

TEST_P(ReduceDtype, SumIsWithinTheBoundOnEveryLayout) {
  const uint32_t dtype = GetParam();
  for (Case& c : layouts(dtype, -9, 9)) {
    HostTensor out(sum_dtype(dtype), reduced_shape(c.x.shape(), c.axes));
    const frl_reduce_attrs attrs{c.axes, 0};
    run_kernel("reduce_sum", {c.x}, {&out}, &attrs);
    std::vector<std::complex<double>> sum(static_cast<size_t>(out.size()));
    std::vector<double> magnitude(sum.size());
    for_each_pair(c.x, out, [&](int64_t o, int64_t i) {
      sum[static_cast<size_t>(o)] += c.x.get_complex(i);
      magnitude[static_cast<size_t>(o)] += std::abs(c.x.get_complex(i));
    });
    const double u = dtype == FRL_DTYPE_F64 ? 0x1p-53 : 0x1p-24;
    for (int64_t o = 0; o < out.size(); ++o) {
      const auto at = static_cast<size_t>(o);
      const double bound =
          is_float(dtype) ? 8 * u * magnitude[at] + 2 * unit_roundoff(dtype) * std::abs(sum[at]) + 1e-30 : 0;
      EXPECT_LE(std::abs(out.get_complex(o) - sum[at]), bound) << c.name << " at " << o;
    }
  }
}

TEST_P(ReduceDtype, ProdIsWithinTheBoundOnEveryLayout) {
  const uint32_t dtype = GetParam();
  for (Case& c : layouts(dtype, is_float(dtype) ? 0.8 : 1, is_float(dtype) ? 1.2 : 3)) {
    HostTensor out(sum_dtype(dtype), reduced_shape(c.x.shape(), c.axes));
    const frl_reduce_attrs attrs{c.axes, 0};
    run_kernel("reduce_prod", {c.x}, {&out}, &attrs);
    std::vector<std::complex<double>> product(static_cast<size_t>(out.size()), 1);
    std::vector<uint64_t> exact(product.size(), 1);
    std::vector<int64_t> count(product.size());
    for_each_pair(c.x, out, [&](int64_t o, int64_t i) {
      const auto at = static_cast<size_t>(o);
      product[at] *= c.x.get_complex(i);
      exact[at] *= static_cast<uint64_t>(c.x.get_int(i));
      ++count[at];
    });
    for (int64_t o = 0; o < out.size(); ++o) {
      const auto at = static_cast<size_t>(o);
      if (!is_float(dtype)) {
        HostTensor expected(out.dtype(), {1});
        expected.set_int(0, static_cast<int64_t>(exact[at]));
        EXPECT_EQ(out.get_int(o), expected.get_int(0)) << c.name;
      } else if (dtype != FRL_DTYPE_F16 && dtype != FRL_DTYPE_C64) {
        const double k = std::max<double>(8, static_cast<double>(count[at]));
        const double u = dtype == FRL_DTYPE_F64 ? 0x1p-53 : 0x1p-24;
        EXPECT_NEAR(out.get(o), product[at].real(),
                    std::abs(product[at]) * (k * u * 2 + 2 * unit_roundoff(dtype)) + 1e-37)
            << c.name;
      }
    }
  }
}

TEST_P(ReduceDtype, MaxAndMinAreExactOnEveryLayout) {
  const uint32_t dtype = GetParam();
  for (const bool max : {true, false})
    for (Case& c : layouts(dtype, -100, 100)) {
      HostTensor out(dtype, reduced_shape(c.x.shape(), c.axes));
      const frl_reduce_attrs attrs{c.axes, 0};
      run_kernel(max ? "reduce_max" : "reduce_min", {c.x}, {&out}, &attrs);
      std::vector<int64_t> best(static_cast<size_t>(out.size()), -1);
      for_each_pair(c.x, out, [&](int64_t o, int64_t i) {
        auto& held = best[static_cast<size_t>(o)];
        const auto a = held < 0 ? std::complex<double>{} : c.x.get_complex(held);
        const auto b = c.x.get_complex(i);
        const bool greater = std::pair(b.real(), b.imag()) > std::pair(a.real(), a.imag());
        const bool smaller = std::pair(b.real(), b.imag()) < std::pair(a.real(), a.imag());
        if (held < 0 || (max ? greater : smaller)) held = i;
      });
      for (int64_t o = 0; o < out.size(); ++o)
        EXPECT_EQ(out.get_complex(o), c.x.get_complex(best[static_cast<size_t>(o)])) << c.name << " at " << o;
    }
}

TEST_P(ReduceDtype, EmptyExtentsGiveTheIdentity) {
  const uint32_t dtype = GetParam();
  const HostTensor x(dtype, {3, 0});
  const frl_reduce_attrs attrs{2, 0};
  HostTensor sum(sum_dtype(dtype), {3, 1}), prod(sum_dtype(dtype), {3, 1}), max(dtype, {3, 1}), min(dtype, {3, 1});
  run_kernel("reduce_sum", {x}, {&sum}, &attrs);
  run_kernel("reduce_prod", {x}, {&prod}, &attrs);
  run_kernel("reduce_max", {x}, {&max}, &attrs);
  run_kernel("reduce_min", {x}, {&min}, &attrs);
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(sum.get_complex(i), 0.0);
    EXPECT_EQ(prod.get_complex(i), 1.0);
    if (is_float(dtype)) {
      EXPECT_EQ(max.get(i), -INFINITY);
      EXPECT_EQ(min.get(i), INFINITY);
    } else {
      EXPECT_LT(max.get(i), min.get(i));
    }
  }
}

class ArgDtype : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(All, ArgDtype, ::testing::ValuesIn(kRealDtypes),
                         [](const auto& info) { return std::string(dtype_name(info.param)); });

TEST_P(ArgDtype, FindsTheFirstExtremeOnEveryLayout) {
  const uint32_t dtype = GetParam();
  for (const bool max : {true, false})
    for (Case& c : layouts(dtype, -40, 40)) {
      const int rank = static_cast<int>(c.x.shape().size());
      for (int axis = 0; axis < rank; ++axis) {
        HostTensor out(FRL_DTYPE_U32, reduced_shape(c.x.shape(), 1u << axis));
        const frl_axis_attrs attrs{axis, 0};
        run_kernel(max ? "argmax" : "argmin", {c.x}, {&out}, &attrs);
        std::vector<int64_t> best(static_cast<size_t>(out.size()), -1), index(best.size(), 0), seen(best.size(), 0);
        for_each_pair(c.x, out, [&](int64_t o, int64_t i) {
          const auto at = static_cast<size_t>(o);
          if (best[at] < 0 || (max ? c.x.get(i) > c.x.get(best[at]) : c.x.get(i) < c.x.get(best[at]))) {
            best[at] = i;
            index[at] = seen[at];
          }
          ++seen[at];
        });
        for (int64_t o = 0; o < out.size(); ++o)
          EXPECT_EQ(out.get_int(o), index[static_cast<size_t>(o)]) << c.name << " axis " << axis << " at " << o;
      }
    }
}

TEST(Reduce, NanWinsWhereverItStands) {
  for (const uint32_t dtype : kFloatDtypes)
    for (const int64_t n : {3, 40, 300, 5000})
      for (const int64_t place : {int64_t{0}, n / 2, n - 1}) {
        HostTensor x = HostTensor(dtype, {n}).fill_random(1, -5, 5);
        x.set(place, NAN);
        HostTensor out(dtype, {1}), index(FRL_DTYPE_U32, {1});
        const frl_reduce_attrs attrs{1, 0};
        const frl_axis_attrs axis{0, 0};
        for (const char* name : {"reduce_max", "reduce_min", "reduce_sum"}) {
          run_kernel(name, {x}, {&out}, &attrs);
          EXPECT_TRUE(std::isnan(out.get(0))) << name << n << " " << place;
        }
        for (const char* name : {"argmax", "argmin"}) {
          run_kernel(name, {x}, {&index}, &axis);
          EXPECT_EQ(index.get_int(0), place) << name;
        }
      }
}

// Where the quick way of finding extremes, which looks for NaN in a sum, must give up; and where it need not.
TEST(Reduce, ExtremesAmongInfinitiesAndNan) {
  const frl_reduce_attrs attrs{1, 0};
  for (const uint32_t dtype : kFloatDtypes)
    for (const int64_t n : {5, 70, 3000})
      for (const bool with_nan : {false, true}) {
        HostTensor x = HostTensor(dtype, {n}).fill_random(1, -5, 5), out(dtype, {1});
        x.set(1, INFINITY);
        x.set(n - 2, -INFINITY);
        if (with_nan) x.set(n / 2, NAN);
        run_kernel("reduce_max", {x}, {&out}, &attrs);
        EXPECT_TRUE(with_nan ? std::isnan(out.get(0)) : out.get(0) == INFINITY) << n;
        run_kernel("reduce_min", {x}, {&out}, &attrs);
        EXPECT_TRUE(with_nan ? std::isnan(out.get(0)) : out.get(0) == -INFINITY) << n;
      }
}

TEST(Reduce, NanWinsInColumns) {
  HostTensor x = HostTensor(FRL_DTYPE_F32, {50, 20}).fill_random(1, -5, 5);
  x.set(7 * 20 + 3, NAN);
  x.set(9 * 20 + 3, NAN);
  HostTensor out(FRL_DTYPE_F32, {1, 20}), index(FRL_DTYPE_U32, {1, 20});
  const frl_reduce_attrs attrs{1, 0};
  const frl_axis_attrs axis{0, 0};
  run_kernel("reduce_max", {x}, {&out}, &attrs);
  run_kernel("argmin", {x}, {&index}, &axis);
  for (int64_t i = 0; i < 20; ++i) EXPECT_EQ(std::isnan(out.get(i)), i == 3);
  EXPECT_EQ(index.get_int(3), 7);
}

TEST(Reduce, AllInfinitiesHaveAnIndex) {
  HostTensor x(FRL_DTYPE_F32, {600});
  for (int64_t i = 0; i < 600; ++i) x.set(i, -INFINITY);
  HostTensor index(FRL_DTYPE_U32, {1});
  const frl_axis_attrs axis{0, 0};
  run_kernel("argmax", {x}, {&index}, &axis);
  EXPECT_EQ(index.get_int(0), 0);
}

TEST(Reduce, LongSumsOfOneSignStayAccurate) {
  const int64_t n = (1 << 22) + 77;
  HostTensor x(FRL_DTYPE_F32, {n});
  auto* data = reinterpret_cast<float*>(x.raw());
  double reference = 0;
  for (int64_t i = 0; i < n; ++i)
    reference += static_cast<double>(data[i] = 0.1f + 1e-6f * static_cast<float>(i % 1000));
  HostTensor out(FRL_DTYPE_F32, {1});
  const frl_reduce_attrs attrs{1, 0};
  run_kernel("reduce_sum", {x}, {&out}, &attrs);
  EXPECT_NEAR(out.get(0), reference, 8 * 0x1p-24 * reference);
  HostTensor columns(FRL_DTYPE_F32, {n / 16, 16}), sums(FRL_DTYPE_F32, {1, 16});
  std::copy(data, data + n / 16 * 16, reinterpret_cast<float*>(columns.raw()));
  run_kernel("reduce_sum", {columns}, {&sums}, &attrs);
  for (int64_t c = 0; c < 16; ++c) {
    double column = 0;
    for (int64_t r = 0; r < n / 16; ++r) column += static_cast<double>(data[r * 16 + c]);
    EXPECT_NEAR(sums.get(c), column, 8 * 0x1p-24 * column);
  }
}

TEST(Reduce, LongArgmaxFindsTheFirstOfEquals) {
  const int64_t n = 300007;
  HostTensor x = HostTensor(FRL_DTYPE_F32, {n}).fill_random(3, -1, 1);
  x.set(200001, 2);
  x.set(250000, 2);
  HostTensor index(FRL_DTYPE_U32, {1});
  const frl_axis_attrs axis{0, 0};
  run_kernel("argmax", {x}, {&index}, &axis);
  EXPECT_EQ(index.get_int(0), 200001);
}

TEST(Reduce, AnyNonZeroByteIsTrue) {
  HostTensor x(FRL_DTYPE_BOOL, {4});
  const uint8_t bytes[] = {0, 1, 2, 0xff};
  std::copy(bytes, bytes + 4, reinterpret_cast<uint8_t*>(x.raw()));
  HostTensor sum(FRL_DTYPE_I32, {1}), all(FRL_DTYPE_BOOL, {1}), any(FRL_DTYPE_BOOL, {1});
  const frl_reduce_attrs attrs{1, 0};
  run_kernel("reduce_sum", {x}, {&sum}, &attrs);
  run_kernel("reduce_and", {x}, {&all}, &attrs);
  run_kernel("reduce_or", {x}, {&any}, &attrs);
  EXPECT_EQ(sum.get_int(0), 3);
  EXPECT_EQ(static_cast<int>(all.raw()[0]), 0);
  EXPECT_EQ(static_cast<int>(any.raw()[0]), 1);
}

TEST(Reduce, RefusesBrokenCallsWithAReason) {
  const HostTensor x(FRL_DTYPE_F32, {2, 3});
  HostTensor wrong(FRL_DTYPE_F32, {2, 3}), typed(FRL_DTYPE_I32, {1, 3}), index(FRL_DTYPE_U32, {1, 3});
  const frl_reduce_attrs attrs{1, 0}, beyond{8, 0};
  EXPECT_NE(refusal("reduce_sum", {x}, {&wrong}, &attrs), "");
  EXPECT_NE(refusal("reduce_sum", {x}, {&typed}, &attrs), "");
  EXPECT_NE(refusal("reduce_max", {x}, {&wrong}, &beyond), "");
  const frl_axis_attrs far{2, 0}, negative{-1, 0};
  EXPECT_NE(refusal("argmax", {x}, {&index}, &far), "");
  EXPECT_NE(refusal("argmax", {x}, {&index}, &negative), "");
  EXPECT_NE(refusal("argmax", {HostTensor(FRL_DTYPE_F32, {0, 3})}, {&index}, &attrs), "");
}

}  // namespace
}  // namespace ferrule::cpu::testing
