// Orderings against std::stable_sort on indices, over dtypes, axes and sizes from nothing to several tiles.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "host_tensor.h"
#include "value.h"

namespace ferrule::cpu::testing {
namespace {

class SortDtype : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(All, SortDtype, ::testing::ValuesIn(kRealDtypes),
                         [](const auto& info) { return std::string(dtype_name(info.param)); });

// NaN last; exact for 64-bit integers.
bool before(const HostTensor& x, int64_t i, int64_t j) {
  if (x.dtype() == FRL_DTYPE_U64) return static_cast<uint64_t>(x.get_int(i)) < static_cast<uint64_t>(x.get_int(j));
  if (!is_float(x.dtype())) return x.get_int(i) < x.get_int(j);
  return x.get(i) < x.get(j) || (std::isnan(x.get(j)) && !std::isnan(x.get(i)));
}

HostTensor sample(uint32_t dtype, const Shape& shape, uint32_t seed) {
  HostTensor x(dtype, shape);
  std::mt19937_64 rng(seed);
  for (int64_t i = 0; i < x.size(); ++i) {
    if (!is_float(dtype)) {
      x.set_int(i, static_cast<int64_t>(seed % 2 ? rng() : rng() % 7));
      continue;
    }
    const double specials[] = {NAN, -NAN, INFINITY, -INFINITY, 0.0, -0.0, 1e-40, -1e-310};
    const uint64_t draw = rng();
    x.set(i,
          draw % 16 < 8 && seed % 2 == 0 ? specials[draw % 8] : std::ldexp(static_cast<double>(draw >> 40) - 8e6, -12));
  }
  return x;
}

std::vector<std::vector<int64_t>> fibres(const Shape& shape, int axis) {
  int64_t inner = 1, outer = 1;
  const int64_t n = shape[static_cast<size_t>(axis)];
  for (size_t i = 0; i < shape.size(); ++i)
    (static_cast<int>(i) < axis ? outer : inner) *= static_cast<int>(i) == axis ? 1 : shape[i];
  std::vector<std::vector<int64_t>> all;
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t k = 0; k < inner; ++k) {
      all.emplace_back();
      for (int64_t i = 0; i < n; ++i) all.back().push_back(o * n * inner + i * inner + k);
    }
  return all;
}

const std::vector<std::pair<Shape, int>> kShapes = {
    {{1}, 0},      {{2}, 0},     {{47}, 0},    {{50}, 0},        {{300}, 0},  {{1000}, 0},
    {{150000}, 0}, {{9, 40}, 1}, {{40, 9}, 0}, {{3, 600, 4}, 1}, {{0, 3}, 1},
};

TEST_P(SortDtype, SortAndArgsortAreStableWithNanLast) {
  const uint32_t dtype = GetParam();
  for (const auto& [shape, axis] : kShapes)
    for (const uint32_t seed : {1u, 2u}) {
      if (shape.back() > 10000 && !takes_long_samples(dtype)) continue;
      const HostTensor x = sample(dtype, shape, seed);
      HostTensor sorted(dtype, shape), order(FRL_DTYPE_U32, shape);
      const frl_axis_attrs attrs{axis, 0};
      run_kernel("sort", {x}, {&sorted}, &attrs);
      run_kernel("argsort", {x}, {&order}, &attrs);
      for (const auto& fibre : fibres(shape, axis)) {
        std::vector<int64_t> expected(fibre.size());
        std::iota(expected.begin(), expected.end(), 0);
        const auto at = [&](int64_t i) { return fibre[static_cast<size_t>(i)]; };
        std::stable_sort(expected.begin(), expected.end(),
                         [&](int64_t i, int64_t j) { return before(x, at(i), at(j)); });
        for (size_t i = 0; i < fibre.size(); ++i) {
          ASSERT_EQ(order.get_int(fibre[i]), expected[i]) << "n " << fibre.size() << " seed " << seed;
          const double want = x.get(at(expected[i])), got = sorted.get(fibre[i]);
          ASSERT_TRUE(want == got || (std::isnan(want) && std::isnan(got))) << "n " << fibre.size();
          ASSERT_EQ(sorted.get_int(fibre[i]), x.get_int(at(expected[i])));
        }
      }
    }
}

TEST_P(SortDtype, PartitionPutsTheKthInPlace) {
  const uint32_t dtype = GetParam();
  for (const auto& [shape, axis] : kShapes)
    for (const double where : {0.0, 0.3, 1.0}) {
      if (shape.back() > 10000 && !takes_long_samples(dtype)) continue;
      const int64_t n = shape[static_cast<size_t>(axis)];
      const HostTensor x = sample(dtype, shape, 2);
      HostTensor parted(dtype, shape), order(FRL_DTYPE_U32, shape);
      const frl_partition_attrs attrs{axis, 0, static_cast<int64_t>(where * static_cast<double>(n - 1))};
      run_kernel("partition", {x}, {&parted}, &attrs);
      run_kernel("argpartition", {x}, {&order}, &attrs);
      const auto kth = static_cast<size_t>(attrs.kth);
      for (const auto& fibre : fibres(shape, axis)) {
        std::vector<int64_t> seen;
        for (const int64_t at : fibre) seen.push_back(order.get_int(at));
        for (size_t i = 0; i < fibre.size(); ++i) {
          const int64_t source = fibre[static_cast<size_t>(seen[i])];
          const int64_t pivot = fibre[static_cast<size_t>(seen[kth])];
          if (i < kth) {
            ASSERT_FALSE(before(parted, fibre[kth], fibre[i]));
            ASSERT_FALSE(before(x, pivot, source));
          } else {
            ASSERT_FALSE(before(parted, fibre[i], fibre[kth]));
            ASSERT_FALSE(before(x, source, pivot));
          }
        }
        std::sort(seen.begin(), seen.end());
        for (size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], static_cast<int64_t>(i));
        // The same multiset: sorting both gives the same values.
        std::vector<double> a, b;
        for (const int64_t at : fibre) {
          a.push_back(std::isnan(x.get(at)) ? INFINITY : x.get(at));
          b.push_back(std::isnan(parted.get(at)) ? INFINITY : parted.get(at));
        }
        std::sort(a.begin(), a.end());
        std::sort(b.begin(), b.end());
        ASSERT_EQ(a, b);
      }
    }
}

// Long enough for several rounds of counting digits: all keys equal, few that differ, and neighbours of one exponent.
TEST(Sort, LongPartitionsAreExactAtTheKth) {
  constexpr int64_t n = 150001;
  for (const int kind : {0, 1, 2, 3}) {
    HostTensor x(FRL_DTYPE_F32, {n}), parted(FRL_DTYPE_F32, {n}), order(FRL_DTYPE_U32, {n});
    std::vector<float> sorted(n);
    for (int64_t i = 0; i < n; ++i) {
      const int64_t mixed = i * 7919 % n;
      const float value = kind == 0   ? 2.5f
                          : kind == 1 ? static_cast<float>(mixed % 3)
                          : kind == 2 ? 1 + static_cast<float>(mixed) * 0x1p-23f
                                      : static_cast<float>(mixed - n / 2);
      x.set(i, value);
      sorted[static_cast<size_t>(i)] = value;
    }
    std::sort(sorted.begin(), sorted.end());
    for (const int64_t kth : {int64_t{0}, n / 3, n / 2, n - 1}) {
      const frl_partition_attrs attrs{0, 0, kth};
      run_kernel("partition", {x}, {&parted}, &attrs);
      run_kernel("argpartition", {x}, {&order}, &attrs);
      const double wanted = sorted[static_cast<size_t>(kth)];
      std::vector<float> values(n);
      std::vector<bool> seen(n, false);
      for (int64_t i = 0; i < n; ++i) {
        const double by_value = parted.get(i), by_index = x.get(order.get_int(i));
        for (const double v : {by_value, by_index}) {
          if (i < kth ? v > wanted : v < wanted)
            FAIL() << "kind " << kind << ", kth " << kth << ": " << v << " at " << i;
        }
        values[static_cast<size_t>(i)] = static_cast<float>(by_value);
        seen[static_cast<size_t>(order.get_int(i))] = true;
      }
      EXPECT_EQ(parted.get(kth), wanted);
      EXPECT_EQ(x.get(order.get_int(kth)), wanted);
      EXPECT_EQ(std::count(seen.begin(), seen.end(), true), n);
      std::sort(values.begin(), values.end());
      EXPECT_EQ(values, sorted);
    }
  }
}

TEST(Sort, KeepsTheSignsOfZeros) {
  HostTensor x(FRL_DTYPE_F32, {100}), y(FRL_DTYPE_F32, {100});
  for (int64_t i = 0; i < 100; ++i) x.set(i, i % 3 == 0 ? -0.0 : 0.0);
  const frl_axis_attrs attrs{0, 0};
  run_kernel("sort", {x}, {&y}, &attrs);
  int64_t negative = 0;
  for (int64_t i = 0; i < 100; ++i) negative += std::signbit(y.get(i));
  EXPECT_EQ(negative, 34);
}

TEST(Sort, RefusesAKthOutsideTheAxis) {
  HostTensor out(FRL_DTYPE_F32, {4});
  const frl_partition_attrs beyond{0, 0, 4}, negative{0, 0, -1};
  EXPECT_NE(refusal("partition", {HostTensor(FRL_DTYPE_F32, {4})}, {&out}, &beyond), "");
  EXPECT_NE(refusal("partition", {HostTensor(FRL_DTYPE_F32, {4})}, {&out}, &negative), "");
}

}  // namespace
}  // namespace ferrule::cpu::testing
