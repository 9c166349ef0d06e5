// matmul and addmm against float64 (long double for f64): dtypes, strides, odd sizes, empty extents, batches.
#include "libraries/libraries.h"
#include "product_harness.h"

namespace ferrule::cpu::test {
namespace {

constexpr uint32_t kDtypes[] = {FRL_DTYPE_F16, FRL_DTYPE_BF16, FRL_DTYPE_F32, FRL_DTYPE_F64, FRL_DTYPE_C64};
constexpr const char* kLibraries[] = {"none", "onednn"};  // without the library both are our own kernels

// Judges out = alpha * a @ b + beta * c (c may be NULL): every element of a small product; of a large one the last row
// and column, where tails lie, and an even sample of the rest.
void expect_product(const HostTensor& a, const HostTensor& b, const HostTensor* c, const HostTensor& out,
                    long double alpha, long double beta, const std::string& what) {
  const size_t rank = out.shape().size();
  const int64_t k = a.shape()[rank - 1];
  int bad = 0;
  int64_t elements = 1, position = 0;
  for (int64_t extent : out.shape()) elements *= extent;
  const int64_t sample = elements * k / 1'000'000 * 2 + 1;
  out.for_each([&](const Shape& index) {
    const bool edge = index[rank - 1] + 1 == out.shape()[rank - 1] || index[rank - 2] + 1 == out.shape()[rank - 2];
    if (!edge && position++ % sample != 0) return;
    Shape ia = index, ib = index;
    Value sum = 0;
    long double magnitude = 0;
    for (int64_t i = 0; i < k; ++i) {
      ia[rank - 1] = i, ib[rank - 2] = i;
      const Value x = a.value(ia), y = b.value(ib);
      sum += x * y;
      magnitude += (std::abs(x.real()) + std::abs(x.imag())) * (std::abs(y.real()) + std::abs(y.imag()));
    }
    Value ref = alpha * sum;
    magnitude *= std::abs(alpha);
    if (c && beta != 0) {
      ref += beta * c->value(index);
      magnitude += std::abs(beta) * std::abs(c->value(index));
    }
    const Value got = out.value(index);
    if (!within_bound(got, ref, magnitude, k, out.dtype()) && ++bad <= 3) {
      ADD_FAILURE() << what << " at " << index_text(index) << ": got " << got << ", expected " << ref;
    }
  });
  EXPECT_EQ(bad, 0) << what;
}

std::string describe(uint32_t dtype, const Shape& a, const Shape& b) {
  return "dtype " + std::to_string(dtype) + " a " + index_text(a) + " b " + index_text(b);
}

void check_matmul(HostTensor& a, HostTensor& b, const Shape& out_shape) {
  for (const char* libraries : kLibraries) {
    set_libraries_for_tests(libraries);
    HostTensor out(a.dtype(), out_shape);
    const std::string what = describe(a.dtype(), a.shape(), b.shape()) + libraries;
    ASSERT_EQ(run_kernel(find_kernel(matmul_kernels(), "matmul"), {&a, &b}, out), "") << what;
    expect_product(a, b, nullptr, out, 1, 0, what);
  }
  set_libraries_for_tests(nullptr);
}

TEST(Matmul, RandomSizesAndStridesInEveryDtype) {
  std::mt19937 rng(1);
  const auto size = [&](int limit) { return static_cast<int64_t>(1 + rng() % static_cast<unsigned>(limit)); };
  for (uint32_t dtype : kDtypes) {
    for (int round = 0; round < 60; ++round) {
      const int limit = round % 3 == 0 ? 9 : round % 3 == 1 ? 70 : 140;
      const int64_t m = size(limit), n = size(limit), k = size(limit);
      const std::vector<int> orders[] = {{0, 1}, {1, 0}};
      const int64_t steps[] = {1, 1, 2, -1};
      HostTensor a(dtype, {m, k}, orders[rng() % 2], steps[rng() % 4]),
          b(dtype, {k, n}, orders[rng() % 2], steps[rng() % 4]);
      check_matmul(a.randomize(rng), b.randomize(rng), {m, n});
    }
  }
}

TEST(Matmul, SizesAroundTheBlocking) {
  std::mt19937 rng(2);
  const int64_t sizes[][3] = {{241, 513, 257}, {12, 32, 256},  {13, 33, 255},  {300, 31, 600},  {4, 700, 300},
                              {257, 16, 40},   {480, 1025, 5}, {64, 64, 2100}, {150, 2100, 70}, {1100, 130, 33}};
  for (uint32_t dtype : kDtypes) {
    for (const auto& s : sizes) {
      HostTensor a(dtype, {s[0], s[2]}), b(dtype, {s[2], s[1]});
      check_matmul(a.randomize(rng), b.randomize(rng), {s[0], s[1]});
    }
  }
}

TEST(Matmul, ExtentsBeyondOneChunk) {
  std::mt19937 rng(3);
  for (uint32_t dtype : {FRL_DTYPE_F32, FRL_DTYPE_F16}) {
    const int64_t sizes[][3] = {{2100, 20, 24}, {20, 2100, 24}, {520, 530, 2100}};
    for (const auto& s : sizes) {
      HostTensor a(dtype, {s[0], s[2]}), b(dtype, {s[2], s[1]});
      check_matmul(a.randomize(rng), b.randomize(rng), {s[0], s[1]});
    }
  }
}

TEST(Matmul, LongSumsAreSplit) {
  std::mt19937 rng(4);
  for (uint32_t dtype : kDtypes) {
    HostTensor a(dtype, {20, 20000}), b(dtype, {20000, 24}, {1, 0});
    check_matmul(a.randomize(rng), b.randomize(rng), {20, 24});
  }
}

TEST(Matmul, SumsOfOneSignKeepTheBound) {
  std::mt19937 rng(5);
  for (uint32_t dtype : {FRL_DTYPE_F32, FRL_DTYPE_BF16, FRL_DTYPE_F64}) {
    for (int64_t m : {1, 40}) {
      HostTensor a(dtype, {m, 16384}), b(dtype, {16384, 40});
      check_matmul(a.randomize(rng, 0.5, 1.0), b.randomize(rng, 0.5, 1.0), {m, 40});
    }
  }
}

TEST(Matmul, VectorsTimesMatrices) {
  std::mt19937 rng(6);
  const std::vector<int> orders[] = {{0, 1}, {1, 0}};
  for (uint32_t dtype : kDtypes) {
    for (int64_t k : {1, 7, 100, 1500, 9000}) {
      for (int64_t n : {1, 2, 5, 33, 1100}) {
        if (k * n > 2'000'000) continue;
        for (const auto& order : orders) {
          HostTensor x(dtype, {1, k}, {}, 2), b(dtype, {k, n}, order), a(dtype, {n, k}, order),
              y(dtype, {k, 1}, {}, -1);
          check_matmul(x.randomize(rng), b.randomize(rng), {1, n});
          check_matmul(a.randomize(rng), y.randomize(rng), {n, 1});
        }
      }
    }
    HostTensor column(dtype, {300, 1}), row(dtype, {1, 170});
    check_matmul(column.randomize(rng), row.randomize(rng), {300, 170});
  }
}

TEST(Matmul, BatchesBroadcastAndFold) {
  std::mt19937 rng(7);
  for (uint32_t dtype : kDtypes) {
    {
      HostTensor a(dtype, {3, 4, 5, 6}), b(dtype, {3, 4, 6, 7}, {}, 1, 0b0011);  // one b: folds into rows
      check_matmul(a.randomize(rng), b.randomize(rng), {3, 4, 5, 7});
    }
    {
      HostTensor a(dtype, {3, 4, 5, 6}, {1, 0, 3, 2}), b(dtype, {3, 4, 6, 7}, {}, 1, 0b0001);
      check_matmul(a.randomize(rng), b.randomize(rng), {3, 4, 5, 7});
    }
    {
      HostTensor a(dtype, {3, 4, 5, 6}, {}, 1, 0b0010), b(dtype, {3, 4, 6, 7}, {3, 2, 1, 0}, -2);
      check_matmul(a.randomize(rng), b.randomize(rng), {3, 4, 5, 7});
    }
    {
      HostTensor a(dtype, {150, 33, 40}), b(dtype, {150, 40, 37});
      check_matmul(a.randomize(rng), b.randomize(rng), {150, 33, 37});
    }
    {
      HostTensor a(dtype, {9, 1, 40}), b(dtype, {9, 40, 37}, {}, 1, 0b001);  // single rows fold too
      check_matmul(a.randomize(rng), b.randomize(rng), {9, 1, 37});
    }
  }
}

TEST(Matmul, NoTermsGiveZeros) {
  std::mt19937 rng(8);
  for (uint32_t dtype : kDtypes) {
    HostTensor a(dtype, {2, 3, 0}), b(dtype, {2, 0, 700});
    check_matmul(a, b, {2, 3, 700});
    HostTensor c(dtype, {2, 3, 700}), out(dtype, {2, 3, 700});
    const frl_addmm_attrs attrs{2.0f, 0.5f};
    ASSERT_EQ(run_kernel(find_kernel(matmul_kernels(), "addmm"), {&c.randomize(rng), &a, &b}, out, &attrs), "");
    expect_product(a, b, &c, out, 2, 0.5, "k = 0");
  }
}

TEST(Addmm, ScalesAndAddsBroadcastOperands) {
  std::mt19937 rng(9);
  for (uint32_t dtype : kDtypes) {
    for (uint32_t broadcast : {0b00u, 0b01u, 0b10u, 0b11u}) {
      for (const auto& s :
           {std::array<int64_t, 3>{5, 7, 9}, {1, 40, 30}, {70, 1, 30}, {100, 130, 60}, {16, 16, 9000}}) {
        HostTensor a(dtype, {s[0], s[2]}), b(dtype, {s[2], s[1]}), c(dtype, {s[0], s[1]}, {1, 0}, 1, broadcast);
        const frl_addmm_attrs attrs{-1.5f, 0.75f};
        a.randomize(rng), b.randomize(rng), c.randomize(rng);
        for (const char* libraries : kLibraries) {
          set_libraries_for_tests(libraries);
          HostTensor out(dtype, {s[0], s[1]});
          const std::string what = describe(dtype, a.shape(), b.shape()) + libraries;
          ASSERT_EQ(run_kernel(find_kernel(matmul_kernels(), "addmm"), {&c, &a, &b}, out, &attrs), "") << what;
          expect_product(a, b, &c, out, -1.5, 0.75, what);
        }
        set_libraries_for_tests(nullptr);
      }
    }
  }
}

TEST(Addmm, BetaZeroIgnoresNaN) {
  std::mt19937 rng(10);
  for (uint32_t dtype : kDtypes) {
    for (int64_t m : {1, 3, 64}) {
      HostTensor a(dtype, {m, 9}), b(dtype, {9, 20}), c(dtype, {m, 20}), out(dtype, {m, 20});  // c is all NaN
      const frl_addmm_attrs attrs{1.0f, 0.0f};
      a.randomize(rng), b.randomize(rng);
      ASSERT_EQ(run_kernel(find_kernel(matmul_kernels(), "addmm"), {&c, &a, &b}, out, &attrs), "");
      expect_product(a, b, nullptr, out, 1, 0, "beta 0");
    }
  }
}

TEST(Matmul, InfinitiesAndNaNTakePart) {
  std::mt19937 rng(11);
  for (uint32_t dtype : {FRL_DTYPE_F16, FRL_DTYPE_BF16, FRL_DTYPE_F32, FRL_DTYPE_F64}) {
    for (int64_t m : {1, 40}) {
      HostTensor a(dtype, {m, 20}), b(dtype, {20, 40}), out(dtype, {m, 40});
      a.randomize(rng), b.randomize(rng);
      write_element(a.at({0, 3}), dtype, 0.0);
      write_element(b.at({3, 5}), dtype, INFINITY);
      write_element(b.at({7, 8}), dtype, NAN);
      ASSERT_EQ(run_kernel(find_kernel(matmul_kernels(), "matmul"), {&a, &b}, out), "");
      EXPECT_TRUE(std::isnan(out.value({0, 5}).real())) << "0 * inf";
      for (int64_t i = 0; i < m; ++i) EXPECT_TRUE(std::isnan(out.value({i, 8}).real()));
      EXPECT_TRUE(std::isfinite(out.value({0, 6}).real()));
    }
  }
}

TEST(Matmul, MalformedCallsAreRefusedWithAReason) {
  HostTensor f32_22(FRL_DTYPE_F32, {2, 2}), f64_22(FRL_DTYPE_F64, {2, 2}), f32_23(FRL_DTYPE_F32, {2, 3});
  HostTensor vector(FRL_DTYPE_F32, {2}), bytes(FRL_DTYPE_U8, {2, 2});
  const Kernel& kernel = find_kernel(matmul_kernels(), "matmul");
  EXPECT_NE(run_kernel(kernel, {&f32_22, &f64_22}, f32_22), "");
  EXPECT_NE(run_kernel(kernel, {&f32_23, &f32_23}, f32_23), "");
  EXPECT_NE(run_kernel(kernel, {&f32_22, &f32_22}, f32_23), "");
  EXPECT_NE(run_kernel(kernel, {&vector, &vector}, vector), "");
  EXPECT_NE(run_kernel(kernel, {&bytes, &bytes}, bytes), "");
}

}  // namespace
}  // namespace ferrule::cpu::test
