// Conversion of a row of elements between any two dtypes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ferrule::cpu {

// Strides in bytes; contiguous rows take a vector path. The rows do not overlap.
using CastRowFn = void (*)(const std::byte* src, int64_t src_stride, std::byte* dst, int64_t dst_stride, int64_t n);

// For two different dtypes, both valid.
CastRowFn cast_row(uint32_t from, uint32_t to);

// Bytes of an element; 0 for codes that are no dtype.
uint32_t item_size(uint32_t dtype);

}  // namespace ferrule::cpu
