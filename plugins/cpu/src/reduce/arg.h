// Index of the extreme element along one axis; tables of function pointers compiled once per SIMD target.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ferrule::cpu {

struct ArgFinder {
  // Index of the first extreme of n > 0 elements.
  int64_t (*row)(const std::byte* x, int64_t n, int64_t stride);
  // out[i] = index of the first extreme of column i; width <= kColumnTile. Strides in elements.
  void (*columns)(uint32_t* out, int64_t out_stride, const std::byte* x, int64_t rows, int64_t row_stride,
                  int64_t width, int64_t stride);
  // Whether the element at `held` stays when the one at `next` comes after it.
  bool (*stays)(const std::byte* held, const std::byte* next);
};

const ArgFinder* arg_finder(uint32_t dtype, bool max);

}  // namespace ferrule::cpu
