// Inner loops of f32 for the functions that models live on, computed in f32: exp, log, tanh, sigmoid, erf.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "elementwise/loops_exp.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "elementwise/loop_table.h"
#include "elementwise/math_f32-inl.h"
#include "elementwise/simd_map-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

void add_exp_for_target(LoopTable& table) {
  const auto add = [&](uint32_t op, Loop loop) { table.ops[op][FRL_DTYPE_F32] = loop; };
  add(FRL_OP_exp, map1<float, ExpOp, 4>);
  add(FRL_OP_log, map1<float, LogOp, 4>);
  add(FRL_OP_tanh, map1<float, TanhOp, 4>);
  add(FRL_OP_sigmoid, map1<float, SigmoidOp, 4>);
  add(FRL_OP_erf, map1<float, ErfOp, 4>);
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {
HWY_EXPORT(add_exp_for_target);
void add_exp_loops(LoopTable& table) { HWY_DYNAMIC_DISPATCH(add_exp_for_target)(table); }
}  // namespace ferrule::cpu
#endif
