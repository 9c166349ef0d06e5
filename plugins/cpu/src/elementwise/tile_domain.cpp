// Merging dimensions, cutting tiles, and gathering strided operands.
#include "elementwise/tile_domain.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "elementwise/loop_table.h"
#include "streaming.h"

namespace ferrule::cpu {
namespace {

constexpr int64_t kShortRow = 128;   // below, a tile takes many rows and gathers
constexpr int64_t kGroupTile = 256;  // elements per tile where groups of rows are gathered

template <typename T>
void gather_strided(const std::byte* from, int64_t stride, size_t count, std::byte* to) {
  const T* p = reinterpret_cast<const T*>(from);
  T* out = reinterpret_cast<T*>(to);
  for (size_t i = 0; i < count; ++i) out[i] = p[static_cast<int64_t>(i) * stride];
}

void gather_row(const std::byte* from, int64_t stride, size_t count, size_t item, std::byte* to) {
  if (stride == 1) {
    std::memcpy(to, from, count * item);
  } else if (item == 4) {
    gather_strided<uint32_t>(from, stride, count, to);
  } else if (item == 8) {
    gather_strided<uint64_t>(from, stride, count, to);
  } else if (item == 2) {
    gather_strided<uint16_t>(from, stride, count, to);
  } else {
    gather_strided<uint8_t>(from, stride, count, to);
  }
}

// rows x columns, the rows close together in memory: a few columns at a time, so that their cache lines stay.
template <typename T>
void gather_block(const std::byte* from, int64_t row_stride, int64_t column_stride, int64_t rows, int64_t columns,
                  int64_t to_stride, std::byte* to) {
  constexpr int64_t kColumns = 8;
  const T* p = reinterpret_cast<const T*>(from);
  T* out = reinterpret_cast<T*>(to);
  for (int64_t c = 0; c < columns; c += kColumns) {
    const int64_t width = std::min(kColumns, columns - c);
    for (int64_t k = 2 * kColumns; k < 3 * kColumns && c + k < columns; ++k) {
      __builtin_prefetch(p + (c + k) * column_stride);
    }
    if (width == kColumns) {
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t k = 0; k < kColumns; ++k) out[r * to_stride + c + k] = p[r * row_stride + (c + k) * column_stride];
      }
    } else {
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t k = 0; k < width; ++k) out[r * to_stride + c + k] = p[r * row_stride + (c + k) * column_stride];
      }
    }
  }
}

}  // namespace

bool is_one_element(const Tensor& tensor) {
  for (uint32_t i = 0; i < tensor.ndim; ++i) {
    if (tensor.strides[i] != 0 && tensor.shape[i] != 1) return false;
  }
  return true;
}

bool is_contiguous(const Tensor& tensor) {
  int64_t expected = 1;
  for (uint32_t i = tensor.ndim; i-- > 0;) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != expected) return false;
    expected *= tensor.shape[i];
  }
  return true;
}

bool streams_out(std::span<const Tensor> inputs, const Tensor& output) {
  const auto is_output = [&](const Tensor& input) { return input.data == output.data; };
  const uint64_t bytes = static_cast<uint64_t>(output.size()) * item_bytes(output.dtype);
  return bytes >= kStreamingBytes && std::none_of(inputs.begin(), inputs.end(), is_output);
}

TileDomain::TileDomain(std::span<const Tensor> inputs, const Tensor& output, size_t tile)
    : tile_(static_cast<int64_t>(tile)) {
  const size_t n = inputs.size();
  bool strided = false;
  for (size_t k = 0; k < n; ++k) {
    const Access access = is_one_element(inputs[k])  ? Access::kOne
                          : is_contiguous(inputs[k]) ? Access::kContiguous
                                                     : Access::kGather;
    operands_[k] = {inputs[k].data, item_bytes(inputs[k].dtype), access, {}};
    strided |= access == Access::kGather;
  }
  size_ = output.size();
  if (!strided) {
    n_tiles_ = (size_ + tile_ - 1) / tile_;
    return;
  }
  // From the last dimension on: drop extents of 1, merge what every operand walks as one.
  for (uint32_t i = output.ndim; i-- > 0;) {
    const int64_t extent = output.shape[i];
    if (extent == 1) continue;
    bool merges = ndim_ > 0;
    for (size_t k = 0; k < n && merges; ++k) {
      merges = inputs[k].strides[i] == operands_[k].strides[ndim_ - 1] * shape_[ndim_ - 1];
    }
    if (merges) {
      shape_[ndim_ - 1] *= extent;
      continue;
    }
    for (size_t k = 0; k < n; ++k) operands_[k].strides[ndim_] = inputs[k].strides[i];
    shape_[ndim_++] = extent;
  }
  std::reverse(shape_, shape_ + ndim_);
  for (size_t k = 0; k < n; ++k) std::reverse(operands_[k].strides, operands_[k].strides + ndim_);

  row_ = shape_[ndim_ - 1];
  rows_ = row_ >= kShortRow;
  if (!rows_) {
    n_tiles_ = (size_ + tile_ - 1) / tile_;
    return;
  }
  neighbours_ = ndim_ >= 2 ? shape_[ndim_ - 2] : 1;
  for (size_t k = 0; k < n; ++k) {
    Operand& operand = operands_[k];
    if (operand.access != Access::kGather) continue;
    const int64_t stride = operand.strides[ndim_ - 1];
    if (stride == 1) operand.access = Access::kRowUnit;
    if (stride == 0) operand.access = Access::kRowOne;
    if (operand.access != Access::kGather || ndim_ < 2) continue;
    const int64_t across = std::abs(operand.strides[ndim_ - 2]);
    if (across == 0 || across >= std::abs(stride) || across > kGroup) continue;
    operand.access = Access::kGatherRows;
    grouped_ = true;
    tile_ = std::min(tile_, kGroupTile);
  }
  segments_ = (row_ + tile_ - 1) / tile_;
  n_tiles_ = size_ / row_ * segments_;
}

// Tiles of neighbouring rows follow each other, so that an operand walked across rows finds its cache lines again.
TileDomain::Tile TileDomain::tile(int64_t index) const {
  if (!rows_) {
    const int64_t start = index * tile_;
    return {start, static_cast<size_t>(std::min(tile_, size_ - start))};
  }
  const int64_t block = index / neighbours_;
  const int64_t row = block / segments_ * neighbours_ + index % neighbours_;
  const int64_t column = block % segments_ * tile_;
  return {row * row_ + column, static_cast<size_t>(std::min(tile_, row_ - column))};
}

int64_t TileDomain::row_offset(const Operand& operand, int64_t row) const {
  int64_t offset = 0;
  for (uint32_t i = ndim_ - 1; i-- > 0;) {
    offset += row % shape_[i] * operand.strides[i];
    row /= shape_[i];
  }
  return offset;
}

const std::byte* TileDomain::address(size_t input, const Tile& tile) const {
  const Operand& operand = operands_[input];
  const auto item = static_cast<int64_t>(operand.item);
  switch (operand.access) {
    case Access::kOne:
      return operand.data;
    case Access::kContiguous:
      return operand.data + tile.start * item;
    case Access::kRowUnit:
      return operand.data + (row_offset(operand, tile.start / row_) + tile.start % row_) * item;
    default:
      return operand.data + row_offset(operand, tile.start / row_) * item;
  }
}

size_t TileDomain::buffer_bytes(size_t input) const {
  const Access access = operands_[input].access;
  if (access == Access::kGather) return row_bytes(input);
  return access == Access::kGatherRows ? row_bytes(input) * kGroup : 0;
}

void TileDomain::gather_rows(size_t input, int64_t group, std::byte* to) const {
  const Operand& operand = operands_[input];
  const Tile first = tile(group);
  const int64_t rows = std::min(kGroup, neighbours_ - group % neighbours_);
  const int64_t column_stride = operand.strides[ndim_ - 1];
  const int64_t row_stride = operand.strides[ndim_ - 2];
  const int64_t offset = row_offset(operand, first.start / row_) + first.start % row_ * column_stride;
  const std::byte* from = operand.data + offset * static_cast<int64_t>(operand.item);
  const auto columns = static_cast<int64_t>(first.count);
  switch (operand.item) {
    case 1:
      return gather_block<uint8_t>(from, row_stride, column_stride, rows, columns, tile_, to);
    case 2:
      return gather_block<uint16_t>(from, row_stride, column_stride, rows, columns, tile_, to);
    case 4:
      return gather_block<uint32_t>(from, row_stride, column_stride, rows, columns, tile_, to);
    default:
      return gather_block<uint64_t>(from, row_stride, column_stride, rows, columns, tile_, to);
  }
}

void TileDomain::gather(size_t input, const Tile& tile, std::byte* to) const {
  const Operand& operand = operands_[input];
  const auto item = static_cast<int64_t>(operand.item);
  const int64_t stride = operand.strides[ndim_ - 1];
  int64_t row = tile.start / row_;
  int64_t column = tile.start % row_;
  for (size_t left = tile.count; left != 0;) {
    const size_t count = std::min(left, static_cast<size_t>(row_ - column));
    const std::byte* from = operand.data + (row_offset(operand, row) + column * stride) * item;
    gather_row(from, stride, count, operand.item, to);
    to += count * operand.item;
    left -= count;
    column = 0;
    ++row;
  }
}

}  // namespace ferrule::cpu
