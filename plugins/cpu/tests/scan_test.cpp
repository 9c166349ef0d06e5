// Scans against a step-by-step reference in long double (integers: modulo 2^64), on rows, columns and long rows.
#include <gtest/gtest.h>

#include <cmath>

#include "host_tensor.h"
#include "value.h"

namespace ferrule::cpu::testing {
namespace {

using Real = long double;

class ScanDtype : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(All, ScanDtype, ::testing::ValuesIn(kRealDtypes),
                         [](const auto& info) { return std::string(dtype_name(info.param)); });
class FloatScanDtype : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(All, FloatScanDtype, ::testing::ValuesIn(kFloatDtypes),
                         [](const auto& info) { return std::string(dtype_name(info.param)); });

const std::vector<std::pair<Shape, int>> kShapes = {
    {{1}, 0},        {{5}, 0},        {{16}, 0},        {{1000}, 0},   {{7, 33}, 1}, {{40, 515}, 1}, {{33, 7}, 0},
    {{130, 300}, 0}, {{3, 50, 6}, 1}, {{2, 140000}, 1}, {{64, 16}, 1}, {{0, 4}, 1},  {{200, 1}, 0},
};

// Calls f(position of the element, position of the one before it in scan order or -1) fibre by fibre.
template <typename F>
void for_each_step(const Shape& shape, int axis, bool reverse, F f) {
  int64_t inner = 1, outer = 1;
  const int64_t n = shape[static_cast<size_t>(axis)];
  for (size_t i = 0; i < shape.size(); ++i)
    (static_cast<int>(i) < axis ? outer : inner) *= static_cast<int>(i) == axis ? 1 : shape[i];
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t k = 0; k < inner; ++k)
      for (int64_t i = 0; i < n; ++i) {
        const int64_t at = o * n * inner + (reverse ? n - 1 - i : i) * inner + k;
        f(at, i == 0 ? -1 : reverse ? at + inner : at - inner, i);
      }
}

struct Mode {
  uint16_t reverse, exclusive;
};
constexpr Mode kModes[] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};

TEST_P(ScanDtype, CumsumFollowsTheReference) {
  const uint32_t dtype = GetParam();
  for (const auto& [shape, axis] : kShapes)
    for (const Mode mode : kModes) {
      if (shape.back() > 10000 && !takes_long_samples(dtype)) continue;
      const HostTensor x = HostTensor(dtype, shape).fill_random(1, -9, 9);
      HostTensor y(dtype, shape);
      const frl_scan_attrs attrs{axis, mode.reverse, mode.exclusive};
      run_kernel("cumsum", {x}, {&y}, &attrs);
      Real sum = 0, magnitude = 0;
      uint64_t exact = 0;
      for_each_step(shape, axis, mode.reverse, [&](int64_t at, int64_t before, int64_t step) {
        if (before < 0) sum = magnitude = 0, exact = 0;
        const auto take = [&] {
          sum += x.get(at);
          magnitude += std::fabs(x.get(at));
          exact += static_cast<uint64_t>(x.get_int(at));
        };
        if (!mode.exclusive) take();
        if (is_float(dtype)) {
          const double u = dtype == FRL_DTYPE_F64 ? 0x1p-53 : 0x1p-24;
          const double k = std::max(8.0, std::sqrt(static_cast<double>(step)));
          ASSERT_LE(std::fabs(y.get(at) - sum), k * u * static_cast<double>(magnitude) +
                                                    2 * unit_roundoff(dtype) * static_cast<double>(std::fabs(sum)) +
                                                    1e-40)
              << "at " << at;
        } else {
          HostTensor expected(dtype, {1});
          expected.set_int(0, static_cast<int64_t>(dtype == FRL_DTYPE_BOOL ? exact != 0 : exact));
          ASSERT_EQ(y.get_int(at), expected.get_int(0)) << "at " << at;
        }
        if (mode.exclusive) take();
      });
    }
}

TEST_P(ScanDtype, CumprodFollowsTheReference) {
  const uint32_t dtype = GetParam();
  const bool floating = is_float(dtype);
  for (const auto& [shape, axis] : kShapes)
    for (const Mode mode : kModes) {
      if (shape.back() > 10000 && !takes_long_samples(dtype)) continue;
      const HostTensor x = HostTensor(dtype, shape).fill_random(1, floating ? -1.05 : -9, floating ? 1.05 : 9);
      HostTensor y(dtype, shape);
      const frl_scan_attrs attrs{axis, mode.reverse, mode.exclusive};
      run_kernel("cumprod", {x}, {&y}, &attrs);
      Real product = 1;
      uint64_t exact = 1;
      for_each_step(shape, axis, mode.reverse, [&](int64_t at, int64_t before, int64_t step) {
        if (before < 0) product = 1, exact = 1;
        const auto take = [&] {
          product *= x.get(at);
          exact *= static_cast<uint64_t>(x.get_int(at));
        };
        if (!mode.exclusive) take();
        if (floating) {
          const double u = dtype == FRL_DTYPE_F64 ? 0x1p-53 : 0x1p-24;
          const double least = dtype == FRL_DTYPE_F64 ? 0x1p-1021 : dtype == FRL_DTYPE_F16 ? 0x1p-23 : 0x1p-125;
          ASSERT_LE(
              std::fabs(y.get(at) - product),
              std::fabs(product) * (u * std::max<double>(8, static_cast<double>(step)) + 2 * unit_roundoff(dtype)) +
                  least);
        } else {
          HostTensor expected(dtype, {1});
          expected.set_int(0, static_cast<int64_t>(exact));
          ASSERT_EQ(y.get_int(at), expected.get_int(0)) << "at " << at;
        }
        if (mode.exclusive) take();
      });
    }
}

TEST_P(ScanDtype, CummaxAndCumminAreExact) {
  const uint32_t dtype = GetParam();
  for (const auto& [shape, axis] : kShapes)
    for (const Mode mode : kModes)
      for (const bool max : {true, false}) {
        if (shape.back() > 10000 && !takes_long_samples(dtype)) continue;
        const HostTensor x = HostTensor(dtype, shape).fill_random(1, -100, 100);
        HostTensor y(dtype, shape);
        const frl_scan_attrs attrs{axis, mode.reverse, mode.exclusive};
        run_kernel(max ? "cummax" : "cummin", {x}, {&y}, &attrs);
        double best = 0;
        for_each_step(shape, axis, mode.reverse, [&](int64_t at, int64_t before, int64_t) {
          const double now = x.get(at);
          if (!mode.exclusive) {
            best = before < 0 ? now : max ? std::max(best, now) : std::min(best, now);
            ASSERT_EQ(y.get(at), best) << at;
          } else {
            if (before >= 0) {
              ASSERT_EQ(y.get(at), best) << at;
            }
            best = before < 0 ? now : max ? std::max(best, now) : std::min(best, now);
          }
        });
      }
}

TEST(Scan, ExclusiveStartsWithTheIdentity) {
  const frl_scan_attrs attrs{0, 0, 1};
  HostTensor x = HostTensor(FRL_DTYPE_F32, {3}).fill_random(1, 1, 2), y(FRL_DTYPE_F32, {3});
  HostTensor i = HostTensor(FRL_DTYPE_I16, {3}).fill_random(1, 1, 9), j(FRL_DTYPE_I16, {3});
  run_kernel("cumsum", {x}, {&y}, &attrs);
  EXPECT_EQ(y.get(0), 0);
  run_kernel("cumprod", {x}, {&y}, &attrs);
  EXPECT_EQ(y.get(0), 1);
  run_kernel("cummax", {x}, {&y}, &attrs);
  EXPECT_EQ(y.get(0), -INFINITY);
  run_kernel("cummin", {x}, {&y}, &attrs);
  EXPECT_EQ(y.get(0), INFINITY);
  run_kernel("logcumsumexp", {x}, {&y}, &attrs);
  EXPECT_EQ(y.get(0), -INFINITY);
  run_kernel("cummax", {i}, {&j}, &attrs);
  EXPECT_EQ(j.get(0), -32768);
  run_kernel("cummin", {i}, {&j}, &attrs);
  EXPECT_EQ(j.get(0), 32767);
}

TEST(Scan, NanStaysFromWhereItFirstOccurs) {
  for (const Shape& shape : std::vector<Shape>{{200}, {200, 3}})
    for (const char* name : {"cumsum", "cumprod", "cummax", "cummin", "logcumsumexp"}) {
      const int64_t inner = shape.size() == 2 ? 3 : 1;
      HostTensor x = HostTensor(FRL_DTYPE_F32, shape).fill_random(1, 0.5, 1.5), y(FRL_DTYPE_F32, shape);
      x.set(77 * inner, NAN);
      const frl_scan_attrs attrs{0, 0, 0};
      run_kernel(name, {x}, {&y}, &attrs);
      for (int64_t i = 0; i < 200; ++i) EXPECT_EQ(std::isnan(y.get(i * inner)), i >= 77) << name << " " << i;
    }
}

TEST_P(FloatScanDtype, LogcumsumexpFollowsTheReference) {
  const uint32_t dtype = GetParam();
  const double u = dtype == FRL_DTYPE_F64 ? 0x1p-53 : 0x1p-24;
  for (const auto& [shape, axis] : kShapes)
    for (const Mode mode : kModes) {
      if (shape.back() > 10000) continue;
      const HostTensor x = HostTensor(dtype, shape).fill_random(1, -40, 90);
      HostTensor y(dtype, shape);
      const frl_scan_attrs attrs{axis, mode.reverse, mode.exclusive};
      run_kernel("logcumsumexp", {x}, {&y}, &attrs);
      Real sum = 0, max = 0;
      for_each_step(shape, axis, mode.reverse, [&](int64_t at, int64_t before, int64_t step) {
        if (before < 0) sum = 0, max = -INFINITY;
        const auto take = [&] {
          sum += std::exp(static_cast<Real>(x.get(at)));
          max = std::max<Real>(max, x.get(at));
        };
        if (!mode.exclusive) take();
        if (sum > 0) {
          const Real expected = std::log(sum);
          const double k = std::max(8.0, std::sqrt(static_cast<double>(step)));
          ASSERT_LE(std::fabs(y.get(at) - expected),
                    u * static_cast<double>(std::fabs(max) + std::fabs(expected) + k + 16) +
                        2 * unit_roundoff(dtype) * static_cast<double>(std::fabs(expected)));
        }
        if (mode.exclusive) take();
      });
    }
}

TEST(Scan, LogcumsumexpOfInfinitiesIsDefined) {
  HostTensor x(FRL_DTYPE_F32, {6}), y(FRL_DTYPE_F32, {6});
  const double values[] = {-INFINITY, -INFINITY, 1, INFINITY, -INFINITY, 2};
  for (int64_t i = 0; i < 6; ++i) x.set(i, values[i]);
  const frl_scan_attrs attrs{0, 0, 0};
  run_kernel("logcumsumexp", {x}, {&y}, &attrs);
  EXPECT_EQ(y.get(1), -INFINITY);
  EXPECT_EQ(y.get(2), 1);
  for (int64_t i = 3; i < 6; ++i) EXPECT_EQ(y.get(i), INFINITY);
}

TEST(Scan, ComplexSumsAndProducts) {
  const HostTensor x = HostTensor(FRL_DTYPE_C64, {4, 50}).fill_random(1, -1, 1);
  for (const int axis : {0, 1})
    for (const bool product : {false, true}) {
      HostTensor y(FRL_DTYPE_C64, x.shape());
      const frl_scan_attrs attrs{axis, 0, 0};
      run_kernel(product ? "cumprod" : "cumsum", {x}, {&y}, &attrs);
      std::complex<double> value;
      for_each_step(x.shape(), axis, false, [&](int64_t at, int64_t before, int64_t) {
        if (before < 0) value = product ? 1 : 0;
        value = product ? value * x.get_complex(at) : value + x.get_complex(at);
        ASSERT_LE(std::abs(y.get_complex(at) - value), 1e-5 * std::max(1.0, std::abs(value)));
      });
    }
}

}  // namespace
}  // namespace ferrule::cpu::testing
