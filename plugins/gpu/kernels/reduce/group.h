// Reductions over groups of threads whose size is known at run time: a power of two, the groups side by side in a
// one-dimensional block whose size is a multiple of the warp's and of the group's.
#pragma once

#include "device/gpu.h"

namespace ferrule::gpu {

// Every thread gets the reduction over its group. `op` is commutative. `partials` holds kMaxWarps elements, touched only
// by groups beyond a warp; it may be used again after the next sync(). Every thread of the block takes part.
template <typename T, typename Op>
GPU_DEVICE T group_reduce(T value, const Op& op, uint32_t group, shared<T> partials) {
  const uint32_t inside = group < warp_width ? group : warp_width;
  for (uint32_t mask = inside / 2; mask > 0; mask /= 2) value = op(value, shuffle_xor(value, mask));
  if (group <= warp_width) return value;
  const uint32_t warp = thread_x() / warp_width, warps = group / warp_width;
  if (lane() == 0) partials[warp] = value;
  sync();
  value = static_cast<T>(partials[(warp & ~(warps - 1)) + (lane() & (warps - 1))]);
  for (uint32_t mask = warps / 2; mask > 0; mask /= 2) value = op(value, shuffle_xor(value, mask));
  return value;
}

}  // namespace ferrule::gpu
