// The own matrix product: any dtype of the op's domain, any strides, blocked for the caches and cut into tiles that
// depend on the problem alone, so that results are bitwise equal for any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ferrule::cpu {

struct MatrixView {
  const std::byte* data = nullptr;
  int64_t row = 0, col = 0;  // strides in elements
};

// out[m, n] = alpha * (a[m, k] @ b[k, n]) + beta * c[m, n]; out is row-contiguous; c.data is NULL when there is no c
// (or beta is 0: c must then have no influence).
struct Product {
  uint32_t dtype;
  int64_t m, n, k;
  MatrixView a, b, c;
  std::byte* out;
  float alpha = 1.0f, beta = 0.0f;

  bool plain() const { return alpha == 1.0f && c.data == nullptr; }
};

// Bytes of scratch that gemm() needs for these extents; 64-byte aligned memory is best.
uint64_t gemm_scratch_bytes(uint32_t dtype, int64_t m, int64_t n, int64_t k);

// m, n >= 1; k may be 0. Runs on the calling thread and the pool.
void gemm(const Product& product, std::byte* scratch);

}  // namespace ferrule::cpu
