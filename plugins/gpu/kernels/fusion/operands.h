// What every fused kernel gets, and how it reads and writes vectors of its operands. Text for run-time compilers; the host
// writes the same bytes (host/fusion_launch.cpp).
#pragma once

#include "kernels/fusion/integers.h"

#include "device/gpu.h"
#include "device/index.h"
#include "functors/ops.h"

namespace ferrule::gpu::fused {

inline constexpr uint32_t kThreads = 256;

// N inputs, M outputs; both at least 1.
template <uint32_t N, uint32_t M>
struct Operands {
  const void* in[N];
  uint64_t value[N][2];
  void* out[M];
  uint32_t repeated;  // bit k: input k has stride 0 along the vectors
  uint32_t inlined;   // bit k: its element is value[k]
};

template <typename T>
GPU_DEVICE T from_value(const uint64_t* value) {
  union {
    uint64_t word;
    T element;
  } u;
  u.word = value[0];
  return u.element;
}

// The vector of input `k` at `offset`.
template <typename T, uint32_t V, typename Args>
GPU_DEVICE void load(const Args& args, uint32_t k, int64_t offset, Vec<T, V>& to) {
  const T* from = static_cast<const T*>(args.in[k]) + offset;
  if ((args.repeated >> k) & 1u) {
    const T element = (args.inlined >> k) & 1u ? from_value<T>(args.value[k]) : *from;
    GPU_UNROLL
    for (uint32_t e = 0; e < V; ++e) to[e] = element;
  } else {
    to = load_wide<Vec<T, V>>(from);
  }
}
template <typename T, typename Args>
GPU_DEVICE T load_element(const Args& args, uint32_t k, int64_t offset) {
  return (args.inlined >> k) & 1u ? from_value<T>(args.value[k]) : static_cast<const T*>(args.in[k])[offset];
}
template <typename T, uint32_t V, typename Args>
GPU_DEVICE void store(const Args& args, uint32_t k, int64_t offset, const Vec<T, V>& from) {
  store_wide(static_cast<T*>(args.out[k]) + offset, from);
}

}  // namespace ferrule::gpu::fused
