// Unary ops of complex64.
#include "kernels/elementwise/functions.cuh"

namespace ferrule::gpu::elementwise {

void add_complex_unary(Table& table) {
  constexpr uint32_t kType = FRL_DTYPE_C64;
#define FERRULE_GPU_HEAVY(op) FERRULE_GPU_ADD1(op, kHeavy, kType, Complex, Complex);
  FERRULE_GPU_ADD1(negative, kLight, kType, Complex, Complex);
  FERRULE_GPU_ADD1(conjugate, kLight, kType, Complex, Complex);
  FERRULE_GPU_ADD1(round, kLight, kType, Complex, Complex);
  FERRULE_GPU_ADD1(square, kLight, kType, Complex, Complex);
  FERRULE_GPU_ADD1(real, kLight, kType, Complex, float);
  FERRULE_GPU_ADD1(imag, kLight, kType, Complex, float);
  FERRULE_GPU_ADD1(abs, kHeavy, kType, Complex, float);
  FERRULE_GPU_HEAVY(sign)
  FERRULE_GPU_HEAVY(sqrt)
  FERRULE_GPU_HEAVY(rsqrt)
  FERRULE_GPU_HEAVY(exp)
  FERRULE_GPU_HEAVY(log)
  FERRULE_GPU_HEAVY(log2)
  FERRULE_GPU_HEAVY(log10)
  FERRULE_GPU_HEAVY(log1p)
  FERRULE_GPU_HEAVY(sin)
  FERRULE_GPU_HEAVY(cos)
  FERRULE_GPU_HEAVY(tan)
  FERRULE_GPU_HEAVY(arcsin)
  FERRULE_GPU_HEAVY(arccos)
  FERRULE_GPU_HEAVY(arctan)
  FERRULE_GPU_HEAVY(sinh)
  FERRULE_GPU_HEAVY(cosh)
  FERRULE_GPU_HEAVY(tanh)
  FERRULE_GPU_HEAVY(arcsinh)
  FERRULE_GPU_HEAVY(arccosh)
  FERRULE_GPU_HEAVY(arctanh)
#undef FERRULE_GPU_HEAVY
}

}  // namespace ferrule::gpu::elementwise
