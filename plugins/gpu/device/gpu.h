// All that a kernel may use of the device: the vendor's primitives (threads, warps, shared memory, atomics, wide
// accesses; contract in plugins/gpu/README.md) and what is built on them alone: vectors, warp and block algorithms.
// Kernels name no vendor and never write a warp width. No toolkit headers: run-time compilers read this file too.
#pragma once

#if !defined(FERRULE_RUNTIME_COMPILED)
#include <cstdint>
#endif

#include "vendor/device.h"

namespace ferrule::gpu {

// N elements that are read or written by one access.
template <typename T, uint32_t N>
struct alignas(sizeof(T) * N) Vec {
  T element[N];
  GPU_DEVICE T& operator[](uint32_t i) { return element[i]; }
  GPU_DEVICE const T& operator[](uint32_t i) const { return element[i]; }
};

// How many T make a 16-byte access.
template <typename T>
inline constexpr uint32_t kWide = 16 / sizeof(T);

GPU_DEVICE uint64_t global_thread() { return static_cast<uint64_t>(block_x()) * threads_x() + thread_x(); }
GPU_DEVICE uint64_t global_threads() { return static_cast<uint64_t>(blocks_x()) * threads_x(); }

// ---- warp algorithms; `op` is associative and commutative; every lane of the warp takes part ----

// Every lane gets the reduction over its group of `Width` lanes (a power of two, at most warp_width).
template <uint32_t Width = warp_width, typename T, typename Op>
GPU_DEVICE T warp_reduce(T value, Op op) {
  GPU_UNROLL
  for (uint32_t mask = Width / 2; mask > 0; mask /= 2) value = op(value, shuffle_xor(value, mask));
  return value;
}

// Inclusive scan over the warp, lane 0 first; `op` need not be commutative.
template <typename T, typename Op>
GPU_DEVICE T warp_scan(T value, Op op) {
  GPU_UNROLL
  for (uint32_t delta = 1; delta < warp_width; delta *= 2) {
    const T before = shuffle_up(value, delta);
    if (lane() >= delta) value = op(before, value);
  }
  return value;
}

// ---- block algorithms for one-dimensional blocks of Threads threads (a multiple of warp_width) ----

inline constexpr uint32_t kMaxWarps = 1024 / warp_width;

// Every thread gets the reduction over the block. `partials` holds kMaxWarps elements; it may be used again after the
// next sync().
template <uint32_t Threads, typename T, typename Op>
GPU_DEVICE T block_reduce(T value, Op op, T identity, shared<T> partials) {
  constexpr uint32_t kWarps = Threads / warp_width;
  static_assert(Threads % warp_width == 0 && kWarps <= warp_width);
  value = warp_reduce(value, op);
  if constexpr (kWarps == 1) return value;
  if (lane() == 0) partials[thread_x() / warp_width] = value;
  sync();
  value = lane() < kWarps ? static_cast<T>(partials[lane()]) : identity;
  return warp_reduce(value, op);
}

// Inclusive scan over the block in thread order; *total (may be null) gets the whole block's reduction. `partials` as
// above; `op` need not be commutative.
template <uint32_t Threads, typename T, typename Op>
GPU_DEVICE T block_scan(T value, Op op, T identity, shared<T> partials, T* total = nullptr) {
  constexpr uint32_t kWarps = Threads / warp_width;
  static_assert(Threads % warp_width == 0 && kWarps <= warp_width);
  value = warp_scan(value, op);
  const uint32_t warp = thread_x() / warp_width;
  if (lane() == warp_width - 1) partials[warp] = value;
  sync();
  T sums = lane() < kWarps ? static_cast<T>(partials[lane()]) : identity;
  sums = warp_scan(sums, op);
  if (total) *total = shuffle(sums, kWarps - 1);
  const T before = shuffle(sums, warp == 0 ? 0 : warp - 1);
  return warp == 0 ? value : op(before, value);
}

}  // namespace ferrule::gpu
