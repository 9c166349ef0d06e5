// Inner loops of products with a vector, per SIMD target. Pure functions, callable from any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ferrule::cpu {

// acc[n] = sum over k of x[k] * matrix[k, n], for a block of the matrix. x and acc are contiguous, in f32 (f64 for
// f64).
struct VectorBlock {
  uint32_t dtype;
  const void* x;
  const std::byte* matrix;
  int64_t ld;  // between rows (by_rows) or columns, in elements; the other axis is contiguous
  int64_t n, k;
  bool by_rows;
  void* acc;
};
void vector_product(const VectorBlock& block);

// Widens a strided vector of `count` elements to f32 (f64).
void widen_vector(uint32_t dtype, const std::byte* source, int64_t stride, int64_t count, void* out);

}  // namespace ferrule::cpu
