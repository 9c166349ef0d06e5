// Inner loops of f32 and f64 for arithmetic and rounding: everything that is one or two vector instructions.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "elementwise/loops_float.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "elementwise/loop_table.h"
#include "elementwise/simd_map-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

#define FERRULE_CPU_UNARY(Name, body)         \
  struct Name {                               \
    template <class D, class V>               \
    HWY_INLINE V operator()(D d, V x) const { \
      (void)d;                                \
      body                                    \
    }                                         \
  };
#define FERRULE_CPU_BINARY(Name, body)             \
  struct Name {                                    \
    template <class D, class V>                    \
    HWY_INLINE V operator()(D d, V x, V y) const { \
      (void)d;                                     \
      body                                         \
    }                                              \
  };

// Highway's scalar target loses the sign of a zero result.
#if HWY_TARGET == HWY_SCALAR
template <class V>
HWY_INLINE V keep_sign(V rounded, V x) {
  return hn::CopySign(rounded, x);
}
#else
template <class V>
HWY_INLINE V keep_sign(V rounded, V) {
  return rounded;
}
#endif

FERRULE_CPU_UNARY(AbsOp, return hn::Abs(x);)
FERRULE_CPU_UNARY(NegativeOp, return hn::Xor(x, hn::SignBit(d));)
FERRULE_CPU_UNARY(SignOp, const V zero = hn::Zero(d); const V one = hn::Set(d, 1);
                  return hn::Sub(hn::IfThenElseZero(hn::Gt(x, zero), one), hn::IfThenElseZero(hn::Lt(x, zero), one));)
FERRULE_CPU_UNARY(CeilOp, return keep_sign(hn::Ceil(x), x);)
FERRULE_CPU_UNARY(FloorOp, return keep_sign(hn::Floor(x), x);)
FERRULE_CPU_UNARY(RoundOp, return keep_sign(hn::Round(x), x);)
FERRULE_CPU_UNARY(SquareOp, return hn::Mul(x, x);)
FERRULE_CPU_UNARY(SqrtOp, return hn::Sqrt(x);)
FERRULE_CPU_UNARY(RsqrtOp, return hn::Div(hn::Set(d, 1), hn::Sqrt(x));)

FERRULE_CPU_BINARY(AddOp, return hn::Add(x, y);)
FERRULE_CPU_BINARY(SubtractOp, return hn::Sub(x, y);)
FERRULE_CPU_BINARY(MultiplyOp, return hn::Mul(x, y);)
FERRULE_CPU_BINARY(DivideOp, return hn::Div(x, y);)
FERRULE_CPU_BINARY(FloorDivideOp, const V q = hn::Div(x, y); return keep_sign(hn::Floor(q), q);)
// A NaN in x is returned by the outer choice; one in y makes the comparison false.
FERRULE_CPU_BINARY(MaximumOp, return hn::IfThenElse(hn::Or(hn::Gt(x, y), hn::IsNaN(x)), x, y);)
FERRULE_CPU_BINARY(MinimumOp, return hn::IfThenElse(hn::Or(hn::Lt(x, y), hn::IsNaN(x)), x, y);)

#undef FERRULE_CPU_UNARY
#undef FERRULE_CPU_BINARY

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
