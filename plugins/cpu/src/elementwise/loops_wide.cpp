// Inner loops of f32 for the functions that are hard in f32: computed in f64 vectors and rounded once.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "elementwise/loops_wide.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include <cmath>

#include "elementwise/loop_table.h"
#include "elementwise/math_wide-inl.h"
#include "elementwise/simd_map-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

#define FERRULE_CPU_UNARY(Name, body)         \
  struct Name {                               \
    template <class D, class V>               \
    HWY_INLINE V operator()(D d, V x) const { \
      body                                    \
    }                                         \
  };
#define FERRULE_CPU_BINARY(Name, body)             \
  struct Name {                                    \
    template <class D, class V>                    \
    HWY_INLINE V operator()(D d, V x, V y) const { \
      body                                         \
    }                                              \
  };

FERRULE_CPU_UNARY(Expm1Op, return hn::IfThenElse(hn::Eq(x, hn::Zero(d)), x, expm1_f64(d, x));)
FERRULE_CPU_UNARY(Log2Op, return hn::Mul(log_f64(d, x), hn::Set(d, 1.4426950408889634));)
FERRULE_CPU_UNARY(Log10Op, return hn::Mul(log_f64(d, x), hn::Set(d, 0.43429448190325182));)
FERRULE_CPU_UNARY(Log1pOp, return log1p_f64(d, x);)
FERRULE_CPU_UNARY(SinhOp, const V e = expm1_f64(d, hn::Abs(x));
                  const V y = hn::Add(e, hn::Div(e, hn::Add(e, hn::Set(d, 1.0))));
                  return hn::CopySign(hn::Mul(y, hn::Set(d, 0.5)), x);)
FERRULE_CPU_UNARY(CoshOp, const V e = exp_f64(d, hn::Abs(x));
                  return hn::Mul(hn::Add(e, hn::Div(hn::Set(d, 1.0), e)), hn::Set(d, 0.5));)
// asinh a = log1p(a + a^2 / (1 + sqrt(1 + a^2)))
FERRULE_CPU_UNARY(ArcsinhOp, const V a = hn::Abs(x); const V a2 = hn::Mul(a, a); const V one = hn::Set(d, 1.0);
                  const V t = hn::Div(a2, hn::Add(one, hn::Sqrt(hn::Add(one, a2))));
                  const V y = log1p_f64(d, hn::Add(a, t));
                  return hn::IfThenElse(hn::Lt(a, hn::Set(d, kInf64)), hn::CopySign(y, x), x);)
// acosh x = log1p(t + sqrt(t (2 + t))), t = x - 1
FERRULE_CPU_UNARY(ArccoshOp, const V t = hn::Sub(x, hn::Set(d, 1.0));
                  const V y = log1p_f64(d, hn::Add(t, hn::Sqrt(hn::Mul(t, hn::Add(t, hn::Set(d, 2.0))))));
                  return hn::IfThenElse(hn::Lt(t, hn::Zero(d)), hn::Set(d, kNan64), y);)
FERRULE_CPU_UNARY(ArctanhOp, const V a = hn::Abs(x); const V one = hn::Set(d, 1.0);
                  const V y = hn::Mul(log1p_f64(d, hn::Div(hn::Add(a, a), hn::Sub(one, a))), hn::Set(d, 0.5));
                  return hn::IfThenElse(hn::Le(a, one), hn::CopySign(y, x), hn::Set(d, kNan64));)

// x p(w), w = -log(1 - x^2), as in Giles, "Approximating the erfinv function" (2010); the fits are our own.
struct ErfinvOp {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    const V one = hn::Set(d, 1.0);
    const V a = hn::Abs(x);
    const V w = hn::Neg(log1p_f64(d, hn::Neg(hn::Mul(x, x))));
    const V central =
        horner(d, w, 0.88622692543170545, 0.23201366826262781, 0.011549318784184999, -0.0023349796014567577,
               -0.00012837446479314885, 4.7144771429796312e-05, 1.4695625862668162e-06, -6.3262462379881978e-07,
               -2.1582383995569911e-07, 7.9420072732903029e-08, -1.074705672895533e-08, 7.1664228400530545e-10,
               -1.9768227363458396e-11);
    const V s = hn::Sqrt(w);
    const V tail = horner(d, s, -3.9462301267366198, 16.088086513685788, -23.309104443122138, 19.861204814965795,
                          -10.661460053475203, 3.8234990633618766, -0.93522653602156747, 0.15479915431728575,
                          -0.016644293220858732, 0.0010518968040851343, -2.9713177174346458e-05);
    V y = hn::Mul(x, hn::IfThenElse(hn::Lt(w, hn::Set(d, 5.0)), central, tail));
    y = hn::IfThenElse(hn::Eq(a, one), hn::CopySign(hn::Set(d, kInf64), x), y);
    return hn::IfThenElse(hn::Le(a, one), y, hn::Set(d, kNan64));
  }
};

// C99 Annex F.10.4.4 over exp(y log |x|).
struct PowerOp {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x, V y) const {
    const V zero = hn::Zero(d);
    const V one = hn::Set(d, 1.0);
    const V half = hn::Set(d, 0.5);
    const V a = hn::Abs(x);
    const V magnitude = exp_f64(d, hn::Mul(y, log_f64(d, a)));
    const auto whole = hn::Eq(hn::Round(y), y);
    const V halved = hn::Mul(y, half);
    const auto odd = hn::AndNot(hn::Eq(hn::Round(halved), halved), whole);
    V r = hn::IfThenElse(odd, hn::CopySign(magnitude, x), magnitude);
    const auto finite_negative = hn::And(hn::Lt(x, zero), hn::Gt(x, hn::Set(d, -kInf64)));
    r = hn::IfThenElse(hn::AndNot(whole, finite_negative), hn::Set(d, kNan64), r);
    const V inf = hn::Set(d, kInf64);
    r = hn::IfThenElse(hn::And(hn::Eq(a, one), hn::Eq(hn::Abs(y), inf)), one, r);
    return hn::IfThenElse(hn::Or(hn::Eq(y, zero), hn::Eq(x, one)), one, r);
  }
};

struct LogaddexpOp {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x, V y) const {
    const V high = hn::IfThenElse(hn::Gt(x, y), x, y);
    const V low = hn::IfThenElse(hn::Gt(x, y), y, x);
    const V gap = hn::IfThenZeroElse(hn::Eq(x, y), hn::Sub(low, high));  // equal infinities
    const V sum = hn::Add(high, log1p_f64(d, exp_f64(d, gap)));
    const V r = hn::IfThenElse(hn::Eq(high, hn::Set(d, kInf64)), high, sum);
    return hn::IfThenElse(hn::Or(hn::IsNaN(x), hn::IsNaN(y)), hn::Set(d, kNan64), r);
  }
};

// Exact: quotient and remainder of f32 values fit f64 up to 2^28; beyond, fmod lane by lane.
struct RemainderOp {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x, V y) const {
    const V a = hn::Abs(x);
    const V b = hn::Abs(y);
    const V q = hn::Trunc(hn::Div(a, b));
    V r = hn::NegMulAdd(q, b, a);
    r = hn::IfThenElse(hn::Lt(r, hn::Zero(d)), hn::Add(r, b), r);  // the division rounded up to a whole number
    r = hn::IfThenElse(hn::Ge(r, b), hn::Sub(r, b), r);
    r = hn::IfThenElse(hn::Lt(a, b), a, r);
    const auto huge = hn::And(hn::Gt(q, hn::Set(d, 268435456.0)), hn::Lt(q, hn::Set(d, kInf64)));
    if (!hn::AllFalse(d, huge)) r = hn::IfThenElse(huge, fmod_lanes(d, a, b), r);
    r = hn::CopySign(r, x);
    const auto differ =
        hn::Lt(hn::Mul(hn::CopySign(hn::Set(d, 1.0), r), hn::CopySign(hn::Set(d, 1.0), y)), hn::Zero(d));
    r = hn::IfThenElse(hn::And(differ, hn::Ne(r, hn::Zero(d))), hn::Add(r, y), r);
    return hn::IfThenElse(hn::Or(hn::IsNaN(x), hn::IsNaN(y)), hn::Set(d, kNan64), r);
  }
  template <class D, class V>
  static HWY_NOINLINE V fmod_lanes(D d, V a, V b) {
    HWY_ALIGN double x[hn::MaxLanes(D())];
    HWY_ALIGN double y[hn::MaxLanes(D())];
    hn::Store(a, d, x);
    hn::Store(b, d, y);
    for (size_t i = 0; i < hn::Lanes(d); ++i) x[i] = std::fmod(x[i], y[i]);
    return hn::Load(d, x);
  }
};

#undef FERRULE_CPU_UNARY
#undef FERRULE_CPU_BINARY

void add_wide_for_target(LoopTable& table) {
  const auto add = [&](uint32_t op, Loop loop) { table.ops[op][FRL_DTYPE_F32] = loop; };
  add(FRL_OP_expm1, map1_wide<Expm1Op>);
  add(FRL_OP_log2, map1_wide<Log2Op>);
  add(FRL_OP_log10, map1_wide<Log10Op>);
  add(FRL_OP_log1p, map1_wide<Log1pOp>);
  add(FRL_OP_sinh, map1_wide<SinhOp>);
  add(FRL_OP_cosh, map1_wide<CoshOp>);
  add(FRL_OP_arcsinh, map1_wide<ArcsinhOp>);
  add(FRL_OP_arccosh, map1_wide<ArccoshOp>);
  add(FRL_OP_arctanh, map1_wide<ArctanhOp>);
  add(FRL_OP_erfinv, map1_wide<ErfinvOp>);
  add(FRL_OP_power, map2_wide<PowerOp>);
  add(FRL_OP_logaddexp, map2_wide<LogaddexpOp>);
  add(FRL_OP_remainder, map2_wide<RemainderOp>);
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {
HWY_EXPORT(add_wide_for_target);
void add_wide_loops(LoopTable& table) { HWY_DYNAMIC_DISPATCH(add_wide_for_target)(table); }
}  // namespace ferrule::cpu
#endif
