// Unary ops of integers and bool. What depends on the width alone is compiled once per width.
#include "kernels/copy/copy.h"
#include "kernels/elementwise/functions.cuh"

namespace ferrule::gpu::elementwise {
namespace {

template <typename U, typename S>
void add_width(Table& table, uint32_t u, uint32_t s) {
  FERRULE_GPU_ADD1(negative, kLight, u, U, U);
  FERRULE_GPU_ADD1(square, kLight, u, U, U);
  FERRULE_GPU_ADD1(bitwise_invert, kLight, u, U, U);
  for (uint32_t op : {FRL_OP_negative, FRL_OP_square, FRL_OP_bitwise_invert}) table.ops[op][s] = table.ops[op][u];
  const Entry& same = copy::same_size(sizeof(U));
  for (uint32_t op : {FRL_OP_ceil, FRL_OP_floor, FRL_OP_round}) table.ops[op][u] = table.ops[op][s] = same;
  table.ops[FRL_OP_abs][u] = same;
  FERRULE_GPU_ADD1(abs, kLight, s, S, S);
  FERRULE_GPU_ADD1(sign, kLight, s, S, S);
  FERRULE_GPU_ADD1(sign, kLight, u, U, U);
}

}  // namespace

void add_integer_unary(Table& table) {
  add_width<uint8_t, int8_t>(table, FRL_DTYPE_U8, FRL_DTYPE_I8);
  add_width<uint16_t, int16_t>(table, FRL_DTYPE_U16, FRL_DTYPE_I16);
  add_width<uint32_t, int32_t>(table, FRL_DTYPE_U32, FRL_DTYPE_I32);
  add_width<uint64_t, int64_t>(table, FRL_DTYPE_U64, FRL_DTYPE_I64);
  FERRULE_GPU_ADD1(abs, kLight, FRL_DTYPE_BOOL, Bool, Bool);
  FERRULE_GPU_ADD1(logical_not, kLight, FRL_DTYPE_BOOL, Bool, Bool);
  table.ops[FRL_OP_sign][FRL_DTYPE_BOOL] = table.ops[FRL_OP_abs][FRL_DTYPE_BOOL];
  table.ops[FRL_OP_bitwise_invert][FRL_DTYPE_BOOL] = table.ops[FRL_OP_logical_not][FRL_DTYPE_BOOL];
}

}  // namespace ferrule::gpu::elementwise
