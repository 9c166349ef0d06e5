// Inner loops of f32 and f64 for arithmetic and rounding: everything that is one or two vector instructions.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "elementwise/loops_float.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "elementwise/loop_table.h"
#include "elementwise/ops_float-inl.h"
#include "elementwise/simd_map-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

template <class T>
void add_float(LoopTable& table, uint32_t dtype) {
  const auto unary = [&](uint32_t op, Loop loop) { table.ops[op][dtype] = loop; };
  unary(FRL_OP_abs, map1<T, AbsOp, 4>);
  unary(FRL_OP_negative, map1<T, NegativeOp, 4>);
  unary(FRL_OP_sign, map1<T, SignOp, 4>);
  unary(FRL_OP_ceil, map1<T, CeilOp, 4>);
  unary(FRL_OP_floor, map1<T, FloorOp, 4>);
  unary(FRL_OP_round, map1<T, RoundOp, 4>);
  unary(FRL_OP_square, map1<T, SquareOp, 4>);
  unary(FRL_OP_sqrt, map1<T, SqrtOp, 4>);
  unary(FRL_OP_rsqrt, map1<T, RsqrtOp, 4>);
  unary(FRL_OP_add, map2<T, AddOp, 4>);
  unary(FRL_OP_subtract, map2<T, SubtractOp, 4>);
  unary(FRL_OP_multiply, map2<T, MultiplyOp, 4>);
  unary(FRL_OP_divide, map2<T, DivideOp, 4>);
  unary(FRL_OP_floor_divide, map2<T, FloorDivideOp, 4>);
  unary(FRL_OP_maximum, map2<T, MaximumOp, 4>);
  unary(FRL_OP_minimum, map2<T, MinimumOp, 4>);
}

void add_float_for_target(LoopTable& table) {
  add_float<float>(table, FRL_DTYPE_F32);
  add_float<double>(table, FRL_DTYPE_F64);
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {
HWY_EXPORT(add_float_for_target);
void add_float_loops(LoopTable& table) { HWY_DYNAMIC_DISPATCH(add_float_for_target)(table); }
}  // namespace ferrule::cpu
#endif
