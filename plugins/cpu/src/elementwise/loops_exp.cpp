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

#define FERRULE_CPU_UNARY(Name, function)     \
  struct Name {                               \
    template <class D, class V>               \
    HWY_INLINE V operator()(D d, V x) const { \
      return function(d, x);                  \
    }                                         \
  };
FERRULE_CPU_UNARY(ExpOp, exp_f32)
FERRULE_CPU_UNARY(LogOp, log_f32)
FERRULE_CPU_UNARY(TanhOp, tanh_f32)
FERRULE_CPU_UNARY(SigmoidOp, sigmoid_f32)
FERRULE_CPU_UNARY(ErfOp, erf_f32)
#undef FERRULE_CPU_UNARY

void add_exp_for_target(LoopTable& table) {
  const auto add = [&](uint32_t op, Loop loop) { table.ops[op][FRL_DTYPE_F32] = loop; };
  add(FRL_OP_exp, map1<float, ExpOp>);
  add(FRL_OP_log, map1<float, LogOp>);
  add(FRL_OP_tanh, map1<float, TanhOp>);
  add(FRL_OP_sigmoid, map1<float, SigmoidOp>);
  add(FRL_OP_erf, map1<float, ErfOp>);
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
