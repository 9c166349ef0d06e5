// sort, argsort, partition and argpartition along one axis: each fibre becomes keys, is ordered, and is written back.
#include <algorithm>
#include <memory>

#include "axes.h"
#include "common/contract.h"
#include "kernel.h"
#include "parallel.h"
#include "sort/keys.h"
#include "sort/radix.h"
#include "sort/select.h"

namespace ferrule::cpu {
namespace {

using namespace plugin;

constexpr int64_t kTaskWork = 8192;
constexpr int64_t kMoveGrain = 1 << 16;

struct Order {
  bool indices;  // write where elements come from rather than the elements
  int64_t kth;   // -1: a full sort
};

template <typename T>
void order_fibres(const Call& call, int32_t axis, const Order& order) {
  const Tensor& x = call.inputs[0];
  const Fibres fibres(x.shape, x.ndim, axis);
  const int64_t n = fibres.n, inner = fibres.inner;
  const T* from = x.as<const T>();
  parallel_for(fibres.outer * inner, std::max<int64_t>(1, kTaskWork / n), [&](int64_t begin, int64_t end) {
    using K = Key<T>;
    const size_t bytes = SortSpace<K>::bytes(n, order.indices);
    std::unique_ptr<std::byte[]> own;
    if (call.scratch_bytes < bytes) own = std::make_unique_for_overwrite<std::byte[]>(bytes);
    for (int64_t fibre = begin; fibre < end; ++fibre) {
      const int64_t start = fibre / inner * n * inner + fibre % inner;
      SortSpace<K> space(own != nullptr ? own.get() : call.scratch, n, order.indices);
      K* keys = space.keys;
      parallel_for(n, kMoveGrain, [&](int64_t first, int64_t last) {
        if (order.indices)
          for (int64_t i = first; i < last; ++i) keys[i] = encode<true>(from[start + i * inner]);
        else
          for (int64_t i = first; i < last; ++i) keys[i] = encode<false>(from[start + i * inner]);
      });

      if (order.kth >= 0 && order.indices)
        select_keys_with_indices(space, n, order.kth);
      else if (order.kth >= 0)
        select_keys(space, n, order.kth);
      else if (order.indices)
        sort_keys_with_indices(space, n);
      else
        sort_keys(space, n);

      keys = space.keys;  // sorting may swap the arrays
      parallel_for(n, kMoveGrain, [&](int64_t first, int64_t last) {
        if (order.indices)
          for (int64_t i = first; i < last; ++i) call.outputs[0].as<uint32_t>()[start + i * inner] = space.indices[i];
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

// Scratch for the arrays of one fibre; where there are several, each task has its own.
const char* answer(const frl_call& call, int32_t axis, bool indices, frl_requirements& out) {
  const frl_tensor& x = call.inputs[0];
  const int64_t n = x.shape[axis];
  if (element_count(x) == n) out.scratch_bytes = SortSpace<uint32_t>::bytes(n, item_size(x.dtype), indices);
  return support(out, 1);
}

template <bool kIndices>
const char* query_sort(const frl_call& call, frl_requirements& out, std::span<char> reason) {
  if (const char* bad = check_sort(call, kIndices, reason)) return bad;
  return answer(call, static_cast<const frl_axis_attrs*>(call.attrs)->axis, kIndices, out);
}
template <bool kIndices>
const char* query_partition(const frl_call& call, frl_requirements& out, std::span<char> reason) {
  if (const char* bad = check_partition(call, kIndices, reason)) return bad;
  return answer(call, static_cast<const frl_partition_attrs*>(call.attrs)->axis, kIndices, out);
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
