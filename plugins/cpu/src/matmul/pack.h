// Operands into panels, and accumulated tiles into outputs: the two ends of a product, where strides and dtypes are
// dealt with. Vectorised for the CPU's SIMD target. Pure functions, callable from any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ferrule::cpu {

// Panels of `width` lanes: out[p][kk][l] = source[(p * width + l) * lane_stride + kk * k_stride], zero beyond `lanes`.
// f16 and bf16 widen to f32. complex64 becomes a real product of twice the extents: a complex element of A is two
// consecutive k of its lane; one of B is the 2 x 2 block [re im; -im re], so that lanes and k both count twice.
struct PackJob {
  const std::byte* source;
  uint32_t dtype;
  bool expand;                    // complex64 only: this is operand B
  int64_t lane_stride, k_stride;  // in elements
  int64_t lanes, k;               // in elements
  int64_t width;                  // in real numbers
  void* out;                      // f32, or f64 for f64
};
void pack_panels(const PackJob& job);

// out = alpha * acc + beta * c, rounded once to `dtype`. c may be absent (NULL); columns are elements of dtype.
struct FinishJob {
  uint32_t dtype;
  int64_t rows, cols;
  const void* acc;  // f32 pairs for complex64
  int64_t acc_ld;   // in elements of dtype
  float alpha, beta;
  const std::byte* c;
  int64_t c_row, c_col;
  std::byte* out;  // may be acc itself
  int64_t out_ld;
};
void finish_tile(const FinishJob& job);

}  // namespace ferrule::cpu
