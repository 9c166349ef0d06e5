// Grid arithmetic for kernels' host sides.
#pragma once

#include <algorithm>
#include <cstdint>

#include "vendor/host.h"

namespace ferrule::gpu {

constexpr uint64_t ceil_div(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

// A one-dimensional grid of blocks of `threads` for `items` work items of one thread each; at most `max_blocks` blocks, so
// kernels loop with stride global_threads() where that is less.
inline vendor::LaunchShape grid_for(uint64_t items, uint32_t threads, uint64_t max_blocks = 0x7fffffff) {
  const uint64_t blocks = std::clamp<uint64_t>(ceil_div(items, threads), 1, max_blocks);
  return {{static_cast<uint32_t>(blocks), 1, 1}, {threads, 1, 1}, 0};
}

}  // namespace ferrule::gpu
