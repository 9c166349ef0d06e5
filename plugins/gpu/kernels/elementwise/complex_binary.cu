// Binary ops of complex64.
#include "kernels/elementwise/functions.cuh"

namespace ferrule::gpu::elementwise {

void add_complex_binary(Table& table) {
  constexpr uint32_t kType = FRL_DTYPE_C64;
  FERRULE_GPU_ADD2(add, kLight, kType, Complex, Complex);
  FERRULE_GPU_ADD2(subtract, kLight, kType, Complex, Complex);
  FERRULE_GPU_ADD2(multiply, kLight, kType, Complex, Complex);
  FERRULE_GPU_ADD2(maximum, kLight, kType, Complex, Complex);
  FERRULE_GPU_ADD2(minimum, kLight, kType, Complex, Complex);
  FERRULE_GPU_ADD2(divide, kHeavy, kType, Complex, Complex);
  FERRULE_GPU_ADD2(power, kHeavy, kType, Complex, Complex);
  FERRULE_GPU_ADD2(logaddexp, kHeavy, kType, Complex, Complex);
  FERRULE_GPU_ADD2(equal, kLight, kType, Complex, Bool);
  FERRULE_GPU_ADD2(not_equal, kLight, kType, Complex, Bool);
  FERRULE_GPU_ADD2(less, kLight, kType, Complex, Bool);
  FERRULE_GPU_ADD2(less_equal, kLight, kType, Complex, Bool);
  FERRULE_GPU_ADD2(greater, kLight, kType, Complex, Bool);
  FERRULE_GPU_ADD2(greater_equal, kLight, kType, Complex, Bool);
}

}  // namespace ferrule::gpu::elementwise
