// One loop per pair of dtypes, compiled for each instruction set: the compiler's vectoriser does what the element
// conversions of convert.h allow.
#include "copy/cast.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "copy/cast.cpp"
#include <hwy/foreach_target.h>
// clang-format off
#include <hwy/highway.h>
// clang-format on

#include "copy/convert.h"
#include "ferrule/plugin.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {
namespace {

#if HWY_TARGET != HWY_SCALAR
namespace hn = hwy::HWY_NAMESPACE;

// binary16 through the processor's own conversion; returns how many elements were done.
inline int64_t cast_vectors(const Half* HWY_RESTRICT from, float* HWY_RESTRICT to, int64_t n) {
  const hn::ScalableTag<float> d32;
  const hn::Rebind<hwy::float16_t, decltype(d32)> d16;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d32));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::PromoteTo(d32, hn::LoadU(d16, reinterpret_cast<const hwy::float16_t*>(from + i))), d32, to + i);
  }
  return i;
}

inline int64_t cast_vectors(const float* HWY_RESTRICT from, Half* HWY_RESTRICT to, int64_t n) {
  const hn::ScalableTag<float> d32;
  const hn::Rebind<hwy::float16_t, decltype(d32)> d16;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d32));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::DemoteTo(d16, hn::LoadU(d32, from + i)), d16, reinterpret_cast<hwy::float16_t*>(to + i));
  }
  return i;
}
#endif

// Other pairs are left to the compiler's vectoriser.
template <typename S, typename D>
int64_t cast_vectors(const S*, D*, int64_t) {
  return 0;
}

template <typename S, typename D>
void cast_loop(const std::byte* src, int64_t src_stride, std::byte* dst, int64_t dst_stride, int64_t n) {
  if (src_stride == sizeof(S) && dst_stride == sizeof(D)) {
    auto* HWY_RESTRICT from = reinterpret_cast<const S*>(src);
    auto* HWY_RESTRICT to = reinterpret_cast<D*>(dst);
    for (int64_t i = cast_vectors(from, to, n); i < n; ++i) to[i] = cast_value<D>(from[i]);
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    *reinterpret_cast<D*>(dst + i * dst_stride) = cast_value<D>(*reinterpret_cast<const S*>(src + i * src_stride));
  }
}

template <typename S>
constexpr CastRowFn kRowsFrom[FRL_DTYPE_END_] = {
    nullptr,
    cast_loop<S, Bool>,
    cast_loop<S, uint8_t>,
    cast_loop<S, uint16_t>,
    cast_loop<S, uint32_t>,
    cast_loop<S, uint64_t>,
    cast_loop<S, int8_t>,
    cast_loop<S, int16_t>,
    cast_loop<S, int32_t>,
    cast_loop<S, int64_t>,
    cast_loop<S, Half>,
    cast_loop<S, BFloat>,
    cast_loop<S, float>,
    cast_loop<S, double>,
    cast_loop<S, Complex>,
};

constexpr const CastRowFn* kRows[FRL_DTYPE_END_] = {
    nullptr,
    kRowsFrom<Bool>,
    kRowsFrom<uint8_t>,
    kRowsFrom<uint16_t>,
    kRowsFrom<uint32_t>,
    kRowsFrom<uint64_t>,
    kRowsFrom<int8_t>,
    kRowsFrom<int16_t>,
    kRowsFrom<int32_t>,
    kRowsFrom<int64_t>,
    kRowsFrom<Half>,
    kRowsFrom<BFloat>,
    kRowsFrom<float>,
    kRowsFrom<double>,
    kRowsFrom<Complex>,
};

}  // namespace

CastRowFn find_cast_row(uint32_t from, uint32_t to) { return kRows[from][to]; }

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {

HWY_EXPORT(find_cast_row);

CastRowFn cast_row(uint32_t from, uint32_t to) { return HWY_DYNAMIC_DISPATCH(find_cast_row)(from, to); }

uint32_t item_size(uint32_t dtype) {
#define FRL_DTYPE(code, NAME, name, bytes, kind) \
  case code:                                     \
    return bytes;
  switch (dtype) {
#include "ferrule/dtypes.def"
    default:
      return 0;
  }
#undef FRL_DTYPE
}

}  // namespace ferrule::cpu
#endif
