// Binary ops of integers in which the sign counts.
#include "kernels/elementwise/functions.cuh"

namespace ferrule::gpu::elementwise {
namespace {

template <typename T>
void add_type(Table& table, uint32_t dtype) {
  FERRULE_GPU_ADD2(maximum, kLight, dtype, T, T);
  FERRULE_GPU_ADD2(minimum, kLight, dtype, T, T);
  FERRULE_GPU_ADD2(right_shift, kLight, dtype, T, T);
  FERRULE_GPU_ADD2(less, kLight, dtype, T, Bool);
  FERRULE_GPU_ADD2(less_equal, kLight, dtype, T, Bool);
  FERRULE_GPU_ADD2(greater, kLight, dtype, T, Bool);
  FERRULE_GPU_ADD2(greater_equal, kLight, dtype, T, Bool);
  FERRULE_GPU_ADD2(floor_divide, kHeavy, dtype, T, T);
  FERRULE_GPU_ADD2(remainder, kHeavy, dtype, T, T);
  FERRULE_GPU_ADD2(power, kHeavy, dtype, T, T);
}

}  // namespace

void add_integer_order(Table& table) {
  add_type<uint8_t>(table, FRL_DTYPE_U8);
  add_type<uint16_t>(table, FRL_DTYPE_U16);
  add_type<uint32_t>(table, FRL_DTYPE_U32);
  add_type<uint64_t>(table, FRL_DTYPE_U64);
  add_type<int8_t>(table, FRL_DTYPE_I8);
  add_type<int16_t>(table, FRL_DTYPE_I16);
  add_type<int32_t>(table, FRL_DTYPE_I32);
  add_type<int64_t>(table, FRL_DTYPE_I64);
}

}  // namespace ferrule::gpu::elementwise
