// The two kernels of every function of up to three operands: `vectors` where all operands go by whole vectors or repeat
// one element along the innermost dimension, `singles` for any strides. A function F has
// `static R apply(A...)` on storage types. Launched by kernels/elementwise/launch.h.
#pragma once

#include "device/gpu.h"
#include "device/index.h"
#include "functors/types.h"
#include "kernels/elementwise/launch.h"
#include "kernels/tuning.h"

namespace ferrule::gpu::elementwise {

template <uint32_t V, typename... A>
struct Lanes {};
template <uint32_t V, typename A, typename... Rest>
struct Lanes<V, A, Rest...> {
  Vec<A, V> head;
  Lanes<V, Rest...> tail;
};

template <typename T>
GPU_DEVICE T from_value(uint64_t value) {
  union {
    uint64_t word;
    T element;
  } u;
  u.word = value;
  return u.element;
}

// The vector of operand K at `offset`; `count` < V elements of it exist at a tensor's end.
template <uint32_t K, uint32_t V, typename A, uint32_t N>
GPU_DEVICE void load_lanes(const Operands<N>& args, int64_t offset, uint32_t count, Vec<A, V>& out) {
  const A* from = static_cast<const A*>(args.in[K]) + offset;
  if ((args.repeated >> K) & 1u) {
    const A element = (args.inlined >> K) & 1u ? from_value<A>(args.value[K]) : *from;
    GPU_UNROLL
    for (uint32_t e = 0; e < V; ++e) out[e] = element;
  } else if (count == V) {
    out = load_wide<Vec<A, V>>(from);
  } else {
    GPU_UNROLL
    for (uint32_t e = 0; e < V; ++e) {
      if (e < count) out[e] = from[e];
    }
  }
}

template <uint32_t K, uint32_t V, uint32_t N, typename A, typename... Rest>
GPU_DEVICE void load_all(const Operands<N>& args, const int64_t* offsets, uint32_t count, Lanes<V, A, Rest...>& lanes) {
  load_lanes<K, V>(args, offsets[K], count, lanes.head);
  if constexpr (sizeof...(Rest) > 0) load_all<K + 1>(args, offsets, count, lanes.tail);
}

template <typename F, uint32_t V, typename... Done>
GPU_DEVICE auto apply_lane(uint32_t, const Lanes<V>&, Done... done) {
  return F::apply(done...);
}
template <typename F, uint32_t V, typename A, typename... Rest, typename... Done>
GPU_DEVICE auto apply_lane(uint32_t e, const Lanes<V, A, Rest...>& lanes, Done... done) {
  return apply_lane<F>(e, lanes.tail, done..., lanes.head[e]);
}

template <typename F, uint32_t V, uint32_t U, typename R, typename... A>
GPU_KERNEL GPU_LAUNCH_BOUNDS(tuning::kElementwiseThreads)
    vectors(Operands<sizeof...(A)> args, Layout32<sizeof...(A) + 1> layout) {
  begin_kernel();
  constexpr uint32_t N = sizeof...(A);
  const uint32_t first = block_x() * (tuning::kElementwiseThreads * U) + thread_x();
  Lanes<V, A...> lanes[U];
  int64_t to[U];
  GPU_UNROLL
  for (uint32_t u = 0; u < U; ++u) {
    const uint32_t i = first + u * tuning::kElementwiseThreads;
    if (i >= args.count) continue;
    int64_t offsets[N + 1];
    layout.offsets(i, offsets);
    load_all<0>(args, offsets, i + 1 == args.count ? args.last : V, lanes[u]);
    to[u] = offsets[N];
  }
  GPU_UNROLL
  for (uint32_t u = 0; u < U; ++u) {
    const uint32_t i = first + u * tuning::kElementwiseThreads;
    if (i >= args.count) continue;
    Vec<R, V> result;
    GPU_UNROLL
    for (uint32_t e = 0; e < V; ++e) result[e] = apply_lane<F>(e, lanes[u]);
    R* out = static_cast<R*>(args.out) + to[u];
    if (i + 1 < args.count || args.last == V) {
      store_wide(out, result);
    } else {
      GPU_UNROLL
      for (uint32_t e = 0; e < V; ++e) {
        if (e < args.last) out[e] = result[e];
      }
    }
  }
}

template <typename F, typename R, typename... A>
GPU_KERNEL GPU_LAUNCH_BOUNDS(tuning::kElementwiseThreads)
    singles(Operands<sizeof...(A)> args, Layout32<sizeof...(A) + 1> layout) {
  begin_kernel();
  constexpr uint32_t N = sizeof...(A);
  const uint32_t i = block_x() * tuning::kElementwiseThreads + thread_x();
  if (i >= args.count) return;
  int64_t offsets[N + 1];
  layout.offsets(i, offsets);
  Lanes<1, A...> lanes;
  load_all<0>(args, offsets, 1, lanes);
  static_cast<R*>(args.out)[offsets[N]] = apply_lane<F>(0, lanes);
}

template <typename A, typename... Rest>
constexpr uint32_t widest() {
  uint32_t bytes = sizeof(A);
  if constexpr (sizeof...(Rest) > 0) {
    if (widest<Rest...>() > bytes) bytes = widest<Rest...>();
  }
  return bytes;
}

// How much a function costs beside the memory it moves: costly ones are not repeated often in one kernel's code.
enum class Cost { kLight, kHeavy };

// The entry of a function for a table.
template <typename F, Cost C, typename R, typename... A>
Entry entry_of() {
  constexpr uint32_t kWidest = widest<R, A...>();
  constexpr uint32_t kLanes = C == Cost::kLight ? 16 / kWidest : kWidest >= 8 ? 1 : 4;
  constexpr uint32_t kUnroll = C == Cost::kHeavy ? 1 : kWidest >= 4 && sizeof...(A) == 1 ? 4 : 2;
  static_assert(sizeof(Layout32<sizeof...(A) + 1>) == 4 + kMaxDims * (12 + 4 * (sizeof...(A) + 1)));
  return {vendor::function_of<&vectors<F, kLanes, kUnroll, R, A...>>(), vendor::function_of<&singles<F, R, A...>>(),
          kLanes, kUnroll};
}

}  // namespace ferrule::gpu::elementwise
