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

// y 2^n for whole n, |n| <= 252, rounded once.
template <class D, class V>
HWY_INLINE V scale_f32(D d, V y, V n) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
  if constexpr (sizeof(V) == 64) return V{_mm512_scalef_ps(y.raw, n.raw)};
#endif
  // In two factors, so that neither the largest nor subnormal results leave the range on the way.
  const hn::Rebind<int32_t, D> di;
  const auto whole = hn::ConvertTo(di, n);
  const auto half = hn::ShiftRight<1>(whole);
  return hn::Mul(hn::Mul(y, pow2_f32(d, half)), pow2_f32(d, hn::Sub(whole, half)));
}

// e^x; within 1 ulp, subnormal results included.
template <class D, class V>
HWY_INLINE V exp_f32(D d, V x) {
  // On x86 the second operand is the result where either is NaN, so that a NaN passes through.
  const V clamped = hn::Min(hn::Set(d, 89.0f), hn::Max(hn::Set(d, -104.0f), x));
  const V n = hn::Round(hn::Mul(clamped, hn::Set(d, 1.44269504f)));
  V r = hn::NegMulAdd(n, hn::Set(d, 0.693359375f), clamped);
  r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4f), r);
  const V q = horner(d, r, 0.499999931f, 0.166665148f, 0.0416684568f, 0.00836941904f, 0.00138131424f);
  const V y = hn::Add(hn::MulAdd(hn::Mul(r, r), q, r), hn::Set(d, 1.0f));
  const V scaled = scale_f32(d, y, n);
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
  return scaled;
#else
  return hn::IfThenElse(hn::IsNaN(x), x, scaled);
#endif
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

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
// erf(a) / a by one of 16 polynomials, around the multiples of 4/15 up to 4; coefficients by rising power.
alignas(64) inline constexpr float kErfPieces[6][16] = {
    {1.12837911f, 1.10219347f, 1.02993608f, 0.927626193f, 0.814286232f, 0.705490172f, 0.61021769f, 0.5312711f,
     0.467553258f, 0.41637975f, 0.374939054f, 0.34089765f, 0.312498093f, 0.288461238f, 0.267857105f, 0.25f},
    {0.0f, -0.192255199f, -0.339201123f, -0.415800542f, -0.424318373f, -0.386084288f, -0.326867908f, -0.266069353f,
     -0.213582501f, -0.172010034f, -0.140256867f, -0.116144598f, -0.097643055f, -0.0832080096f, -0.0717471614f,
     -0.062499959f},
    {-0.37612161f, -0.329965353f, -0.21302709f, -0.0752379745f, 0.0361157134f, 0.0988508686f, 0.117063582f,
     0.107929625f, 0.0882068649f, 0.0681155324f, 0.0516756848f, 0.0393879302f, 0.0304731335f, 0.023995474f,
     0.0192169752f, 0.0156248538f},
    {0.0f, 0.110554375f, 0.170657068f, 0.163458273f, 0.110309117f, 0.0477050282f, 0.00170753011f, -0.0209309366f,
     -0.0262683686f, -0.0231862925f, -0.0178566426f, -0.0130467862f, -0.00944109447f, -0.00690668914f, -0.00514500868f,
     -0.0039061585f},
    {0.112122841f, 0.0855051056f, 0.0240945127f, -0.033332143f, -0.0593220778f, -0.0532476529f, -0.0319155939f,
     -0.0117920851f, 0.000104083403f, 0.00456225639f, 0.00495832227f, 0.00395748112f, 0.00283651589f, 0.00197187718f,
     0.00137643225f, 0.000971974398f},
    {0.0f, -0.0374717787f, -0.0495393313f, -0.033107195f, -0.00595994992f, 0.0128031205f, 0.0171108544f, 0.0122722387f,
     0.0057421797f, 0.00139009976f, -0.000472142303f, -0.000884522742f, -0.000758953625f, -0.000539698754f,
     -0.00036309546f, -0.000268465519f},
};
#endif

// x + x p(x^2) for small arguments, 1 - exp(p(|x|)) for large ones.
template <class D, class V>
HWY_INLINE V erf_f32(D d, V x) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
  if constexpr (sizeof(V) == 64) {
    const hn::Rebind<int32_t, D> di;
    const V a = hn::Min(hn::Set(d, 4.0f), hn::Abs(x));  // a NaN passes through, as in exp_f32
    // The low bits of a sum of this size are its whole part.
    const V magic = hn::Set(d, 12582912.0f);
    const V shifted = hn::MulAdd(a, hn::Set(d, 3.75f), magic);
    const V t = hn::NegMulAdd(hn::Sub(shifted, magic), hn::Set(d, 1 / 3.75f), a);
    const auto piece = hn::IndicesFromVec(d, hn::And(hn::BitCast(di, shifted), hn::Set(di, 15)));
    const auto c = [&](int k) HWY_ATTR { return hn::TableLookupLanes(hn::Load(d, kErfPieces[k]), piece); };
    V p = hn::MulAdd(c(5), t, c(4));
    p = hn::MulAdd(p, t, c(3));
    p = hn::MulAdd(p, t, c(2));
    p = hn::MulAdd(p, t, c(1));
    p = hn::MulAdd(p, t, c(0));
    return hn::CopySign(hn::Min(hn::Set(d, 1.0f), hn::Mul(a, p)), x);
  }
#endif
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

// As function objects, for loops and chains.
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

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();
#endif  // FERRULE_CPU_MATH_F32_INL_H_
