// The binary ops of a real floating type T.
#pragma once

#include "kernels/elementwise/functions.cuh"

namespace ferrule::gpu::elementwise {

template <typename T>
void add_real_binary(Table& table, uint32_t dtype) {
  FERRULE_GPU_ADD2(add, kLight, dtype, T, T);
  FERRULE_GPU_ADD2(subtract, kLight, dtype, T, T);
  FERRULE_GPU_ADD2(multiply, kLight, dtype, T, T);
  FERRULE_GPU_ADD2(maximum, kLight, dtype, T, T);
  FERRULE_GPU_ADD2(minimum, kLight, dtype, T, T);
  FERRULE_GPU_ADD2(equal, kLight, dtype, T, Bool);
  FERRULE_GPU_ADD2(not_equal, kLight, dtype, T, Bool);
  FERRULE_GPU_ADD2(less, kLight, dtype, T, Bool);
  FERRULE_GPU_ADD2(less_equal, kLight, dtype, T, Bool);
  FERRULE_GPU_ADD2(greater, kLight, dtype, T, Bool);
  FERRULE_GPU_ADD2(greater_equal, kLight, dtype, T, Bool);
  FERRULE_GPU_ADD2(divide, kHeavy, dtype, T, T);
  FERRULE_GPU_ADD2(floor_divide, kHeavy, dtype, T, T);
  FERRULE_GPU_ADD2(remainder, kHeavy, dtype, T, T);
  FERRULE_GPU_ADD2(power, kHeavy, dtype, T, T);
  FERRULE_GPU_ADD2(logaddexp, kHeavy, dtype, T, T);
  FERRULE_GPU_ADD2(arctan2, kHeavy, dtype, T, T);
}

}  // namespace ferrule::gpu::elementwise
