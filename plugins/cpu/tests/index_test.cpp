// Indexing against element-by-element references, with indices that are negative, out of range and repeated.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "host_tensor.h"
#include "value.h"

namespace ferrule::cpu::testing {
namespace {

HostTensor integers(uint32_t dtype, Shape shape, const std::vector<int64_t>& values) {
  HostTensor t(dtype, std::move(shape));
  for (size_t i = 0; i < values.size(); ++i) t.set_int(static_cast<int64_t>(i), values[i]);
  return t;
}

HostTensor random_indices(uint32_t dtype, Shape shape, uint32_t seed, int64_t low, int64_t high) {
  HostTensor t(dtype, std::move(shape));
  std::mt19937 rng(seed);
  std::uniform_int_distribution<int64_t> draw(low, high);
  for (int64_t i = 0; i < t.size(); ++i) t.set_int(i, draw(rng));
  return t;
}

// Every index tuple of a shape in row-major order.
template <typename F>
void for_each_index(const Shape& shape, F f) {
  Shape index(shape.size(), 0);
  int64_t n = 1;
  for (const int64_t extent : shape) n *= extent;
  for (int64_t i = 0; i < n; ++i) {
    f(i, index);
    for (size_t a = shape.size(); a-- > 0;) {
      if (++index[a] < shape[a]) break;
      index[a] = 0;
    }
  }
}

int64_t resolve(int64_t index, int64_t extent, int64_t span) {
  return std::clamp<int64_t>(index < 0 ? index + extent : index, 0, extent - span);
}

void check_gather(const HostTensor& x, const std::vector<HostTensor>& indices, std::vector<int32_t> axes,
                  const Shape& slice) {
  frl_gather_attrs attrs{};
  attrs.n_axes = static_cast<uint32_t>(axes.size());
  std::copy(axes.begin(), axes.end(), attrs.axes);
  std::copy(slice.begin(), slice.end(), attrs.slice_sizes);
  Shape shape = indices.empty() ? Shape{} : indices[0].shape();
  const size_t rank = shape.size();
  shape.insert(shape.end(), slice.begin(), slice.end());
  HostTensor out(x.dtype(), shape);
  std::vector<HostTensor> inputs = {x};
  inputs.insert(inputs.end(), indices.begin(), indices.end());
  run_kernel("gather", inputs, {&out}, &attrs);
  for_each_index(shape, [&](int64_t o, const Shape& index) {
    const Shape tuple(index.begin(), index.begin() + static_cast<int64_t>(rank));
    Shape at(index.begin() + static_cast<int64_t>(rank), index.end());
    for (size_t k = 0; k < axes.size(); ++k) {
      const auto a = static_cast<size_t>(axes[k]);
      at[a] += resolve(indices[k].get_int(indices[k].flat(tuple)), x.shape()[a], slice[a]);
    }
    ASSERT_EQ(out.get_complex(o), x.get_complex(x.flat(at))) << "element " << o;
  });
}

class IndexDtype : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(All, IndexDtype, ::testing::ValuesIn(kAllDtypes),
                         [](const auto& info) { return std::string(dtype_name(info.param)); });

TEST_P(IndexDtype, GatherTakesRowsElementsAndWindows) {
  const HostTensor x = HostTensor(GetParam(), {11, 7, 5}).fill_random(1, -50, 50);
  const HostTensor i = random_indices(FRL_DTYPE_I32, {4, 3}, 2, -15, 15);
  const HostTensor j = random_indices(FRL_DTYPE_I32, {4, 3}, 3, -15, 15);
  check_gather(x, {i}, {0}, {1, 7, 5});
  check_gather(x, {i}, {1}, {11, 1, 5});
  check_gather(x, {i}, {2}, {11, 7, 1});
  check_gather(x, {i, j}, {0, 2}, {1, 1, 1});
  check_gather(x, {i, j}, {2, 0}, {3, 2, 4});
  check_gather(x, {}, {}, {11, 7, 5});
  check_gather(x.permuted({2, 0, 1}), {i}, {0}, {1, 11, 7});
  check_gather(x.strided(2, 3), {i, j}, {0, 1}, {2, 2, 5});
  check_gather(x.strided(0, -1), {i}, {1}, {11, 2, 5});
  check_gather(x, {i.permuted({1, 0})}, {0}, {1, 7, 5});
}

TEST(Gather, TakesEveryIntegerDtype) {
  const HostTensor x = HostTensor(FRL_DTYPE_F32, {100}).fill_random(1, -50, 50);
  for (uint32_t dtype = FRL_DTYPE_U8; dtype <= FRL_DTYPE_I64; ++dtype)
    check_gather(x, {random_indices(dtype, {40}, dtype, dtype >= FRL_DTYPE_I8 ? -120 : 0, 120)}, {0}, {1});
}

TEST(Gather, HugeIndicesAreClamped) {
  const HostTensor x = HostTensor(FRL_DTYPE_F32, {5}).fill_random(1, -50, 50);
  HostTensor out(FRL_DTYPE_F32, {2});
  frl_gather_attrs attrs{};
  attrs.n_axes = 1;
  attrs.slice_sizes[0] = 1;
  HostTensor two(FRL_DTYPE_F32, {2, 1});
  run_kernel("gather", {x, integers(FRL_DTYPE_U64, {2}, {-1, INT64_MIN})}, {&two}, &attrs);  // 2^64 - 1, 2^63
  EXPECT_EQ(two.get(0), x.get(4));
  EXPECT_EQ(two.get(1), x.get(4));
  run_kernel("gather", {x, integers(FRL_DTYPE_I64, {2}, {INT64_MIN, INT64_MAX})}, {&two}, &attrs);
  EXPECT_EQ(two.get(0), x.get(0));
  EXPECT_EQ(two.get(1), x.get(4));
}

TEST(Gather, LargeSlicesAndManyTuples) {
  const HostTensor x = HostTensor(FRL_DTYPE_F32, {3, 200, 333}).fill_random(1, -50, 50);
  check_gather(x, {integers(FRL_DTYPE_I32, {2}, {2, -3})}, {0}, {1, 200, 333});
  check_gather(x.permuted({0, 2, 1}), {integers(FRL_DTYPE_I32, {2}, {1, 0})}, {0}, {1, 333, 200});
  check_gather(x, {random_indices(FRL_DTYPE_I32, {700}, 1, 0, 199)}, {1}, {1, 1, 333});
}

TEST(Gather, RefusesAnEmptyAxis) {
  frl_gather_attrs attrs{};
  attrs.n_axes = 1;
  attrs.slice_sizes[0] = 1;
  HostTensor out(FRL_DTYPE_F32, {2, 1});
  EXPECT_NE(refusal("gather", {HostTensor(FRL_DTYPE_F32, {0}), integers(FRL_DTYPE_I32, {2}, {0, 0})}, {&out}, &attrs),
            "");
}

// ---- scatter

double combined(uint32_t mode, double a, double b) {
  switch (mode) {
    case FRL_SCATTER_SUM:
      return a + b;
    case FRL_SCATTER_PROD:
      return a * b;
    case FRL_SCATTER_MAX:
      return std::max(a, b);
    case FRL_SCATTER_MIN:
      return std::min(a, b);
    default:
      return b;
  }
}

void check_scatter(const HostTensor& x, const std::vector<HostTensor>& indices, std::vector<int32_t> axes,
                   const Shape& slice, uint32_t mode, uint32_t seed) {
  frl_scatter_attrs attrs{};
  attrs.mode = mode;
  attrs.n_axes = static_cast<uint32_t>(axes.size());
  std::copy(axes.begin(), axes.end(), attrs.axes);
  Shape shape = indices.empty() ? Shape{} : indices[0].shape();
  const size_t rank = shape.size();
  shape.insert(shape.end(), slice.begin(), slice.end());
  HostTensor updates = HostTensor(x.dtype(), shape);
  std::mt19937 rng(seed);
  for (int64_t i = 0; i < updates.size(); ++i) updates.set(i, static_cast<double>(rng() % 3));
  HostTensor out(x.dtype(), x.shape());
  std::vector<HostTensor> inputs = {x};
  inputs.insert(inputs.end(), indices.begin(), indices.end());
  inputs.push_back(updates);
  run_kernel("scatter", inputs, {&out}, &attrs);
  std::vector<double> expected(static_cast<size_t>(x.size()));
  for (int64_t i = 0; i < x.size(); ++i) expected[static_cast<size_t>(i)] = x.get(i);
  for_each_index(shape, [&](int64_t u, const Shape& index) {
    const Shape tuple(index.begin(), index.begin() + static_cast<int64_t>(rank));
    Shape at(index.begin() + static_cast<int64_t>(rank), index.end());
    for (size_t k = 0; k < axes.size(); ++k) {
      const auto a = static_cast<size_t>(axes[k]);
      int64_t position = indices[k].get_int(indices[k].flat(tuple));
      if (position < 0) position += x.shape()[a];
      if (position < 0 || position + slice[a] > x.shape()[a]) return;
      at[a] += position;
    }
    double& e = expected[static_cast<size_t>(x.flat(at))];
    e = combined(mode, e, updates.get(u));
    if (x.dtype() == FRL_DTYPE_BOOL) e = e != 0;
  });
  for (int64_t i = 0; i < x.size(); ++i)
    if (!is_float(x.dtype())) {
      HostTensor wrapped(x.dtype(), {1});
      wrapped.set_int(0, static_cast<int64_t>(std::fmod(expected[static_cast<size_t>(i)], 0x1p63)));
      ASSERT_EQ(out.get_int(i), wrapped.get_int(0)) << "mode " << mode << " at " << i;
    } else {
      ASSERT_EQ(out.get(i), expected[static_cast<size_t>(i)]) << "mode " << mode << " at " << i;
    }
}

TEST_P(IndexDtype, ScatterCombinesInEveryMode) {
  HostTensor x(GetParam(), {6, 5, 4});
  for (int64_t i = 0; i < x.size(); ++i) x.set(i, static_cast<double>(i % 3));
  const HostTensor i = random_indices(FRL_DTYPE_I64, {7}, 2, -8, 8);
  const HostTensor j = random_indices(FRL_DTYPE_I64, {7}, 3, -6, 6);
  for (uint32_t mode = FRL_SCATTER_ASSIGN; mode <= FRL_SCATTER_MIN; ++mode) {
    check_scatter(x, {i}, {0}, {1, 5, 4}, mode, 1);
    check_scatter(x, {i, j}, {0, 1}, {1, 1, 4}, mode, 2);
    check_scatter(x, {j, i}, {2, 0}, {2, 3, 1}, mode, 3);
    check_scatter(x, {}, {}, {6, 5, 4}, mode, 4);
    check_scatter(x.permuted({1, 2, 0}), {i}, {1}, {5, 1, 6}, mode, 5);
  }
}

TEST(Scatter, ManyRepeatedIndicesKeepTheirOrder) {
  const HostTensor small = HostTensor(FRL_DTYPE_I32, {17}).fill_random(1, -5, 5);
  check_scatter(small, {random_indices(FRL_DTYPE_I32, {60000}, 2, -20, 20)}, {0}, {1}, FRL_SCATTER_ASSIGN, 1);
  check_scatter(small, {random_indices(FRL_DTYPE_I32, {60000}, 2, -20, 20)}, {0}, {1}, FRL_SCATTER_SUM, 1);
  const HostTensor wide = HostTensor(FRL_DTYPE_I32, {9, 300}).fill_random(1, -5, 5);
  check_scatter(wide, {random_indices(FRL_DTYPE_I32, {400}, 2, -9, 9)}, {0}, {1, 300}, FRL_SCATTER_ASSIGN, 2);
  check_scatter(wide, {random_indices(FRL_DTYPE_I32, {40000}, 2, 0, 299)}, {1}, {9, 1}, FRL_SCATTER_SUM, 3);
}

// Outputs large enough for blocks of rows: rows and parts of rows, dropped and repeated updates, most updates in one row,
// and a result that goes past the caches.
TEST(Scatter, LargeOutputsEqualTheirUpdatesInOrder) {
  const HostTensor rows = HostTensor(FRL_DTYPE_I32, {5003, 61}).fill_random(1, -5, 5);
  const HostTensor at = random_indices(FRL_DTYPE_I32, {6000}, 2, -5100, 5100);
  for (const uint32_t mode : {FRL_SCATTER_ASSIGN, FRL_SCATTER_SUM, FRL_SCATTER_MAX}) {
    check_scatter(rows, {at}, {0}, {1, 61}, mode, 3);
    check_scatter(rows, {at, random_indices(FRL_DTYPE_I32, {6000}, 3, -70, 65)}, {0, 1}, {1, 7}, mode, 4);
    check_scatter(rows, {at, random_indices(FRL_DTYPE_I32, {6000}, 5, 0, 60)}, {0, 1}, {1, 1}, mode, 6);
    check_scatter(rows, {random_indices(FRL_DTYPE_I32, {6000}, 7, 100, 101)}, {0}, {1, 61}, mode, 8);
  }
  const HostTensor large = HostTensor(FRL_DTYPE_I64, {70001, 64}).fill_random(1, -5, 5);
  check_scatter(large, {random_indices(FRL_DTYPE_I32, {9000}, 9, -70001, 70000)}, {0}, {1, 64}, FRL_SCATTER_SUM, 10);
}

TEST(Scatter, NanTakesPartInMaxAndMin) {
  HostTensor x(FRL_DTYPE_F32, {2}), updates(FRL_DTYPE_F32, {2, 1}), out(FRL_DTYPE_F32, {2});
  x.set(0, 1);
  x.set(1, NAN);
  updates.set(0, NAN);
  updates.set(1, 2);
  for (const uint32_t mode : {FRL_SCATTER_MAX, FRL_SCATTER_MIN}) {
    frl_scatter_attrs attrs{};
    attrs.mode = mode;
    attrs.n_axes = 1;
    run_kernel("scatter", {x, integers(FRL_DTYPE_I32, {2}, {0, 1}), updates}, {&out}, &attrs);
    EXPECT_TRUE(std::isnan(out.get(0)) && std::isnan(out.get(1)));
  }
}

// ---- along an axis

TEST_P(IndexDtype, GatherAxisAndScatterAxisFollowTheirIndices) {
  const uint32_t dtype = GetParam();
  for (const int axis : {0, 1, 2}) {
    HostTensor x(dtype, {6, 5, 4});
    for (int64_t i = 0; i < x.size(); ++i) x.set(i, static_cast<double>(i % 5));
    Shape shape = x.shape();
    const auto a = static_cast<size_t>(axis);
    shape[a] = 9;
    const HostTensor indices = random_indices(FRL_DTYPE_I16, shape, 7, -9, 9);
    HostTensor out(dtype, shape);
    const frl_axis_attrs attrs{axis, 0};
    for (const HostTensor& layout : {x, x.strided(1, 2), x.strided(axis, -1)}) {
      run_kernel("gather_axis", {layout, indices}, {&out}, &attrs);
      for_each_index(shape, [&](int64_t o, Shape at) {
        at[a] = resolve(indices.get_int(o), x.shape()[a], 1);
        ASSERT_EQ(out.get_complex(o), x.get_complex(x.flat(at)));
      });
    }
    HostTensor updates(dtype, shape), scattered(dtype, x.shape());
    for (int64_t i = 0; i < updates.size(); ++i) updates.set(i, static_cast<double>(i * 7 % 3));
    for (const uint32_t mode : {FRL_SCATTER_ASSIGN, FRL_SCATTER_SUM}) {
      const frl_scatter_axis_attrs scatter{axis, mode};
      run_kernel("scatter_axis", {x, indices, updates.strided(0, -1)}, {&scattered}, &scatter);
      std::vector<double> expected(static_cast<size_t>(x.size()));
      for (int64_t i = 0; i < x.size(); ++i) expected[static_cast<size_t>(i)] = x.get(i);
      for_each_index(shape, [&](int64_t u, Shape at) {
        int64_t position = indices.get_int(u);
        if (position < 0) position += x.shape()[a];
        if (position < 0 || position >= x.shape()[a]) return;
        at[a] = position;
        double& e = expected[static_cast<size_t>(x.flat(at))];
        e = combined(mode, e, updates.get(u));
        if (dtype == FRL_DTYPE_BOOL) e = e != 0;
      });
      for (int64_t i = 0; i < x.size(); ++i) ASSERT_EQ(scattered.get(i), expected[static_cast<size_t>(i)]);
    }
  }
}

TEST(ScatterAxis, LongSingleAxisKeepsTheOrder) {
  const int64_t n = 100000;
  HostTensor x = HostTensor(FRL_DTYPE_I32, {50}).fill_random(1, -5, 5), out(FRL_DTYPE_I32, {50});
  const HostTensor indices = random_indices(FRL_DTYPE_I32, {n}, 7, -60, 60);
  HostTensor updates = random_indices(FRL_DTYPE_I32, {n}, 8, 0, 1000);
  const frl_scatter_axis_attrs attrs{0, FRL_SCATTER_ASSIGN};
  run_kernel("scatter_axis", {x, indices, updates}, {&out}, &attrs);
  std::vector<int64_t> expected;
  for (int64_t i = 0; i < 50; ++i) expected.push_back(x.get_int(i));
  for (int64_t i = 0; i < n; ++i) {
    const int64_t at = indices.get_int(i) < 0 ? indices.get_int(i) + 50 : indices.get_int(i);
    if (at >= 0 && at < 50) expected[static_cast<size_t>(at)] = updates.get_int(i);
  }
  for (int64_t i = 0; i < 50; ++i) EXPECT_EQ(out.get_int(i), expected[static_cast<size_t>(i)]);
}

TEST_P(IndexDtype, MaskedScatterTakesTheSourceInOrder) {
  const uint32_t dtype = GetParam();
  for (const int64_t n : {1, 130, 150000})
    for (const int64_t available : {n, n / 4}) {
      const HostTensor x = HostTensor(dtype, {n}).fill_random(1, 0, 100);
      const HostTensor mask = HostTensor(FRL_DTYPE_BOOL, {n}).fill_random(2, 0, 1);
      const HostTensor source = HostTensor(dtype, {available}).fill_random(3, 0, 100);
      HostTensor out(dtype, {n});
      run_kernel("masked_scatter", {x, mask, source}, {&out});
      int64_t next = 0;
      for (int64_t i = 0; i < n; ++i) {
        const bool taken = mask.get_int(i) != 0 && next < available;
        ASSERT_EQ(out.get_complex(i), taken ? source.get_complex(next) : x.get_complex(i)) << i;
        next += mask.get_int(i);
      }
    }
}

class SearchDtype : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(All, SearchDtype, ::testing::ValuesIn(kRealDtypes),
                         [](const auto& info) { return std::string(dtype_name(info.param)); });

TEST_P(SearchDtype, SearchsortedFindsBothSides) {
  const uint32_t dtype = GetParam();
  for (const int64_t n : {0, 1, 7, 64}) {
    HostTensor a(dtype, {n});
    for (int64_t i = 0; i < n; ++i) a.set(i, static_cast<double>(i / 3 * (dtype == FRL_DTYPE_BOOL ? 0 : 2)));
    if (n > 1 && dtype >= FRL_DTYPE_F16) a.set(n - 1, NAN);
    HostTensor v(dtype, {3, 20}), out(FRL_DTYPE_U32, {3, 20});
    for (int64_t i = 0; i < 60; ++i) v.set(i, static_cast<double>(i));
    if (dtype >= FRL_DTYPE_F16) v.set(59, NAN);
    const auto before = [](double p, double q) { return p < q || (std::isnan(q) && !std::isnan(p)); };
    for (const uint32_t right : {0u, 1u}) {
      const frl_searchsorted_attrs attrs{right, 0};
      run_kernel("searchsorted", {a, v}, {&out}, &attrs);
      for (int64_t i = 0; i < 60; ++i) {
        int64_t expected = 0;
        while (expected < n && (right ? !before(v.get(i), a.get(expected)) : before(a.get(expected), v.get(i))))
          ++expected;
        EXPECT_EQ(out.get_int(i), expected) << "n " << n << " right " << right << " value " << v.get(i);
      }
    }
  }
}

}  // namespace
}  // namespace ferrule::cpu::testing
