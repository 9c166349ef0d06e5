// The order in which max, min, argmax and argmin see values: NaN beats every number, the first of equals stays. `Max`
// selects the direction. Compiled once per SIMD target.
#if defined(FERRULE_CPU_REDUCE_EXTREMUM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FERRULE_CPU_REDUCE_EXTREMUM_INL_H_
#undef FERRULE_CPU_REDUCE_EXTREMUM_INL_H_
#else
#define FERRULE_CPU_REDUCE_EXTREMUM_INL_H_
#endif

#include "reduce/fold-inl.h"
#include "value.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

// Whether `held` stays when `next` comes after it.
template <bool Max, typename V>
HWY_INLINE bool stays(V held, V next) {
  if constexpr (std::is_same_v<V, Complex>) {
    return is_nan(held) || (!is_nan(next) && !(Max ? less(held, next) : less(next, held)));
  } else if constexpr (std::is_floating_point_v<V>) {
    return (Max ? held >= next : held <= next) | (held != held);  // false when only `next` is NaN
  } else {
    return Max ? held >= next : held <= next;
  }
}

template <typename T, bool Max>
struct Extremum {
  using In = T;
  using Lane = Compute<T>;
  using Acc = Lane;
  static HWY_INLINE Lane load(T x) { return widen(x); }
  static HWY_INLINE Lane identity() {
    if constexpr (std::is_same_v<T, Bool>)
      return Max ? 0 : 1;
    else
      return Max ? lowest_value<Lane>() : highest_value<Lane>();
  }
  static HWY_INLINE Acc start() { return identity(); }
  static constexpr bool kVectors = std::is_floating_point_v<Lane>;
  static HWY_INLINE Lane op(Lane a, Lane b) { return stays<Max>(a, b) ? a : b; }
  template <class D, class V>
  static HWY_INLINE V combine(D, V a, V b) {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
    const V extreme = Max ? hn::Max(a, b) : hn::Min(a, b);  // b when either is NaN
    return hn::IfThenElse(hn::IsNaN(a), a, extreme);
#else
    const auto ahead = Max ? hn::Ge(a, b) : hn::Le(a, b);
    return hn::IfThenElse(hn::Or(ahead, hn::IsNaN(a)), a, b);
#endif
  }
  template <class D, class V>
  static HWY_INLINE Lane across(D d, V v) {
    if (!hn::AllFalse(d, hn::IsNaN(v))) return std::numeric_limits<Lane>::quiet_NaN();
    return hn::GetLane(Max ? hn::MaxOfLanes(d, v) : hn::MinOfLanes(d, v));
  }
  // Without a look at each vector for NaN: their sum is NaN if any of them is (or if infinities of both signs meet).
  static HWY_INLINE bool try_fold(const In* x, int64_t n, Lane& result) {
    const hn::ScalableTag<Lane> d;
    const auto step = static_cast<int64_t>(hn::Lanes(d));
    const auto pick = [](auto a, auto b) HWY_ATTR { return Max ? hn::Max(a, b) : hn::Min(a, b); };
    auto e0 = hn::Set(d, identity()), e1 = e0, e2 = e0, e3 = e0;
    auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
    int64_t i = 0;
    for (; i + 4 * step <= n; i += 4 * step) {
      const auto v0 = load_lanes(d, x + i), v1 = load_lanes(d, x + i + step);
      const auto v2 = load_lanes(d, x + i + 2 * step), v3 = load_lanes(d, x + i + 3 * step);
      e0 = pick(e0, v0), e1 = pick(e1, v1), e2 = pick(e2, v2), e3 = pick(e3, v3);
      s0 = hn::Add(s0, v0), s1 = hn::Add(s1, v1), s2 = hn::Add(s2, v2), s3 = hn::Add(s3, v3);
    }
    for (; i + step <= n; i += step) {
      const auto v = load_lanes(d, x + i);
      e0 = pick(e0, v), s0 = hn::Add(s0, v);
    }
    const auto sum = hn::Add(hn::Add(s0, s1), hn::Add(s2, s3));
    if (!hn::AllFalse(d, hn::IsNaN(sum))) return false;
    const auto extreme = pick(pick(e0, e1), pick(e2, e3));
    result = hn::GetLane(Max ? hn::MaxOfLanes(d, extreme) : hn::MinOfLanes(d, extreme));
    for (; i < n; ++i) result = op(result, load(x[i]));
    return true;
  }
  static HWY_INLINE void take(Acc& a, Lane b) { a = op(a, b); }
  static HWY_INLINE void merge(Acc& a, Acc b) { a = op(a, b); }
};

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();
#endif
