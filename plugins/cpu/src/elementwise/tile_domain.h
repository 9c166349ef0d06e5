// The index space of one elementwise call and how it is cut into tiles: flat ranges where every operand is contiguous,
// one element, or has short rows (then it is gathered); segments of rows otherwise. Bounds depend on the call alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel.h"

namespace ferrule::cpu {

inline constexpr uint32_t kMaxInputs = 32;  // of one fused expression

// True when every stride that matters is 0, so that one element stands for all.
bool is_one_element(const Tensor& tensor);
bool is_contiguous(const Tensor& tensor);
// Whether a result is better stored past the caches: it is large, and no operand's memory that a load brings in anyway.
bool streams_out(std::span<const Tensor> inputs, const Tensor& output);

// How the elements of an operand are found inside a tile.
enum class Access : uint8_t {
  kOne,         // one element for the whole call
  kContiguous,  // at the flat index
  kRowUnit,     // row mode: at the row's start, stride 1
  kRowOne,      // row mode: one element per row
  kGather,      // copied into a buffer first
  kGatherRows,  // row mode, close together across rows: a group of neighbouring rows is copied at once
};

class TileDomain {
 public:
  // `tile`: elements per tile at most. At most kMaxInputs inputs, all of the output's shape.
  TileDomain(std::span<const Tensor> inputs, const Tensor& output, size_t tile);

  struct Tile {
    int64_t start;  // flat index of the first element
    size_t count;
  };
  int64_t size() const { return size_; }
  int64_t tiles() const { return n_tiles_; }
  size_t tile_size() const { return static_cast<size_t>(tile_); }  // at most
  Access access(size_t input) const { return operands_[input].access; }
  Tile tile(int64_t index) const;
  // The elements of a kContiguous, kRowUnit, kRowOne or kOne operand in this tile.
  const std::byte* address(size_t input, const Tile& tile) const;
  // Copies a kGather operand's elements of this tile to `to`.
  void gather(size_t input, const Tile& tile, std::byte* to) const;
  // Bytes of the buffer that gather or gather_rows fills for an operand; 0 when it needs none.
  size_t buffer_bytes(size_t input) const;
  // Tiles [group, group + kGroup) that neighbour each other begin at the group of a tile; their elements of a
  // kGatherRows operand lie `row_bytes` apart in the buffer.
  int64_t group(int64_t index) const { return index - index % neighbours_ % kGroup; }
  size_t row_bytes(size_t input) const { return static_cast<size_t>(tile_) * operands_[input].item; }
  void gather_rows(size_t input, int64_t group, std::byte* to) const;

  // Tasks should begin at multiples of this many tiles.
  int64_t task_unit() const { return grouped_ ? kGroup : 1; }

  static constexpr int64_t kGroup = 16;  // f32 of one cache line

 private:
  struct Operand {
    const std::byte* data;
    size_t item;
    Access access;
    int64_t strides[FRL_MAX_DIMS];
  };
  int64_t row_offset(const Operand& operand, int64_t row) const;

  uint32_t ndim_ = 0;  // after merging; the last dimension is the row
  int64_t shape_[FRL_MAX_DIMS];
  Operand operands_[kMaxInputs];
  int64_t size_ = 1;
  bool rows_ = false;     // tiles are segments of rows
  bool grouped_ = false;  // some operand is kGatherRows
  int64_t tile_, n_tiles_, row_ = 1, segments_ = 1, neighbours_ = 1;
};

}  // namespace ferrule::cpu
