// Arithmetic and rounding of f32 and f64 vectors, one function object per op: what loops and chains have in common.
// Included once per Highway target.
#if defined(FERRULE_CPU_OPS_FLOAT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FERRULE_CPU_OPS_FLOAT_INL_H_
#undef FERRULE_CPU_OPS_FLOAT_INL_H_
#else
#define FERRULE_CPU_OPS_FLOAT_INL_H_
#endif

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

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

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();
#endif  // FERRULE_CPU_OPS_FLOAT_INL_H_
