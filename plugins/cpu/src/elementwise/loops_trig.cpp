// Inner loops of f32 for the circular functions and their inverses. Arguments that the vector reduction cannot take
// (beyond some 1e4 in f32, 1e6 in f64) go to libm one by one, in f64, which is exact over the whole range.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "elementwise/loops_trig.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include <cmath>

#include "elementwise/loop_table.h"
#include "elementwise/math_wide-inl.h"
#include "elementwise/simd_map-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

template <class D, class V, class F>
HWY_NOINLINE V lane_by_lane(D d, V x, F f) {
  using T = hn::TFromD<D>;
  HWY_ALIGN T lanes[hn::MaxLanes(D())];
  hn::Store(x, d, lanes);
  for (size_t i = 0; i < hn::Lanes(d); ++i) lanes[i] = static_cast<T>(f(static_cast<double>(lanes[i])));
  return hn::Load(d, lanes);
}

struct LibmSin {
  double operator()(double x) const { return std::sin(x); }
};
struct LibmCos {
  double operator()(double x) const { return std::cos(x); }
};
struct LibmTan {
  double operator()(double x) const { return std::tan(x); }
};

inline constexpr double kLargestReduced = 1e6;

struct SinWide {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    if (!hn::AllTrue(d, hn::Le(hn::Abs(x), hn::Set(d, kLargestReduced)))) return lane_by_lane(d, x, LibmSin());
    // The sign is put back by hand: the reduction would turn -0 into +0.
    return hn::Xor(sincos_f64(d, hn::Abs(x)).sin, hn::And(x, hn::SignBit(d)));
  }
};

struct CosWide {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    if (!hn::AllTrue(d, hn::Le(hn::Abs(x), hn::Set(d, kLargestReduced)))) return lane_by_lane(d, x, LibmCos());
    return sincos_f64(d, x).cos;
  }
};

struct TanWide {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    if (!hn::AllTrue(d, hn::Le(hn::Abs(x), hn::Set(d, kLargestReduced)))) return lane_by_lane(d, x, LibmTan());
    const SinCos<V> y = sincos_f64(d, hn::Abs(x));
    return hn::Xor(hn::Div(y.sin, y.cos), hn::And(x, hn::SignBit(d)));
  }
};

#if HWY_NATIVE_FMA
// With a fused multiply-add three parts of pi / 2 reduce exactly enough up to here.
inline constexpr float kLargestReducedF32 = 10000.0f;

// sin(|x| + quadrants * pi / 2)
template <int kQuadrants, class D, class V>
HWY_INLINE V sin_quadrants_f32(D d, V x) {
  const hn::Rebind<int32_t, D> di;
  const V n = hn::Round(hn::Mul(x, hn::Set(d, 0.636619772f)));
  V r = hn::NegMulAdd(n, hn::Set(d, 1.57079637f), x);
  r = hn::NegMulAdd(n, hn::Set(d, -4.37113883e-8f), r);
  r = hn::NegMulAdd(n, hn::Set(d, -1.71512489e-15f), r);
  const V r2 = hn::Mul(r, r);
  const V s =
      hn::MulAdd(hn::Mul(r, r2), horner(d, r2, -0.166666666f, 0.00833332927f, -0.00019839296f, 2.71793889e-06f), r);
  const V c =
      hn::MulAdd(hn::Mul(r2, r2), horner(d, r2, 0.0416666666f, -0.00138888836f, 2.47994785e-05f, -2.72067784e-07f),
                 hn::NegMulAdd(hn::Set(d, 0.5f), r2, hn::Set(d, 1.0f)));
  const auto quadrant = hn::Add(hn::ConvertTo(di, n), hn::Set(di, kQuadrants));
  const auto odd = hn::RebindMask(d, hn::Ne(hn::And(quadrant, hn::Set(di, 1)), hn::Zero(di)));
  const V sign = hn::And(hn::BitCast(d, hn::ShiftLeft<30>(quadrant)), hn::SignBit(d));
  return hn::Xor(hn::IfThenElse(odd, c, s), sign);
}

struct SinF32 {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    if (!hn::AllTrue(d, hn::Le(hn::Abs(x), hn::Set(d, kLargestReducedF32)))) return lane_by_lane(d, x, LibmSin());
    return hn::Xor(sin_quadrants_f32<0>(d, hn::Abs(x)), hn::And(x, hn::SignBit(d)));
  }
};
struct CosF32 {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    if (!hn::AllTrue(d, hn::Le(hn::Abs(x), hn::Set(d, kLargestReducedF32)))) return lane_by_lane(d, x, LibmCos());
    return sin_quadrants_f32<1>(d, hn::Abs(x));
  }
};
#endif

struct ArcsinWide {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    const V one = hn::Set(d, 1.0);
    const V a = hn::Abs(x);
    const V y = arctan_ratio_f64(d, a, hn::Sqrt(hn::Mul(hn::Sub(one, a), hn::Add(one, a))));
    return hn::IfThenElse(hn::Le(a, one), hn::CopySign(y, x), hn::Set(d, kNan64));
  }
};

struct ArccosWide {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    const V one = hn::Set(d, 1.0);
    const V a = hn::Abs(x);
    const V y = arctan_ratio_f64(d, hn::Sqrt(hn::Mul(hn::Sub(one, a), hn::Add(one, a))), a);
    const V z = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Sub(hn::Set(d, 3.1415926535897931), y), y);
    return hn::IfThenElse(hn::Le(a, one), z, hn::Set(d, kNan64));
  }
};

struct ArctanWide {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    const V y = arctan_ratio_f64(d, hn::Min(hn::Abs(x), hn::Set(d, 1e300)), hn::Set(d, 1.0));
    return hn::IfThenElse(hn::IsNaN(x), x, hn::CopySign(y, x));
  }
};

// C99 Annex F.10.1.4.
struct Arctan2Wide {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V y, V x) const {
    const V zero = hn::Zero(d);
    const V inf = hn::Set(d, kInf64);
    V a = hn::Abs(y);
    V b = hn::Abs(x);
    // Both infinite is as both 1; both zero as 0 / 1.
    const auto both_inf = hn::And(hn::Eq(a, inf), hn::Eq(b, inf));
    a = hn::IfThenElse(both_inf, hn::Set(d, 1.0), a);
    b = hn::IfThenElse(both_inf, hn::Set(d, 1.0), b);
    b = hn::IfThenElse(hn::And(hn::Eq(a, zero), hn::Eq(b, zero)), hn::Set(d, 1.0), b);
    const V t = arctan_ratio_f64(d, hn::Min(a, hn::Set(d, 1e300)), hn::Min(b, hn::Set(d, 1e300)));
    const auto left = hn::Lt(hn::CopySign(hn::Set(d, 1.0), x), zero);
    const V angle = hn::IfThenElse(left, hn::Sub(hn::Set(d, 3.1415926535897931), t), t);
    const auto is_nan = hn::Or(hn::IsNaN(x), hn::IsNaN(y));
    return hn::IfThenElse(is_nan, hn::Set(d, kNan64), hn::CopySign(angle, y));
  }
};

void add_trig_for_target(LoopTable& table) {
  const auto add = [&](uint32_t op, Loop loop) { table.ops[op][FRL_DTYPE_F32] = loop; };
#if HWY_NATIVE_FMA
  add(FRL_OP_sin, map1<float, SinF32>);
  add(FRL_OP_cos, map1<float, CosF32>);
#else
  add(FRL_OP_sin, map1_wide<SinWide>);
  add(FRL_OP_cos, map1_wide<CosWide>);
#endif
  add(FRL_OP_tan, map1_wide<TanWide>);
  add(FRL_OP_arcsin, map1_wide<ArcsinWide>);
  add(FRL_OP_arccos, map1_wide<ArccosWide>);
  add(FRL_OP_arctan, map1_wide<ArctanWide>);
  add(FRL_OP_arctan2, map2_wide<Arctan2Wide>);
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {
HWY_EXPORT(add_trig_for_target);
void add_trig_loops(LoopTable& table) { HWY_DYNAMIC_DISPATCH(add_trig_for_target)(table); }
}  // namespace ferrule::cpu
#endif
