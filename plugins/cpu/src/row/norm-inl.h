// Statistics of one row for the norms and their gradients. Compiled once per SIMD target.
#if defined(FERRULE_CPU_ROW_NORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FERRULE_CPU_ROW_NORM_INL_H_
#undef FERRULE_CPU_ROW_NORM_INL_H_
#else
#define FERRULE_CPU_ROW_NORM_INL_H_
#endif

#include <cmath>

#include "row/row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

template <typename C>
struct Elements {
  const C* x;
  template <class D>
  HWY_INLINE hn::Vec<D> operator()(D d, int64_t i) const {
    return hn::LoadU(d, x + i);
  }
  template <class D>
  HWY_INLINE hn::Vec<D> tail(D d, int64_t i, int64_t count) const {
    return load_tail(d, x + i, count, C{0});
  }
};

template <typename C>
struct CentredSquares {
  const C* x;
  C mean;
  template <class D>
  HWY_INLINE hn::Vec<D> operator()(D d, int64_t i) const {
    const auto c = hn::Sub(hn::LoadU(d, x + i), hn::Set(d, mean));
    return hn::Mul(c, c);
  }
  template <class D>
  HWY_INLINE hn::Vec<D> tail(D d, int64_t i, int64_t count) const {
    const auto c = hn::Sub(load_tail(d, x + i, count, mean), hn::Set(d, mean));
    return hn::Mul(c, c);
  }
};

template <typename C>
struct RowStatistics {
  C mean;   // 0 when the row is not centred
  C scale;  // 1 / sqrt(mean square of the centred row + eps)
};

template <bool kCentre, typename C>
HWY_INLINE RowStatistics<C> row_statistics(const C* x, int64_t n, float eps) {
  const auto size = static_cast<double>(n);
  const C mean = kCentre ? static_cast<C>(blocked_sum<C>(n, Elements<C>{x}) / size) : C{0};
  const double square = blocked_sum<C>(n, CentredSquares<C>{x, mean}) / size;
  return {mean, static_cast<C>(1 / std::sqrt(square + static_cast<double>(eps)))};
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();
#endif
