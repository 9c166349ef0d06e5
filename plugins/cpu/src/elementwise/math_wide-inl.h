// Vector functions in f64 for f32 operands: relative errors of some 1e-13, so that the result rounded to f32 is within
// 0.51 ulp. Not exact enough for f64 results. Operands are f32 values (or sums and products of a few), so that nothing
// here overflows or meets an f64 subnormal. Included once per Highway target.
#if defined(FERRULE_CPU_MATH_WIDE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FERRULE_CPU_MATH_WIDE_INL_H_
#undef FERRULE_CPU_MATH_WIDE_INL_H_
#else
#define FERRULE_CPU_MATH_WIDE_INL_H_
#endif

#include <limits>

#include "elementwise/math_f32-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

inline constexpr double kInf64 = std::numeric_limits<double>::infinity();
inline constexpr double kNan64 = std::numeric_limits<double>::quiet_NaN();

template <class V>
struct ExpParts {
  V scale;  // 2^n
  V tail;   // e^r - 1
};

template <class D, class V>
HWY_INLINE ExpParts<V> exp_parts_f64(D d, V x) {
  const hn::RebindToUnsigned<D> du;
  const V clamped = hn::Min(hn::Max(x, hn::Set(d, -700.0)), hn::Set(d, 700.0));
  const V n = hn::Round(hn::Mul(clamped, hn::Set(d, 1.4426950408889634)));
  V r = hn::NegMulAdd(n, hn::Set(d, 0.6931471803691238), clamped);
  r = hn::NegMulAdd(n, hn::Set(d, 1.9082149292705877e-10), r);
  const V q = horner(d, r, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880,
                     1.0 / 3628800, 1.0 / 39916800);
  // The low bits of 1.5 * 2^52 + 1023 + n are the exponent field.
  const auto field = hn::BitCast(du, hn::Add(n, hn::Set(d, 6755399441055744.0 + 1023.0)));
  return {hn::BitCast(d, hn::ShiftLeft<52>(field)), hn::MulAdd(hn::Mul(r, r), q, r)};
}

// e^x, saturating at e^700 and e^-700: infinity and 0 once rounded to f32.
template <class D, class V>
HWY_INLINE V exp_f64(D d, V x) {
  const ExpParts<V> parts = exp_parts_f64(d, x);
  return hn::IfThenElse(hn::IsNaN(x), x, hn::MulAdd(parts.scale, parts.tail, parts.scale));
}

template <class D, class V>
HWY_INLINE V expm1_f64(D d, V x) {
  const ExpParts<V> parts = exp_parts_f64(d, x);
  const V y = hn::MulAdd(parts.scale, parts.tail, hn::Sub(parts.scale, hn::Set(d, 1.0)));
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}

// log x for normal positive x; anything else gives any number.
template <class D, class V>
HWY_INLINE V log_positive_f64(D d, V x) {
  const hn::RebindToUnsigned<D> du;
  const auto bits = hn::BitCast(du, x);
  const auto one_bits = hn::Set(du, 0x3ff0000000000000ull);
  const auto sqrt_half_bits = hn::Set(du, 0x3fe6a09e667f3bcdull);
  const auto shifted = hn::Add(hn::Sub(bits, sqrt_half_bits), one_bits);
  const auto field = hn::ShiftRight<52>(shifted);  // 1023 + e
  const V e = hn::Sub(hn::BitCast(d, hn::Or(field, hn::Set(du, 0x4330000000000000ull))),
                      hn::Set(d, 4503599627370496.0 + 1023.0));
  // m in [sqrt(1/2), sqrt(2)), x = m 2^e; log m = 2 atanh((m - 1) / (m + 1))
  const V m = hn::BitCast(d, hn::Sub(bits, hn::Sub(hn::ShiftLeft<52>(field), one_bits)));
  const V one = hn::Set(d, 1.0);
  const V s = hn::Div(hn::Sub(m, one), hn::Add(m, one));
  const V s2 = hn::Mul(s, s);
  const V q = horner(d, s2, 2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13, 2.0 / 15, 2.0 / 17);
  V y = hn::MulAdd(hn::Mul(s, s2), q, hn::Add(s, s));
  y = hn::MulAdd(e, hn::Set(d, 1.9082149292705877e-10), y);
  return hn::MulAdd(e, hn::Set(d, 0.6931471803691238), y);
}

// Puts log's values at 0, below it, at infinity and NaN over y = log x.
template <class D, class V>
HWY_INLINE V with_log_specials(D d, V x, V y) {
  y = hn::IfThenElse(hn::Lt(x, hn::Set(d, kInf64)), y, x);
  y = hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Set(d, -kInf64), y);
  return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Set(d, kNan64), y);
}

template <class D, class V>
HWY_INLINE V log_f64(D d, V x) {
  return with_log_specials(d, x, log_positive_f64(d, x));
}

// log(1 + x), with the rounding error of the sum added back.
template <class D, class V>
HWY_INLINE V log1p_f64(D d, V x) {
  const V one = hn::Set(d, 1.0);
  const V u = hn::Add(one, x);
  const V lost = hn::Div(hn::Sub(x, hn::Sub(u, one)), u);
  const V y = with_log_specials(d, u, hn::Add(log_positive_f64(d, u), lost));
  return hn::IfThenElse(hn::Eq(x, hn::Zero(d)), x, y);
}

// arctan(a / b) for a, b >= 0, not both 0 or infinite: one division, |argument| <= tan(pi / 8).
template <class D, class V>
HWY_INLINE V arctan_ratio_f64(D d, V a, V b) {
  const V low = hn::Min(a, b);
  const V high = hn::Max(a, b);
  const auto upper = hn::Gt(low, hn::Mul(high, hn::Set(d, 0.41421356237309503)));
  const V t = hn::Div(hn::IfThenElse(upper, hn::Sub(low, high), low), hn::IfThenElse(upper, hn::Add(low, high), high));
  const V t2 = hn::Mul(t, t);
  const V q = horner(d, t2, -0.33333333333257537, 0.1999999998241028, -0.14285712861159802, 0.11111054140624309,
                     -0.090896114329018354, 0.076742886722952819, -0.06510097366809095, 0.050369947938880999,
                     -0.025469019079657169);
  V y = hn::MulAdd(hn::Mul(t, t2), q, t);
  y = hn::Add(y, hn::IfThenElseZero(upper, hn::Set(d, 0.78539816339744831)));
  return hn::IfThenElse(hn::Gt(a, b), hn::Sub(hn::Set(d, 1.5707963267948966), y), y);
}

template <class V>
struct SinCos {
  V sin, cos;
};

// For |x| <= 1e6.
template <class D, class V>
HWY_INLINE SinCos<V> sincos_f64(D d, V x) {
  const hn::RebindToUnsigned<D> du;
  const V n = hn::Round(hn::Mul(x, hn::Set(d, 0.63661977236758134)));
  // pi / 2 in parts of 33 bits, so that n times the first two is exact.
  V r = hn::NegMulAdd(n, hn::Set(d, 1.57079632673412561417e+00), x);
  r = hn::NegMulAdd(n, hn::Set(d, 6.07710050630396597660e-11), r);
  r = hn::NegMulAdd(n, hn::Set(d, 2.02226624879595063154e-21), r);
  const V r2 = hn::Mul(r, r);
  const V s = hn::MulAdd(hn::Mul(r, r2),
                         horner(d, r2, -0.16666666666666738, 0.0083333333333486526, -0.00019841269856912745,
                                2.7557327442151162e-06, -2.5054329323864711e-08, 1.6351321269868809e-10),
                         r);
  const V c = hn::MulAdd(hn::Mul(r2, r2),
                         horner(d, r2, 0.041666666666667712, -0.0013888888889121587, 2.4801587492005394e-05,
                                -2.7557396428665041e-07, 2.0893521050692662e-09, -1.3335690205516923e-11),
                         hn::NegMulAdd(hn::Set(d, 0.5), r2, hn::Set(d, 1.0)));
  const auto quadrant = hn::BitCast(du, hn::Add(n, hn::Set(d, 6755399441055744.0)));
  const auto odd = hn::Ne(hn::And(quadrant, hn::Set(du, 1)), hn::Zero(du));
  const auto swap = hn::RebindMask(d, odd);
  const V sign_bit = hn::SignBit(d);
  const V sin_sign = hn::And(hn::BitCast(d, hn::ShiftLeft<62>(quadrant)), sign_bit);
  const V cos_sign = hn::And(hn::BitCast(d, hn::ShiftLeft<62>(hn::Add(quadrant, hn::Set(du, 1)))), sign_bit);
  return {hn::Xor(hn::IfThenElse(swap, c, s), sin_sign), hn::Xor(hn::IfThenElse(swap, s, c), cos_sign)};
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();
#endif  // FERRULE_CPU_MATH_WIDE_INL_H_
