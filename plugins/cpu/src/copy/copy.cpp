// copy: rows along the innermost axis of the destination, spread over the pool by equal numbers of elements.
#include "copy/copy.h"

#include <algorithm>
#include <cstring>

#include "bytes.h"
#include "copy/cast.h"
#include "copy/layout.h"
#include "copy/transpose.h"
#include "parallel.h"

namespace ferrule::cpu {
namespace {

constexpr int64_t kTileElements = 32768;

template <typename T>
void move_row(const std::byte* src, int64_t src_stride, std::byte* dst, int64_t dst_stride, int64_t n) {
  if (src_stride == sizeof(T) && dst_stride == sizeof(T)) {
    std::memcpy(dst, src, static_cast<size_t>(n) * sizeof(T));
    return;
  }
  if (src_stride == 0 && dst_stride == sizeof(T)) {
    std::fill_n(reinterpret_cast<T*>(dst), n, *reinterpret_cast<const T*>(src));
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    *reinterpret_cast<T*>(dst + i * dst_stride) = *reinterpret_cast<const T*>(src + i * src_stride);
  }
}

CastRowFn row_function(uint32_t from, uint32_t to) {
  if (from != to) return cast_row(from, to);
  switch (item_size(from)) {
    case 1:
      return move_row<uint8_t>;
    case 2:
      return move_row<uint16_t>;
    case 4:
      return move_row<uint32_t>;
    default:
      return move_row<uint64_t>;
  }
}

// Runs `row` over every row of the layout, whole or in pieces.
void copy_rows(const CopyLayout& layout, CastRowFn row) {
  const uint32_t inner = layout.ndim - 1;
  const int64_t length = layout.shape[inner];
  int64_t rows = 1;
  for (uint32_t i = 0; i < inner; ++i) rows *= layout.shape[i];
  const int64_t piece = std::min(length, kTileElements);
  const int64_t pieces = (length + piece - 1) / piece;
  const int64_t grain = std::max<int64_t>(1, kTileElements / piece);
  parallel_for(rows * pieces, grain, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; ++tile) {
      int64_t index = tile / pieces;
      const int64_t first = tile % pieces * piece;
      const std::byte* src = layout.src + first * layout.src_stride[inner];
      std::byte* dst = layout.dst + first * layout.dst_stride[inner];
      for (uint32_t i = inner; i-- > 0; index /= layout.shape[i]) {
        const int64_t at = index % layout.shape[i];
        src += at * layout.src_stride[i];
        dst += at * layout.dst_stride[i];
      }
      row(src, layout.src_stride[inner], dst, layout.dst_stride[inner], std::min(piece, length - first));
    }
  });
}

}  // namespace

void copy_tensor(const Tensor& src, const Tensor& dst) {
  for (uint32_t i = 0; i < dst.ndim; ++i) {
    if (dst.shape[i] == 0) return;
  }
  const CopyLayout layout = make_copy_layout(src, dst);
  const CastRowFn row = row_function(src.dtype, dst.dtype);
  const auto src_item = item_size(src.dtype), dst_item = item_size(dst.dtype);
  if (layout.ndim == 0) {
    row(layout.src, src_item, layout.dst, dst_item, 1);
    return;
  }
  const uint32_t inner = layout.ndim - 1;
  const bool moves = src.dtype == dst.dtype && layout.dst_stride[inner] == dst_item;
  if (int axis = find_source_axis(layout); axis >= 0) {
    copy_transposed(layout, axis, src_item, dst_item, moves ? nullptr : row);
  } else if (layout.ndim == 1 && moves && layout.src_stride[0] == src_item) {
    copy_bytes(layout.dst, layout.src, static_cast<uint64_t>(layout.shape[0]) * src_item);
  } else {
    copy_rows(layout, row);
  }
}

void run_copy(const Call& call) { copy_tensor(call.inputs[0], call.outputs[0]); }

}  // namespace ferrule::cpu
