// The register-blocked inner kernels of the own matrix product, chosen once per process for the CPU's SIMD target.
// Operands are packed into panels: a panel of A holds, for each k, `mr` rows; a panel of B, for each k, `nr` columns;
// both zero-padded to the full width. Pure functions, callable from any thread.
#pragma once

#include <cstdint>

namespace ferrule::cpu {

// C[m, n] (+)= A[m, k] * B[k, n]. Panels lie `a_panel` and `b_panel` elements apart.
template <typename T>
struct GemmTile {
  const T* a;
  const T* b;
  int64_t a_panel, b_panel;
  int64_t m, n, k;
  T* c;
  int64_t ldc;
  bool accumulate;
};

template <typename T>
struct GemmKernel {
  int64_t mr, nr;
  void (*run)(const GemmTile<T>& tile);
};

template <typename T>
const GemmKernel<T>& gemm_kernel();

}  // namespace ferrule::cpu
