// Index operands turned into element offsets of the indexed array, a tile at a time.
#pragma once

#include <cstdint>

#include "kernel.h"

namespace ferrule::cpu {

inline constexpr int64_t kDropped = -1;  // offset of a scatter update that lies outside

// Positions along one axis: position = index, counted from the end when negative.
struct IndexedAxis {
  int64_t extent;
  int64_t span;    // elements taken from there on; the last legal position is extent - span
  int64_t stride;  // what a position adds to the offset, in elements
};

// offsets[i] += stride * (position of indices[begin + i * step], clamped into the axis).
void add_clamped(int64_t* offsets, const Tensor& indices, int64_t begin, int64_t step, int64_t count,
                 const IndexedAxis& axis);
// The same, but a position outside makes the offset kDropped, which stays.
void add_or_drop(int64_t* offsets, const Tensor& indices, int64_t begin, int64_t step, int64_t count,
                 const IndexedAxis& axis);

// Calls f with an unsigned integer of the item size, for pure data movement.
template <typename F>
void visit_item(uint32_t item_size, F&& f) {
  switch (item_size) {
    case 1:
      return f(uint8_t{});
    case 2:
      return f(uint16_t{});
    case 4:
      return f(uint32_t{});
    default:
      return f(uint64_t{});
  }
}

}  // namespace ferrule::cpu
