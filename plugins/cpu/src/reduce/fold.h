// A folder reduces memory of one dtype by one operation. The tables of function pointers are compiled once per SIMD
// target; reduce.cpp drives them over any layout without knowing the types.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ferrule::cpu {

inline constexpr int64_t kColumnTile = 1024;  // most columns that Folder::columns takes
inline constexpr int64_t kFoldBlock = 65536;  // most elements folded without passing through an accumulator
inline constexpr int64_t kShortRow = 64;      // rows up to this length go through Folder::short_rows
inline constexpr uint32_t kMaxAccumulator = 16;

// Accumulators are opaque to the driver, `accumulator_bytes` each. Strides are in elements.
struct Folder {
  uint32_t accumulator_bytes;
  void (*init)(std::byte* acc, int64_t count);
  // acc[0] takes in n elements.
  void (*row)(std::byte* acc, const std::byte* x, int64_t n, int64_t stride);
  // acc[i] = the fold of row i, for `count` rows of n elements.
  void (*short_rows)(std::byte* acc, const std::byte* x, int64_t count, int64_t row_stride, int64_t n, int64_t stride);
  // acc[0 .. width) takes in `rows` rows of width elements.
  void (*columns)(std::byte* acc, const std::byte* x, int64_t rows, int64_t row_stride, int64_t width, int64_t stride);
  // acc[i] takes in other[i].
  void (*merge)(std::byte* acc, const std::byte* other, int64_t count);
};

// Converts accumulators to the output dtype.
using StoreFn = void (*)(std::byte* out, int64_t out_stride, const std::byte* acc, int64_t count);

struct Reduction {
  const Folder* folder = nullptr;  // nullptr: the dtypes are not offered
  StoreFn store = nullptr;
};

Reduction sum_reduction(uint32_t in_dtype, uint32_t out_dtype);
Reduction prod_reduction(uint32_t in_dtype, uint32_t out_dtype);
Reduction max_reduction(uint32_t dtype);
Reduction min_reduction(uint32_t dtype);

}  // namespace ferrule::cpu
