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
  static HWY_INLINE void take(Acc& a, Lane b) { a = op(a, b); }
  static HWY_INLINE void merge(Acc& a, Acc b) { a = op(a, b); }
};

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();
#endif
