// sort, argsort, partition and argpartition along one axis: each fibre becomes keys, is ordered, and is written back.
#include <algorithm>

#include "axes.h"
#include "common/contract.h"
#include "kernel.h"
#include "parallel.h"
#include "sort/keys.h"
#include "sort/radix.h"

namespace ferrule::cpu {
namespace {

using namespace plugin;

constexpr int64_t kTaskWork = 8192;
constexpr int64_t kMoveGrain = 1 << 16;

struct Order {
  bool indices;  // write where elements come from rather than the elements
  int64_t kth;   // -1: a full sort
};

template <typename K>
struct KeyedIndex {
  K key;
  uint32_t index;
};

// Selection: linear time on average. Equal keys are told apart by their index, which keeps the result one and the same.
template <typename K>
void select_indices(SortSpace<K>& space, std::vector<KeyedIndex<K>>& pairs, int64_t n, int64_t kth) {
  const auto size = static_cast<size_t>(n);
  pairs.resize(size);
  space.indices.resize(size);
  for (size_t i = 0; i < size; ++i) pairs[i] = {space.keys[i], static_cast<uint32_t>(i)};
  std::nth_element(pairs.begin(), pairs.begin() + kth, pairs.end(),
                   [](const auto& a, const auto& b) { return a.key < b.key || (a.key == b.key && a.index < b.index); });
  for (size_t i = 0; i < size; ++i) space.indices[i] = pairs[i].index;
}

template <typename T>
void order_fibres(const Call& call, int32_t axis, const Order& order) {
  const Tensor& x = call.inputs[0];
  const Fibres fibres(x.shape, x.ndim, axis);
  const int64_t n = fibres.n, inner = fibres.inner;
  const T* from = x.as<const T>();
  parallel_for(fibres.outer * inner, std::max<int64_t>(1, kTaskWork / n), [&](int64_t begin, int64_t end) {
    using K = Key<T>;
    SortSpace<K> space;
    std::vector<KeyedIndex<K>> pairs;
    space.keys.resize(static_cast<size_t>(n));
    for (int64_t fibre = begin; fibre < end; ++fibre) {
      const int64_t start = fibre / inner * n * inner + fibre % inner;
      K* keys = space.keys.data();
      parallel_for(n, kMoveGrain, [&](int64_t first, int64_t last) {
        if (order.indices)
          for (int64_t i = first; i < last; ++i) keys[i] = encode<true>(from[start + i * inner]);
        else
          for (int64_t i = first; i < last; ++i) keys[i] = encode<false>(from[start + i * inner]);
      });

      if (order.kth >= 0 && order.indices)
        select_indices(space, pairs, n, order.kth);
      else if (order.kth >= 0)
        std::nth_element(keys, keys + order.kth, keys + n);
      else if (order.indices)
        sort_keys_with_indices(space, n);
      else
        sort_keys(space, n);

      keys = space.keys.data();  // sorting may swap the vectors
      parallel_for(n, kMoveGrain, [&](int64_t first, int64_t last) {
        if (order.indices)
          for (int64_t i = first; i < last; ++i)
            call.outputs[0].as<uint32_t>()[start + i * inner] = space.indices[static_cast<size_t>(i)];
        else
          for (int64_t i = first; i < last; ++i) call.outputs[0].as<T>()[start + i * inner] = decode<T>(keys[i]);
      });
    }
  });
}

void run_order(const Call& call, int32_t axis, const Order& order) {
  visit_real(call.inputs[0].dtype, [&](auto type) { order_fibres<decltype(type)>(call, axis, order); });
}

template <bool kIndices>
void run_sort(const Call& call) {
  run_order(call, call.attributes<frl_axis_attrs>().axis, {kIndices, -1});
}
template <bool kIndices>
void run_partition(const Call& call) {
  const auto& attrs = call.attributes<frl_partition_attrs>();
  run_order(call, attrs.axis, {kIndices, attrs.kth});
}

template <bool kIndices>
const char* query_sort(const frl_call& call, frl_requirements& out, std::span<char> reason) {
  if (const char* bad = check_sort(call, kIndices, reason)) return bad;
  return support(out, 1);
}
template <bool kIndices>
const char* query_partition(const frl_call& call, frl_requirements& out, std::span<char> reason) {
  if (const char* bad = check_partition(call, kIndices, reason)) return bad;
  return support(out, 1);
}

}  // namespace

std::span<const Kernel> sort_kernels() {
  static constexpr Kernel kKernels[] = {
      {"sort", 1, query_sort<false>, run_sort<false>},
      {"argsort", 1, query_sort<true>, run_sort<true>},
      {"partition", 1, query_partition<false>, run_partition<false>},
      {"argpartition", 1, query_partition<true>, run_partition<true>},
  };
  return kKernels;
}

}  // namespace ferrule::cpu
