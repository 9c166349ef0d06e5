// Drives a plain scalar function over contiguous tiles in blocks of fixed length, which the compiler vectorises for the
// Highway target it is included for. For integers, comparisons, casts and select.
#if defined(FERRULE_CPU_LANE_MAP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FERRULE_CPU_LANE_MAP_INL_H_
#undef FERRULE_CPU_LANE_MAP_INL_H_
#else
#define FERRULE_CPU_LANE_MAP_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"

// Operand and result may be the same memory, element for element: no dependence between lanes.
#undef FERRULE_CPU_INDEPENDENT
#if defined(__clang__)
#define FERRULE_CPU_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define FERRULE_CPU_INDEPENDENT _Pragma("GCC ivdep")
#else
#define FERRULE_CPU_INDEPENDENT
#endif

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

inline constexpr size_t kLaneBlock = 64;

template <class A>
struct LaneOperand {
  HWY_INLINE LaneOperand(const void* data, bool is_scalar) : p(static_cast<const A*>(data)), step(kLaneBlock) {
    if (is_scalar) {
      const A value = *p;
      for (size_t i = 0; i < kLaneBlock; ++i) splat[i] = value;
      p = splat;
      step = 0;
    }
  }
  const A* p;
  size_t step;
  A splat[kLaneBlock];
};

// R f(A); F has a static `apply`.
template <class F, class R, class A>
void lanes1(const void* const* in, void* result, size_t n, uint32_t scalars) {
  R* out = static_cast<R*>(result);
  LaneOperand<A> a(in[0], (scalars & 1) != 0);
  size_t left = n;
  for (; left >= kLaneBlock; left -= kLaneBlock, out += kLaneBlock, a.p += a.step) {
    const A* p = a.p;
    FERRULE_CPU_INDEPENDENT
    for (size_t i = 0; i < kLaneBlock; ++i) out[i] = F::apply(p[i]);
  }
  for (size_t i = 0; i < left; ++i) out[i] = F::apply(a.p[i]);
}

// R f(A, B)
template <class F, class R, class A, class B = A>
void lanes2(const void* const* in, void* result, size_t n, uint32_t scalars) {
  R* out = static_cast<R*>(result);
  LaneOperand<A> a(in[0], (scalars & 1) != 0);
  LaneOperand<B> b(in[1], (scalars & 2) != 0);
  size_t left = n;
  for (; left >= kLaneBlock; left -= kLaneBlock, out += kLaneBlock, a.p += a.step, b.p += b.step) {
    const A* p = a.p;
    const B* q = b.p;
    FERRULE_CPU_INDEPENDENT
    for (size_t i = 0; i < kLaneBlock; ++i) out[i] = F::apply(p[i], q[i]);
  }
  for (size_t i = 0; i < left; ++i) out[i] = F::apply(a.p[i], b.p[i]);
}

// R f(A, B, B)
template <class F, class R, class A, class B>
void lanes3(const void* const* in, void* result, size_t n, uint32_t scalars) {
  R* out = static_cast<R*>(result);
  LaneOperand<A> a(in[0], (scalars & 1) != 0);
  LaneOperand<B> b(in[1], (scalars & 2) != 0);
  LaneOperand<B> c(in[2], (scalars & 4) != 0);
  size_t left = n;
  for (; left >= kLaneBlock; left -= kLaneBlock, out += kLaneBlock, a.p += a.step, b.p += b.step, c.p += c.step) {
    const A* p = a.p;
    const B* q = b.p;
    const B* r = c.p;
    FERRULE_CPU_INDEPENDENT
    for (size_t i = 0; i < kLaneBlock; ++i) out[i] = F::apply(p[i], q[i], r[i]);
  }
  for (size_t i = 0; i < left; ++i) out[i] = F::apply(a.p[i], b.p[i], c.p[i]);
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();
#endif  // FERRULE_CPU_LANE_MAP_INL_H_
