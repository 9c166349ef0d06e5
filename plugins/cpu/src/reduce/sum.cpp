// Folders for reduce_sum: integers wrap; half types and f32 add up in float lanes that drain into doubles.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/sum.cpp"
#include "hwy/foreach_target.h"  // before highway.h

#include "hwy/highway.h"
#include "reduce/fold-inl.h"
#include "reduce/store.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

template <typename T, typename L>
struct IntegerSum {
  using In = T;
  using Lane = L;
  using Acc = L;
  static constexpr bool kVectors = false;
  static HWY_INLINE Lane load(T x) { return static_cast<Lane>(widen(x)); }
  static HWY_INLINE Lane identity() { return 0; }
  static HWY_INLINE Acc start() { return 0; }
  static HWY_INLINE Lane op(Lane a, Lane b) { return a + b; }
  static HWY_INLINE void take(Acc& a, Lane b) { a += b; }
  static HWY_INLINE void merge(Acc& a, Acc b) { a += b; }
};

template <typename T>
struct FloatSum {
  using In = T;
  using Lane = Compute<T>;
  using Acc = double;
  static HWY_INLINE Lane load(T x) { return widen(x); }
  static HWY_INLINE Lane identity() { return 0; }
  static HWY_INLINE Acc start() { return 0; }
  static constexpr bool kVectors = true;
  static HWY_INLINE Lane op(Lane a, Lane b) { return a + b; }
  template <class D, class V>
  static HWY_INLINE V combine(D, V a, V b) {
    return hn::Add(a, b);
  }
  template <class D, class V>
  static HWY_INLINE Lane across(D d, V v) {
    return hn::GetLane(hn::SumOfLanes(d, v));
  }
  static HWY_INLINE void take(Acc& a, Lane b) { a += static_cast<double>(b); }
  static HWY_INLINE void merge(Acc& a, Acc b) { a += b; }
};

struct ComplexSum {
  using In = Complex;
  using Lane = Complex;
  using Acc = ComplexDouble;
  static constexpr bool kVectors = false;
  static HWY_INLINE Lane load(Complex x) { return x; }
  static HWY_INLINE Lane identity() { return {0, 0}; }
  static HWY_INLINE Acc start() { return {0, 0}; }
  static HWY_INLINE Lane op(Lane a, Lane b) { return {a.re + b.re, a.im + b.im}; }
  static HWY_INLINE void take(Acc& a, Lane b) {
    a.re += static_cast<double>(b.re);
    a.im += static_cast<double>(b.im);
  }
  static HWY_INLINE void merge(Acc& a, const Acc& b) {
    a.re += b.re;
    a.im += b.im;
  }
};

const Folder* sum_folder(uint32_t dtype) { return arithmetic_folder<IntegerSum, FloatSum, ComplexSum>(dtype); }

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {

HWY_EXPORT(sum_folder);

Reduction sum_reduction(uint32_t in_dtype, uint32_t out_dtype) {
  const StoreFn store = arithmetic_store(in_dtype, out_dtype);
  if (store == nullptr) return {};
  return {HWY_DYNAMIC_DISPATCH(sum_folder)(in_dtype), store};
}

}  // namespace ferrule::cpu
#endif
