// What the row kernels share: rows of half types as float rows, vector loops with safe tails, sums that stay accurate
// over long rows. Compiled once per SIMD target.
#if defined(FERRULE_CPU_ROW_ROW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FERRULE_CPU_ROW_ROW_INL_H_
#undef FERRULE_CPU_ROW_ROW_INL_H_
#else
#define FERRULE_CPU_ROW_ROW_INL_H_
#endif

#include <algorithm>
#include <vector>

#include "hwy/highway.h"
#include "row/row.h"
#include "value.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Row r of an operand as compute values: in place, or converted into the buffer.
template <typename T>
HWY_INLINE const Compute<T>* load_row(const std::byte* data, int64_t at, int64_t n, Compute<T>* HWY_RESTRICT buffer) {
  const T* x = reinterpret_cast<const T*>(data) + at;
  if constexpr (kIsHalf<T>) {
    for (int64_t i = 0; i < n; ++i) buffer[i] = to_float(x[i]);
    return buffer;
  } else {
    (void)buffer;
    return x;
  }
}

// Where a row's results go: in place, or into the buffer, which store_row converts.
template <typename T>
HWY_INLINE Compute<T>* target_row(std::byte* data, int64_t at, Compute<T>* buffer) {
  if constexpr (kIsHalf<T>)
    return buffer;
  else
    return reinterpret_cast<T*>(data) + at;
}
template <typename T>
HWY_INLINE void store_row(std::byte* data, int64_t at, int64_t n, const Compute<T>* HWY_RESTRICT values) {
  if constexpr (kIsHalf<T>) {
    T* out = reinterpret_cast<T*>(data) + at;
    for (int64_t i = 0; i < n; ++i) out[i] = narrow<T>(values[i]);
  }
}

template <typename T>
HWY_INLINE size_t buffer_size(int64_t n) {
  return kIsHalf<T> ? static_cast<size_t>(n) : 0;
}

// Vectors of an incomplete tail, without touching memory beyond it.
template <class D>
HWY_INLINE hn::Vec<D> load_tail(D d, const hn::TFromD<D>* x, int64_t count, hn::TFromD<D> filler) {
  HWY_ALIGN hn::TFromD<D> lanes[HWY_MAX_BYTES / sizeof(hn::TFromD<D>)];
  const auto all = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t i = 0; i < all; ++i) lanes[i] = i < count ? x[i] : filler;
  return hn::Load(d, lanes);
}
template <class D>
HWY_INLINE void store_tail(hn::Vec<D> v, D d, hn::TFromD<D>* x, int64_t count) {
  HWY_ALIGN hn::TFromD<D> lanes[HWY_MAX_BYTES / sizeof(hn::TFromD<D>)];
  hn::Store(v, d, lanes);
  for (int64_t i = 0; i < count; ++i) x[i] = lanes[i];
}

// Sum over i < n of f(vector of elements i ..), f.tail(i, count) being 0 in the lanes beyond count. Blocks of vectors
// are added up in double, so that the error does not grow with n.
template <typename C, class F>
HWY_INLINE double blocked_sum(int64_t n, const F& f) {
  const hn::ScalableTag<C> d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  double total = 0;
  int64_t i = 0;
  while (i + step <= n) {
    const int64_t end = std::min(n, i + 128 * step);
    auto even = hn::Zero(d), odd = hn::Zero(d);
    for (; i + 2 * step <= end; i += 2 * step) {
      even = hn::Add(even, f(d, i));
      odd = hn::Add(odd, f(d, i + step));
    }
    for (; i + step <= end; i += step) even = hn::Add(even, f(d, i));
    total += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd))));
  }
  if (i < n) total += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, f.tail(d, i, n - i))));
  return total;
}

// f(d, i) and f.tail(d, i, count) for every vector of n elements.
template <typename C, class F>
HWY_INLINE void for_each_vector(int64_t n, const F& f) {
  const hn::ScalableTag<C> d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + step <= n; i += step) f(d, i);
  if (i < n) f.tail(d, i, n - i);
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();
#endif
