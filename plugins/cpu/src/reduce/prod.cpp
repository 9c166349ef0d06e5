// Folders for reduce_prod: integers wrap; floats multiply in doubles, so that no partial product of f32 overflows.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/prod.cpp"
#include "hwy/foreach_target.h"  // before highway.h

#include "hwy/highway.h"
#include "reduce/fold-inl.h"
#include "reduce/store.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

template <typename T, typename L>
struct IntegerProd {
  using In = T;
  using Lane = L;
  using Acc = L;
  static constexpr bool kVectors = false;
  static HWY_INLINE Lane load(T x) { return static_cast<Lane>(widen(x)); }
  static HWY_INLINE Lane identity() { return 1; }
  static HWY_INLINE Acc start() { return 1; }
  static HWY_INLINE Lane op(Lane a, Lane b) { return a * b; }
  static HWY_INLINE void take(Acc& a, Lane b) { a *= b; }
  static HWY_INLINE void merge(Acc& a, Acc b) { a *= b; }
};

template <typename T>
struct FloatProd {
  using In = T;
  using Lane = double;
  using Acc = double;
  static constexpr bool kVectors = false;  // stored and computed widths differ
  static HWY_INLINE Lane load(T x) { return static_cast<double>(widen(x)); }
  static HWY_INLINE Lane identity() { return 1; }
  static HWY_INLINE Acc start() { return 1; }
  static HWY_INLINE Lane op(Lane a, Lane b) { return a * b; }
  static HWY_INLINE void take(Acc& a, Lane b) { a *= b; }
  static HWY_INLINE void merge(Acc& a, Acc b) { a *= b; }
};

struct ComplexProd {
  using In = Complex;
  using Lane = ComplexDouble;
  using Acc = ComplexDouble;
  static constexpr bool kVectors = false;
  static HWY_INLINE Lane load(Complex x) { return {static_cast<double>(x.re), static_cast<double>(x.im)}; }
  static HWY_INLINE Lane identity() { return {1, 0}; }
  static HWY_INLINE Acc start() { return {1, 0}; }
  static HWY_INLINE Lane op(Lane a, Lane b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
  static HWY_INLINE void take(Acc& a, Lane b) { a = op(a, b); }
  static HWY_INLINE void merge(Acc& a, Acc b) { a = op(a, b); }
};

const Folder* prod_folder(uint32_t dtype) { return arithmetic_folder<IntegerProd, FloatProd, ComplexProd>(dtype); }

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {

HWY_EXPORT(prod_folder);

Reduction prod_reduction(uint32_t in_dtype, uint32_t out_dtype) {
  const StoreFn store = arithmetic_store(in_dtype, out_dtype);
  if (store == nullptr) return {};
  return {HWY_DYNAMIC_DISPATCH(prod_folder)(in_dtype), store};
}

}  // namespace ferrule::cpu
#endif
