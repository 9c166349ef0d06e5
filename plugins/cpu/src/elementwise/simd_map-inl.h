// Drives a vector function over contiguous tiles; included once per Highway target. A scalar operand becomes one vector
// in L1 that is read at every step, so that no variant per operand pattern is needed.
#if defined(FERRULE_CPU_SIMD_MAP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FERRULE_CPU_SIMD_MAP_INL_H_
#undef FERRULE_CPU_SIMD_MAP_INL_H_
#else
#define FERRULE_CPU_SIMD_MAP_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "elementwise/loop_table.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// f64 -> f32 as the hardware rounds, overflow to infinity included.
template <class D32, class V64>
HWY_INLINE hn::Vec<D32> narrow(D32 d32, V64 v) {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
  constexpr size_t kLanes = hn::MaxLanes(D32());
  const hn::Rebind<double, D32> d64;
  HWY_ALIGN double wide[kLanes];
  HWY_ALIGN float narrow[kLanes];
  hn::Store(v, d64, wide);
  for (size_t i = 0; i < kLanes; ++i) narrow[i] = static_cast<float>(wide[i]);
  return hn::Load(d32, narrow);
#else
  return hn::DemoteTo(d32, v);
#endif
}

// One operand of a tile: loads vectors at element i, or the same vector for a scalar.
template <class D, class T = hn::TFromD<D>>
struct Operand {
  HWY_INLINE Operand(D d, const void* data, bool is_scalar)
      : p(static_cast<const T*>(data)), mask(is_scalar ? 0 : ~size_t{0}) {
    if (is_scalar) {
      hn::Store(hn::Set(d, *p), d, splat);
      p = splat;
    }
  }
  // The last, partial vector; lanes beyond hold copies of the first.
  HWY_INLINE hn::Vec<D> tail(D d, size_t i, size_t count) {
    if (mask == 0) return hn::Load(d, splat);
    hn::Store(hn::Set(d, p[i]), d, splat);
    std::memcpy(splat, p + i, count * sizeof(T));
    return hn::Load(d, splat);
  }
  // Of whole vectors, by value: stores to the result could otherwise change it for all that the compiler knows.
  struct Reader {
    const T* p;
    size_t mask;
    HWY_INLINE hn::Vec<D> load(D d, size_t i) const { return hn::LoadU(d, p + (i & mask)); }
  };
  HWY_INLINE Reader reader() const { return {p, mask}; }

  const T* p;
  size_t mask;  // 0: every element is the same
  HWY_ALIGN T splat[hn::MaxLanes(D())];
};

template <class D, class V, class T = hn::TFromD<D>>
HWY_INLINE void store_tail(D d, V v, T* out, size_t count) {
  HWY_ALIGN T lanes[hn::MaxLanes(D())];
  hn::Store(v, d, lanes);
  std::memcpy(out, lanes, count * sizeof(T));
}

// Whether whole vectors go past the caches: asked for, and `out` aligned as such stores need it.
template <class D>
HWY_INLINE bool streams_to(D d, const void* out, uint32_t scalars) {
  return (scalars & kStreamOut) != 0 && reinterpret_cast<uintptr_t>(out) % (hn::Lanes(d) * sizeof(hn::TFromD<D>)) == 0;
}
template <class D, class V>
HWY_INLINE void put(D d, V v, hn::TFromD<D>* out, bool streams) {
  if (streams)
    hn::Stream(v, d, out);
  else
    hn::StoreU(v, d, out);
}

// F has `template <class D, class V> V operator()(D, V...)` and works in T. kUnroll: vectors per step; more than one
// for functions of a few instructions, where the loop itself would cost as much.
template <class T, class F, size_t kUnroll = 1>
void map1(const void* const* in, void* result, size_t n, uint32_t scalars) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  T* out = static_cast<T*>(result);
  Operand<decltype(d)> a(d, in[0], (scalars & 1) != 0);
  const bool streams = streams_to(d, out, scalars);
  const F f;
  const auto x = a.reader();
  size_t i = 0;
  for (; i + kUnroll * lanes <= n; i += kUnroll * lanes) {
    if constexpr (kUnroll == 4) {  // all loads before the stores, which may be to the same memory: so they interleave
      const auto v0 = f(d, x.load(d, i)), v1 = f(d, x.load(d, i + lanes));
      const auto v2 = f(d, x.load(d, i + 2 * lanes)), v3 = f(d, x.load(d, i + 3 * lanes));
      put(d, v0, out + i, streams);
      put(d, v1, out + i + lanes, streams);
      put(d, v2, out + i + 2 * lanes, streams);
      put(d, v3, out + i + 3 * lanes, streams);
    } else if constexpr (kUnroll == 2) {
      const auto v0 = f(d, x.load(d, i)), v1 = f(d, x.load(d, i + lanes));
      put(d, v0, out + i, streams);
      put(d, v1, out + i + lanes, streams);
    } else {
      put(d, f(d, x.load(d, i)), out + i, streams);
    }
  }
  for (; i + lanes <= n; i += lanes) hn::StoreU(f(d, x.load(d, i)), d, out + i);
  if (i < n) store_tail(d, f(d, a.tail(d, i, n - i)), out + i, n - i);
}

template <class T, class F, size_t kUnroll = 1>
void map2(const void* const* in, void* result, size_t n, uint32_t scalars) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  T* out = static_cast<T*>(result);
  Operand<decltype(d)> a(d, in[0], (scalars & 1) != 0);
  Operand<decltype(d)> b(d, in[1], (scalars & 2) != 0);
  const bool streams = streams_to(d, out, scalars);
  const F f;
  const auto x = a.reader();
  const auto y = b.reader();
  size_t i = 0;
  for (; i + kUnroll * lanes <= n; i += kUnroll * lanes) {
    for (size_t u = 0; u < kUnroll; ++u) {
      const size_t at = i + u * lanes;
      put(d, f(d, x.load(d, at), y.load(d, at)), out + at, streams);
    }
  }
  for (; i + lanes <= n; i += lanes) hn::StoreU(f(d, x.load(d, i), y.load(d, i)), d, out + i);
  if (i < n) store_tail(d, f(d, a.tail(d, i, n - i), b.tail(d, i, n - i)), out + i, n - i);
}

// f32 operands and result, computed by F in f64 and rounded once.
template <class F>
void map1_wide(const void* const* in, void* result, size_t n, uint32_t scalars) {
  const hn::ScalableTag<double> d64;
  const hn::Rebind<float, decltype(d64)> d32;
  const size_t lanes = hn::Lanes(d64);
  float* out = static_cast<float*>(result);
  Operand<decltype(d32)> a(d32, in[0], (scalars & 1) != 0);
  const F f;
  const auto x = a.reader();
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(narrow(d32, f(d64, hn::PromoteTo(d64, x.load(d32, i)))), d32, out + i);
  if (i < n) store_tail(d32, narrow(d32, f(d64, hn::PromoteTo(d64, a.tail(d32, i, n - i)))), out + i, n - i);
}

template <class F>
void map2_wide(const void* const* in, void* result, size_t n, uint32_t scalars) {
  const hn::ScalableTag<double> d64;
  const hn::Rebind<float, decltype(d64)> d32;
  const size_t lanes = hn::Lanes(d64);
  float* out = static_cast<float*>(result);
  Operand<decltype(d32)> a(d32, in[0], (scalars & 1) != 0);
  Operand<decltype(d32)> b(d32, in[1], (scalars & 2) != 0);
  const F f;
  const auto x = a.reader();
  const auto y = b.reader();
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto v = hn::PromoteTo(d64, x.load(d32, i));
    const auto w = hn::PromoteTo(d64, y.load(d32, i));
    hn::StoreU(narrow(d32, f(d64, v, w)), d32, out + i);
  }
  if (i < n) {
    const auto v = hn::PromoteTo(d64, a.tail(d32, i, n - i));
    const auto w = hn::PromoteTo(d64, b.tail(d32, i, n - i));
    store_tail(d32, narrow(d32, f(d64, v, w)), out + i, n - i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();
#endif  // FERRULE_CPU_SIMD_MAP_INL_H_
