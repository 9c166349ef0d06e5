// The unary ops of a real floating type T.
#pragma once

#include "kernels/elementwise/functions.cuh"

namespace ferrule::gpu::elementwise {

template <typename T>
void add_real_unary(Table& table, uint32_t dtype) {
#define FERRULE_GPU_LIGHT(op) FERRULE_GPU_ADD1(op, kLight, dtype, T, T);
#define FERRULE_GPU_HEAVY(op) FERRULE_GPU_ADD1(op, kHeavy, dtype, T, T);
  FERRULE_GPU_LIGHT(abs)
  FERRULE_GPU_LIGHT(negative)
  FERRULE_GPU_LIGHT(sign)
  FERRULE_GPU_LIGHT(ceil)
  FERRULE_GPU_LIGHT(floor)
  FERRULE_GPU_LIGHT(round)
  FERRULE_GPU_LIGHT(square)
  FERRULE_GPU_HEAVY(sqrt)
  FERRULE_GPU_HEAVY(rsqrt)
  FERRULE_GPU_HEAVY(exp)
  FERRULE_GPU_HEAVY(expm1)
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
  FERRULE_GPU_HEAVY(sigmoid)
  FERRULE_GPU_HEAVY(erf)
  FERRULE_GPU_HEAVY(erfinv)
#undef FERRULE_GPU_LIGHT
#undef FERRULE_GPU_HEAVY
}

}  // namespace ferrule::gpu::elementwise
