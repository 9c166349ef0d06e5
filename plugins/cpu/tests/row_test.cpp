// Softmax, logsumexp, the norms and their gradients against long double, judged by the bounds of docs/numerics.md.
#include <gtest/gtest.h>

#include <cmath>

#include "host_tensor.h"
#include "value.h"

namespace ferrule::cpu::testing {
namespace {

using Real = long double;

double accumulation_roundoff(uint32_t dtype) { return dtype == FRL_DTYPE_F64 ? 0x1p-53 : 0x1p-24; }
// One unit in the last place of the output dtype, subnormal spacing included.
double ulp(uint32_t dtype, Real value) {
  const double least = dtype == FRL_DTYPE_F16 ? 0x1p-24 : dtype == FRL_DTYPE_F64 ? 0x1p-1074 : 0x1p-133;
  return std::max(2 * unit_roundoff(dtype) * static_cast<double>(std::fabs(value)), least);
}

class RowDtype : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(All, RowDtype, ::testing::ValuesIn(kFloatDtypes),
                         [](const auto& info) { return std::string(dtype_name(info.param)); });

struct Fibre {
  int64_t start, step, n;
};
std::vector<Fibre> fibres(const Shape& shape, int axis) {
  int64_t inner = 1, outer = 1;
  for (size_t i = 0; i < shape.size(); ++i)
    (static_cast<int>(i) < axis ? outer : inner) *= static_cast<int>(i) == axis ? 1 : shape[i];
  const int64_t n = shape[static_cast<size_t>(axis)];
  std::vector<Fibre> all;
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i) all.push_back({o * n * inner + i, inner, n});
  return all;
}

TEST_P(RowDtype, SoftmaxAndLogsumexpStayWithinTheBound) {
  const uint32_t dtype = GetParam();
  const double u = accumulation_roundoff(dtype);
  for (const Shape& shape :
       std::vector<Shape>{{1}, {10}, {3, 17}, {64, 10}, {4, 1000}, {2, 5003}, {3, 50, 7}, {2, 300, 300}})
    for (int axis = 0; axis < static_cast<int>(shape.size()); ++axis)
      for (const double range : {1.0, 30.0, 600.0}) {
        const HostTensor x = HostTensor(dtype, shape).fill_random(3, -range, range);
        Shape one = shape;
        one[static_cast<size_t>(axis)] = 1;
        HostTensor y(dtype, shape), l(dtype, one);
        const frl_softmax_attrs softmax{axis, 1};
        const frl_axis_attrs logsumexp{axis, 0};
        run_kernel("softmax", {x}, {&y}, &softmax);
        run_kernel("logsumexp", {x}, {&l}, &logsumexp);
        int64_t row = 0;
        for (const Fibre& f : fibres(shape, axis)) {
          Real max = -INFINITY, sum = 0;
          for (int64_t i = 0; i < f.n; ++i) max = std::max<Real>(max, x.get(f.start + i * f.step));
          for (int64_t i = 0; i < f.n; ++i) sum += std::exp(x.get(f.start + i * f.step) - max);
          const double k = std::max(8.0, std::sqrt(static_cast<double>(f.n)));
          for (int64_t i = 0; i < f.n; ++i) {
            const int64_t at = f.start + i * f.step;
            const Real expected = std::exp(x.get(at) - max) / sum;
            const double distance = static_cast<double>(std::fabs(x.get(at) - max));
            ASSERT_LE(std::fabs(y.get(at) - expected), expected * u * (distance + k + 16) + ulp(dtype, expected))
                << "axis " << axis << " n " << f.n << " at " << at;
          }
          const Real expected = max + std::log(sum);
          ASSERT_LE(std::fabs(l.get(row) - expected),
                    u * static_cast<double>(std::fabs(max) + std::fabs(expected) + k + 16) + ulp(dtype, expected));
          ++row;
        }
      }
}

TEST_P(RowDtype, SoftmaxOfSpecialRowsIsDefined) {
  const uint32_t dtype = GetParam();
  for (const int64_t n : {3, 40})
    for (const bool columns : {false, true}) {
      HostTensor x = HostTensor(dtype, {5, n}).fill_random(1, -2, 2);
      x.set(1 * n + 1, NAN);
      x.set(2 * n + 1, INFINITY);
      for (int64_t i = 0; i < n; ++i) x.set(3 * n + i, -INFINITY);
      x.set(4 * n + 2, -INFINITY);
      const int axis = columns ? 0 : 1;
      HostTensor turned(dtype, columns ? Shape{n, 5} : Shape{5, n});
      for (int64_t r = 0; r < 5; ++r)
        for (int64_t i = 0; i < n; ++i) turned.set(columns ? i * 5 + r : r * n + i, x.get(r * n + i));
      HostTensor y(dtype, turned.shape()), l(dtype, columns ? Shape{1, 5} : Shape{5, 1});
      const frl_softmax_attrs softmax{axis, 0};
      const frl_axis_attrs logsumexp{axis, 0};
      run_kernel("softmax", {turned}, {&y}, &softmax);
      run_kernel("logsumexp", {turned}, {&l}, &logsumexp);
      const auto at = [&](int64_t r, int64_t i) { return y.get(columns ? i * 5 + r : r * n + i); };
      for (int64_t i = 0; i < n; ++i) {
        EXPECT_FALSE(std::isnan(at(0, i)));
        EXPECT_TRUE(std::isnan(at(1, i)) && std::isnan(at(2, i)) && std::isnan(at(3, i)));
        EXPECT_FALSE(std::isnan(at(4, i)));
      }
      EXPECT_EQ(at(4, 2), 0);
      EXPECT_FALSE(std::signbit(at(4, 2)));
      EXPECT_TRUE(std::isnan(l.get(1)));
      EXPECT_EQ(l.get(2), INFINITY);
      EXPECT_EQ(l.get(3), -INFINITY);
      EXPECT_TRUE(std::isfinite(l.get(4)));
    }
}

TEST(Row, LogsumexpOfAnEmptyAxisIsMinusInfinity) {
  HostTensor rows(FRL_DTYPE_F32, {2, 1}), columns(FRL_DTYPE_F32, {1, 3});
  const frl_axis_attrs last{1, 0}, first{0, 0};
  run_kernel("logsumexp", {HostTensor(FRL_DTYPE_F32, {2, 0})}, {&rows}, &last);
  run_kernel("logsumexp", {HostTensor(FRL_DTYPE_F32, {0, 3})}, {&columns}, &first);
  EXPECT_EQ(rows.get(1), -INFINITY);
  EXPECT_EQ(columns.get(2), -INFINITY);
}

// Mean (0 unless centred) and 1 / sqrt(var + eps) of a row.
std::pair<Real, Real> statistics(const HostTensor& x, int64_t row, int64_t n, float eps, bool centred) {
  Real mean = 0, square = 0;
  if (centred)
    for (int64_t i = 0; i < n; ++i) mean += x.get(row * n + i) / static_cast<Real>(n);
  for (int64_t i = 0; i < n; ++i) square += (x.get(row * n + i) - mean) * (x.get(row * n + i) - mean);
  return {mean, 1 / std::sqrt(square / static_cast<Real>(n) + static_cast<Real>(eps))};
}

constexpr std::pair<int64_t, int64_t> kNormShapes[] = {{1, 1}, {3, 17}, {40, 64}, {5, 1001}, {300, 30}};

TEST_P(RowDtype, NormsStayWithinTheBound) {
  const uint32_t dtype = GetParam();
  const double u = accumulation_roundoff(dtype);
  for (const auto& [rows, n] : kNormShapes)
    for (const int parameters : {0, 1, 2}) {
      const HostTensor x = HostTensor(dtype, {rows, n}).fill_random(3, -1, 5);
      const HostTensor w = HostTensor(parameters > 0 ? dtype : FRL_NONE, {n}).fill_random(4, -2, 2);
      const HostTensor b = HostTensor(parameters > 1 ? dtype : FRL_NONE, {n}).fill_random(5, -2, 2);
      HostTensor rms(dtype, x.shape()), layer(dtype, x.shape());
      const frl_norm_attrs attrs{1e-5f, 0};
      run_kernel("rms_norm", {x, w}, {&rms}, &attrs);
      run_kernel("layer_norm", {x, w, b}, {&layer}, &attrs);
      const double k = std::max(8.0, std::sqrt(static_cast<double>(n)));
      for (int64_t i = 0; i < x.size(); ++i) {
        const Real weight = parameters > 0 ? w.get(i % n) : 1, bias = parameters > 1 ? b.get(i % n) : 0;
        const auto [zero, r] = statistics(x, i / n, n, attrs.eps, false);
        const Real y = x.get(i) * r * weight;
        ASSERT_LE(std::fabs(rms.get(i) - y), u * (k + 8) * static_cast<double>(std::fabs(y)) + ulp(dtype, y));
        const auto [mean, s] = statistics(x, i / n, n, attrs.eps, true);
        const Real z = (x.get(i) - mean) * s * weight + bias;
        const double delta = k * u * 5;
        const double scale = static_cast<double>(std::fabs(weight) * s);
        ASSERT_LE(std::fabs(layer.get(i) - z),
                  scale * (delta + u * (k + 8) * static_cast<double>(std::fabs(x.get(i) - mean))) +
                      u * 8 * static_cast<double>(std::fabs(bias)) + ulp(dtype, z))
            << rows << "x" << n << " at " << i;
      }
    }
}

TEST_P(RowDtype, NormGradientsMatchTheFormula) {
  const uint32_t dtype = GetParam();
  const double u = accumulation_roundoff(dtype);
  for (const auto& shape : kNormShapes)
    for (const bool weighted : {false, true})
      for (const bool centred : {false, true}) {
        const int64_t rows = shape.first, n = shape.second;
        const HostTensor x = HostTensor(dtype, {rows, n}).fill_random(3, -3, 3);
        const HostTensor g = HostTensor(dtype, {rows, n}).fill_random(6, -1, 1);
        const HostTensor w = HostTensor(weighted ? dtype : FRL_NONE, {n}).fill_random(4, -2, 2);
        const HostTensor none(FRL_NONE, {n});
        HostTensor gx(dtype, x.shape()), gw(dtype, {n}), gb(dtype, {n});
        const frl_norm_attrs attrs{1e-3f, 0};
        if (centred)
          run_kernel("layer_norm_vjp", {x, w, none, g}, {&gx, &gw, &gb}, &attrs);
        else
          run_kernel("rms_norm_vjp", {x, w, g}, {&gx, &gw}, &attrs);
        std::vector<Real> weight_sum(static_cast<size_t>(n)), bias_sum(weight_sum), weight_size(weight_sum),
            bias_size(weight_sum);
        const double slack = u * (std::max(8.0, std::sqrt(static_cast<double>(n))) + 24) * 4;
        for (int64_t r = 0; r < rows; ++r) {
          const auto row = statistics(x, r, n, attrs.eps, centred);
          const Real mean = row.first, s = row.second;
          Real mean_p = 0, mean_ph = 0, size = 0;
          const auto p = [&](int64_t i) { return g.get(r * n + i) * (weighted ? w.get(i) : Real{1}); };
          const auto h = [&](int64_t i) { return (x.get(r * n + i) - mean) * s; };
          for (int64_t i = 0; i < n; ++i) {
            if (centred) mean_p += p(i) / static_cast<Real>(n);
            mean_ph += p(i) * h(i) / static_cast<Real>(n);
            size += (std::fabs(p(i)) + std::fabs(p(i) * h(i))) / static_cast<Real>(n);
          }
          for (int64_t i = 0; i < n; ++i) {
            const Real expected = s * (p(i) - mean_p - h(i) * mean_ph);
            const Real terms = s * (std::fabs(p(i)) + size * (1 + std::fabs(h(i))) * (1 + s));
            ASSERT_LE(std::fabs(gx.get(r * n + i) - expected),
                      slack * static_cast<double>(terms) + ulp(dtype, expected));
            const auto at = static_cast<size_t>(i);
            weight_sum[at] += g.get(r * n + i) * h(i);
            weight_size[at] += std::fabs(g.get(r * n + i)) * (std::fabs(h(i)) + s * 4);
            bias_sum[at] += g.get(r * n + i);
            bias_size[at] += std::fabs(g.get(r * n + i));
          }
        }
        for (int64_t i = 0; i < n; ++i) {
          const auto at = static_cast<size_t>(i);
          ASSERT_LE(std::fabs(gw.get(i) - weight_sum[at]),
                    slack * static_cast<double>(weight_size[at]) + ulp(dtype, weight_sum[at]));
          if (centred) {
            ASSERT_LE(std::fabs(gb.get(i) - bias_sum[at]),
                      slack * static_cast<double>(bias_size[at]) + ulp(dtype, bias_sum[at]));
          }
        }
      }
}

TEST(Row, ParameterGradientsOfNoRowsAreZero) {
  const HostTensor empty(FRL_DTYPE_F32, {0, 4});
  HostTensor gx(FRL_DTYPE_F32, {0, 4}), gw(FRL_DTYPE_F32, {4}), gb(FRL_DTYPE_F32, {4});
  const HostTensor none(FRL_NONE, {4});
  const frl_norm_attrs attrs{1e-5f, 0};
  run_kernel("layer_norm_vjp", {empty, none, none, empty}, {&gx, &gw, &gb}, &attrs);
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(gw.get(i), 0);
    EXPECT_EQ(gb.get(i), 0);
  }
}

TEST(Row, NanSpreadsOverItsRowOnly) {
  HostTensor x = HostTensor(FRL_DTYPE_F32, {3, 20}).fill_random(1, -2, 2), y(FRL_DTYPE_F32, {3, 20});
  x.set(25, NAN);
  const frl_norm_attrs attrs{1e-5f, 0};
  run_kernel("layer_norm", {x}, {&y}, &attrs);
  for (int64_t i = 0; i < 60; ++i) EXPECT_EQ(std::isnan(y.get(i)), i / 20 == 1);
}

}  // namespace
}  // namespace ferrule::cpu::testing
