// Binary ops of integers that depend on the width alone, and those of bool.
#include "kernels/elementwise/functions.cuh"

namespace ferrule::gpu::elementwise {
namespace {

template <typename T>
void add_width(Table& table, uint32_t u, uint32_t s) {
  FERRULE_GPU_ADD2(add, kLight, u, T, T);
  FERRULE_GPU_ADD2(subtract, kLight, u, T, T);
  FERRULE_GPU_ADD2(multiply, kLight, u, T, T);
  FERRULE_GPU_ADD2(bitwise_and, kLight, u, T, T);
  FERRULE_GPU_ADD2(bitwise_or, kLight, u, T, T);
  FERRULE_GPU_ADD2(bitwise_xor, kLight, u, T, T);
  FERRULE_GPU_ADD2(left_shift, kLight, u, T, T);
  FERRULE_GPU_ADD2(equal, kLight, u, T, Bool);
  FERRULE_GPU_ADD2(not_equal, kLight, u, T, Bool);
  for (uint32_t op : {FRL_OP_add, FRL_OP_subtract, FRL_OP_multiply, FRL_OP_bitwise_and, FRL_OP_bitwise_or,
                      FRL_OP_bitwise_xor, FRL_OP_left_shift, FRL_OP_equal, FRL_OP_not_equal}) {
    table.ops[op][s] = table.ops[op][u];
  }
}

}  // namespace

void add_integer_binary(Table& table) {
  add_width<uint8_t>(table, FRL_DTYPE_U8, FRL_DTYPE_I8);
  add_width<uint16_t>(table, FRL_DTYPE_U16, FRL_DTYPE_I16);
  add_width<uint32_t>(table, FRL_DTYPE_U32, FRL_DTYPE_I32);
  add_width<uint64_t>(table, FRL_DTYPE_U64, FRL_DTYPE_I64);
  constexpr uint32_t kBool = FRL_DTYPE_BOOL;
  FERRULE_GPU_ADD2(logical_and, kLight, kBool, Bool, Bool);
  FERRULE_GPU_ADD2(logical_or, kLight, kBool, Bool, Bool);
  FERRULE_GPU_ADD2(not_equal, kLight, kBool, Bool, Bool);
  FERRULE_GPU_ADD2(equal, kLight, kBool, Bool, Bool);
  FERRULE_GPU_ADD2(less, kLight, kBool, Bool, Bool);
  FERRULE_GPU_ADD2(less_equal, kLight, kBool, Bool, Bool);
  FERRULE_GPU_ADD2(greater, kLight, kBool, Bool, Bool);
  FERRULE_GPU_ADD2(greater_equal, kLight, kBool, Bool, Bool);
  const Entry conjunction = table.ops[FRL_OP_logical_and][kBool], disjunction = table.ops[FRL_OP_logical_or][kBool];
  for (uint32_t op : {FRL_OP_multiply, FRL_OP_minimum, FRL_OP_bitwise_and}) table.ops[op][kBool] = conjunction;
  for (uint32_t op : {FRL_OP_add, FRL_OP_maximum, FRL_OP_bitwise_or}) table.ops[op][kBool] = disjunction;
  table.ops[FRL_OP_bitwise_xor][kBool] = table.ops[FRL_OP_not_equal][kBool];
}

}  // namespace ferrule::gpu::elementwise
