// Sorting by the destination's strides makes the writes sequential whatever the order of the axes was.
#include "copy/layout.h"

#include <algorithm>
#include <numeric>

#include "copy/cast.h"

namespace ferrule::cpu {

CopyLayout make_copy_layout(const Tensor& src, const Tensor& dst) {
  const int64_t src_item = item_size(src.dtype), dst_item = item_size(dst.dtype);
  CopyLayout sorted;
  sorted.src = src.data;
  sorted.dst = dst.data;
  uint32_t order[FRL_MAX_DIMS];
  uint32_t n = 0;
  for (uint32_t i = 0; i < dst.ndim; ++i) {
    if (dst.shape[i] != 1) order[n++] = i;
  }
  auto magnitude = [&](uint32_t i) { return std::abs(dst.strides[i]); };
  std::stable_sort(order, order + n, [&](uint32_t a, uint32_t b) { return magnitude(a) > magnitude(b); });

  for (uint32_t k = 0; k < n; ++k) {
    const uint32_t axis = order[k];
    const int64_t extent = dst.shape[axis];
    int64_t src_stride = src.strides[axis] * src_item, dst_stride = dst.strides[axis] * dst_item;
    if (dst_stride < 0) {  // run the axis backwards on both sides
      sorted.src += src_stride * (extent - 1);
      sorted.dst += dst_stride * (extent - 1);
      src_stride = -src_stride;
      dst_stride = -dst_stride;
    }
    uint32_t last = sorted.ndim - 1;
    if (sorted.ndim > 0 && sorted.src_stride[last] == src_stride * extent &&
        sorted.dst_stride[last] == dst_stride * extent) {
      sorted.shape[last] *= extent;
      sorted.src_stride[last] = src_stride;
      sorted.dst_stride[last] = dst_stride;
      continue;
    }
    sorted.shape[sorted.ndim] = extent;
    sorted.src_stride[sorted.ndim] = src_stride;
    sorted.dst_stride[sorted.ndim] = dst_stride;
    ++sorted.ndim;
  }
  return sorted;
}

}  // namespace ferrule::cpu
