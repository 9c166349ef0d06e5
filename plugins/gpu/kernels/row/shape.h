// Deals rows to groups of threads: chooses the group, and cuts rows that do not fit one group's registers into chunks. A
// pure function of the shape. Host side.
#pragma once

#include <algorithm>
#include <bit>

#include "host/launch.h"
#include "kernels/row/tile.cuh"

namespace ferrule::gpu {

struct RowPlan {
  RowShape shape;
  vendor::LaunchShape launch;
  uint32_t elements;  // that each thread holds at most
  bool small;         // kRowSmallElements suffice
};

// `elements` per thread in groups of at most `most` threads; rows up to a warp's share of kRowSmallElements take fewer.
inline RowPlan plan_rows(uint64_t rows, uint64_t n, uint32_t item, uint32_t elements, uint32_t most,
                         bool may_be_small) {
  RowPlan plan{};
  plan.elements = elements;
  const uint32_t lanes = 16 / item;
  const uint64_t capacity = uint64_t{most} * elements;
  RowShape& s = plan.shape;
  s.n = n;
  // Chunks of a long row are half a tile: more of them run at once.
  s.chunk = static_cast<uint32_t>(n <= capacity ? n : capacity / 2);
  s.splits = static_cast<uint32_t>(std::max<uint64_t>(1, n == 0 ? 1 : ceil_div(n, s.chunk)));
  s.chunks = rows * s.splits;
  plan.small = may_be_small && s.chunk <= tuning::kRowSmallElements * vendor::kWarpWidth;
  const uint32_t vectors = static_cast<uint32_t>(ceil_div(s.chunk, lanes));
  if (plan.small) {
    const uint32_t held = std::max<uint32_t>(1, tuning::kRowSmallElements / lanes);
    s.group = std::bit_ceil(std::max<uint32_t>(1, vectors));
    s.group = std::min<uint32_t>(s.group, vendor::kWarpWidth);
    while (s.group * held < vectors) s.group *= 2;
  } else {
    const uint32_t held = std::max<uint32_t>(1, elements / lanes);
    s.group = std::bit_ceil(std::max<uint32_t>(1, static_cast<uint32_t>(ceil_div(vectors, held))));
    s.group = std::max<uint32_t>(s.group, std::min<uint32_t>(vendor::kWarpWidth, std::bit_ceil(std::max(1u, vectors))));
  }
  s.used = std::max<uint32_t>(1, static_cast<uint32_t>(ceil_div(vectors, s.group)));
  const uint32_t threads =
      std::max({s.group, plan.small ? tuning::kRowThreads : tuning::kRowThreads / 2, uint32_t{vendor::kWarpWidth}});
  plan.launch = {
      {static_cast<uint32_t>(ceil_div(std::max<uint64_t>(1, s.chunks), threads / s.group)), 1, 1}, {threads, 1, 1}, 0};
  return plan;
}

}  // namespace ferrule::gpu
