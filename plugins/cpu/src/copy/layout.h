// A pair of layouts reduced to what a copy needs: no extents of 1, destination strides positive and descending,
// dimensions that run on merged.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel.h"

namespace ferrule::cpu {

struct CopyLayout {
  uint32_t ndim = 0;  // 0: one element
  int64_t shape[FRL_MAX_DIMS];
  int64_t src_stride[FRL_MAX_DIMS];  // bytes
  int64_t dst_stride[FRL_MAX_DIMS];  // bytes
  const std::byte* src = nullptr;
  std::byte* dst = nullptr;
};

// Of one shape, with no extent of 0. The destination's elements do not overlap.
CopyLayout make_copy_layout(const Tensor& src, const Tensor& dst);

}  // namespace ferrule::cpu
