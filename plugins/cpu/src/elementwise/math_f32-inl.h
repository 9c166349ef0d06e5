// Vector functions that work in f32 throughout: exp, log and what is quickly made of them. Polynomials are minimax fits
// of our own; measured errors are printed by cpu_ulp_sweep. Reduction as in Cody and Waite, "Software Manual for the
// Elementary Functions" (1980). Included once per Highway target.
#if defined(FERRULE_CPU_MATH_F32_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FERRULE_CPU_MATH_F32_INL_H_
#undef FERRULE_CPU_MATH_F32_INL_H_
#else
#define FERRULE_CPU_MATH_F32_INL_H_
#endif

#include <cstdint>
#include <limits>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// c0 + x (c1 + x (c2 + ...))
template <class D, class V, class T>
HWY_INLINE V horner(D d, V, T c) {
  return hn::Set(d, static_cast<hn::TFromD<D>>(c));
}
template <class D, class V, class T, class... Rest>
HWY_INLINE V horner(D d, V x, T c, Rest... rest) {
  return hn::MulAdd(horner(d, x, rest...), x, hn::Set(d, static_cast<hn::TFromD<D>>(c)));
}

// 2^n for whole |n| <= 126.
template <class D, class VI>
HWY_INLINE hn::Vec<D> pow2_f32(D d, VI n) {
  const hn::Rebind<int32_t, D> di;
  return hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(n, hn::Set(di, 127))));
}

// e^x; within 1 ulp, subnormal results included.
template <class D, class V>
HWY_INLINE V exp_f32(D d, V x) {
  const hn::Rebind<int32_t, D> di;
  const V clamped = hn::Min(hn::Max(x, hn::Set(d, -104.0f)), hn::Set(d, 89.0f));
  const V n = hn::Round(hn::Mul(clamped, hn::Set(d, 1.44269504f)));
  V r = hn::NegMulAdd(n, hn::Set(d, 0.693359375f), clamped);
  r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4f), r);
  const V q = horner(d, r, 0.499999931f, 0.166665148f, 0.0416684568f, 0.00836941904f, 0.00138131424f);
  const V y = hn::Add(hn::MulAdd(hn::Mul(r, r), q, r), hn::Set(d, 1.0f));
  // In two factors, so that neither the largest nor subnormal results leave the range on the way.
  const auto whole = hn::ConvertTo(di, n);
  const auto half = hn::ShiftRight<1>(whole);
  const V scaled = hn::Mul(hn::Mul(y, pow2_f32(d, half)), pow2_f32(d, hn::Sub(whole, half)));
  return hn::IfThenElse(hn::IsNaN(x), x, scaled);
}

// log x; within 1 ulp.
template <class D, class V>
HWY_INLINE V log_f32(D d, V x) {
  const hn::Rebind<int32_t, D> di;
  const auto subnormal = hn::Lt(x, hn::Set(d, 1.17549435e-38f));
  const V normal = hn::IfThenElse(subnormal, hn::Mul(x, hn::Set(d, 8388608.0f)), x);
  // m in [sqrt(1/2), sqrt(2)), x = m 2^e
  const auto offset = hn::Set(di, 0x3f3504f3);
  const auto bits = hn::Sub(hn::BitCast(di, normal), offset);
  V e = hn::ConvertTo(d, hn::ShiftRight<23>(bits));
  e = hn::Sub(e, hn::IfThenElseZero(subnormal, hn::Set(d, 23.0f)));
  const V m = hn::BitCast(d, hn::Add(hn::And(bits, hn::Set(di, 0x7fffff)), offset));
  const V f = hn::Sub(m, hn::Set(d, 1.0f));
  const V q = horner(d, f, 0.333333126f, -0.250000096f, 0.200021187f, -0.166679957f, 0.142195509f, -0.124055914f,
                     0.118881746f, -0.116756413f, 0.0674660125f);
  const V f2 = hn::Mul(f, f);
  V y = hn::Mul(hn::Mul(f2, f), q);
  y = hn::MulAdd(e, hn::Set(d, -2.12194440e-4f), y);
  y = hn::NegMulAdd(hn::Set(d, 0.5f), f2, y);
  y = hn::MulAdd(e, hn::Set(d, 0.693359375f), hn::Add(f, y));
  const V inf = hn::Set(d, std::numeric_limits<float>::infinity());
  y = hn::IfThenElse(hn::Lt(x, inf), y, x);  // inf and NaN stay
  y = hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Neg(inf), y);
  return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Set(d, std::numeric_limits<float>::quiet_NaN()), y);
}

template <class D, class V>
HWY_INLINE V tanh_f32(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  const V a = hn::Abs(x);
  const V x2 = hn::Mul(x, x);
  const V q =
      horner(d, x2, -0.333333309f, 0.133332098f, -0.0539472043f, 0.0217029671f, -0.00818267386f, 0.00214753687f);
  const V small = hn::MulAdd(hn::Mul(x2, a), q, a);
  const V e = exp_f32(d, hn::Add(a, a));
  const V large = hn::Sub(one, hn::Div(hn::Set(d, 2.0f), hn::Add(e, one)));
  return hn::CopySign(hn::IfThenElse(hn::Lt(a, hn::Set(d, 0.625f)), small, large), x);
}

// e / (1 + e) with e = exp(-|x|) for negative x keeps the relative accuracy of small results.
template <class D, class V>
HWY_INLINE V sigmoid_f32(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  const V e = exp_f32(d, hn::Neg(hn::Abs(x)));
  const V numerator = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), e, one);
  return hn::Div(numerator, hn::Add(one, e));
}

// x + x p(x^2) for small arguments, 1 - exp(p(|x|)) for large ones.
template <class D, class V>
HWY_INLINE V erf_f32(D d, V x) {
  const V a = hn::Abs(x);
  const V x2 = hn::Mul(x, x);
  const V p = horner(d, x2, 0.128379167f, -0.376126326f, 0.11283679f, -0.026858497f, 0.00519882978f, -0.000811807467f,
                     8.26745883e-05f);
  const V small = hn::MulAdd(a, p, a);
  const V t = hn::Min(a, hn::Set(d, 4.0f));
  const V g = horner(d, t, 0.000174684696f, -1.12951493f, -0.633346903f, -0.108280093f, 0.0251194297f, -0.00417106396f,
                     0.000434462819f, -2.10950688e-05f);
  const V large = hn::Sub(hn::Set(d, 1.0f), exp_f32(d, g));
  const V y = hn::IfThenElse(hn::Lt(a, hn::Set(d, 0.92f)), small, large);
  return hn::IfThenElse(hn::IsNaN(x), x, hn::CopySign(y, x));
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();
#endif  // FERRULE_CPU_MATH_F32_INL_H_
