// The loops behind Folder, for a policy P: In (stored), Lane (what is added up), Acc (what survives between calls),
// load, identity, op on lanes; take and merge on accumulators; kVectors, combine
// and across where lanes are combined as Highway vectors. Compiled once per SIMD target: floats through explicit
// vectors, the rest in loops that compilers vectorise. The order of operations is the same on
// every target.
// Contiguous rows are folded as columns too: 64 lanes side by side, eight steps at a time, then halved to one.
#if defined(FERRULE_CPU_REDUCE_FOLD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FERRULE_CPU_REDUCE_FOLD_INL_H_
#undef FERRULE_CPU_REDUCE_FOLD_INL_H_
#else
#define FERRULE_CPU_REDUCE_FOLD_INL_H_
#endif

#include <algorithm>

#include "hwy/highway.h"
#include "reduce/fold.h"
#include "value.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class D, typename T>
HWY_INLINE hn::Vec<D> load_lanes(D d, const T* x) {
  if constexpr (kIsHalf<T> && HWY_TARGET == HWY_SCALAR)
    return hn::Set(d, to_float(*x));  // the library's own emulation takes infinities and NaN for numbers
  else if constexpr (std::is_same_v<T, Half>)
    return hn::PromoteTo(d, hn::LoadU(hn::Rebind<hwy::float16_t, D>(), reinterpret_cast<const hwy::float16_t*>(x)));
  else if constexpr (std::is_same_v<T, Bfloat>)
    return hn::PromoteTo(d, hn::LoadU(hn::Rebind<hwy::bfloat16_t, D>(), reinterpret_cast<const hwy::bfloat16_t*>(x)));
  else
    return hn::LoadU(d, x);
}

// lanes[i] takes in eight rows of x; returns how many columns were done.
template <typename P>
HWY_INLINE int64_t fold_eight(typename P::Lane* HWY_RESTRICT lanes, const typename P::In* x, int64_t row_stride,
                              int64_t width) {
  int64_t i = 0;
  if constexpr (P::kVectors) {
    const hn::ScalableTag<typename P::Lane> d;
    const auto step = static_cast<int64_t>(hn::Lanes(d));
    for (; i + step <= width; i += step) {
      const typename P::In* p = x + i;
      const auto at = [&](int64_t row) HWY_ATTR { return load_lanes(d, p + row * row_stride); };
      const auto a = P::combine(d, P::combine(d, at(0), at(1)), P::combine(d, at(2), at(3)));
      const auto b = P::combine(d, P::combine(d, at(4), at(5)), P::combine(d, at(6), at(7)));
      hn::StoreU(P::combine(d, hn::LoadU(d, lanes + i), P::combine(d, a, b)), d, lanes + i);
    }
  }
  return i;
}

template <typename P>
HWY_INLINE int64_t fold_one(typename P::Lane* HWY_RESTRICT lanes, const typename P::In* x, int64_t width) {
  int64_t i = 0;
  if constexpr (P::kVectors) {
    const hn::ScalableTag<typename P::Lane> d;
    const auto step = static_cast<int64_t>(hn::Lanes(d));
    for (; i + step <= width; i += step)
      hn::StoreU(P::combine(d, hn::LoadU(d, lanes + i), load_lanes(d, x + i)), d, lanes + i);
  }
  return i;
}

// Not inlined: with constant extents GCC would interchange the loops and fold each lane by strided loads.
template <typename P>
HWY_NOINLINE void fold_into(typename P::Lane* HWY_RESTRICT lanes, const typename P::In* x, int64_t rows,
                            int64_t row_stride, int64_t width) {
  for (; rows >= 8; rows -= 8, x += 8 * row_stride) {
    const typename P::In* p0 = x;
    const typename P::In* p1 = p0 + row_stride;
    const typename P::In* p2 = p1 + row_stride;
    const typename P::In* p3 = p2 + row_stride;
    const typename P::In* p4 = p3 + row_stride;
    const typename P::In* p5 = p4 + row_stride;
    const typename P::In* p6 = p5 + row_stride;
    const typename P::In* p7 = p6 + row_stride;
    for (int64_t i = fold_eight<P>(lanes, x, row_stride, width); i < width; ++i) {
      const auto a = P::op(P::op(P::load(p0[i]), P::load(p1[i])), P::op(P::load(p2[i]), P::load(p3[i])));
      const auto b = P::op(P::op(P::load(p4[i]), P::load(p5[i])), P::op(P::load(p6[i]), P::load(p7[i])));
      lanes[i] = P::op(lanes[i], P::op(a, b));
    }
  }
  for (; rows > 0; --rows, x += row_stride)
    for (int64_t i = fold_one<P>(lanes, x, width); i < width; ++i) lanes[i] = P::op(lanes[i], P::load(x[i]));
}

template <typename P, int kWidth>
HWY_INLINE typename P::Lane fold_lanes(const typename P::In* x, int64_t n) {
  alignas(64) typename P::Lane lanes[kWidth];
  for (int i = 0; i < kWidth; ++i) lanes[i] = P::identity();
  const int64_t rows = n / kWidth;
  fold_into<P>(lanes, x, rows, kWidth, kWidth);
  x += rows * kWidth;
  for (int64_t i = fold_one<P>(lanes, x, n % kWidth); i < n % kWidth; ++i) lanes[i] = P::op(lanes[i], P::load(x[i]));
  int half = kWidth / 2;
  if constexpr (P::kVectors) {
    const hn::ScalableTag<typename P::Lane> d;
    const auto step = static_cast<int>(hn::Lanes(d));
    for (; half >= step; half /= 2)
      for (int i = 0; i < half; i += step)
        hn::Store(P::combine(d, hn::Load(d, lanes + i), hn::Load(d, lanes + i + half)), d, lanes + i);
    return P::across(d, hn::Load(d, lanes));
  }
  for (; half > 0; half /= 2)
    for (int64_t i = 0; i < half; ++i) lanes[i] = P::op(lanes[i], lanes[i + half]);
  return lanes[0];
}

// A policy may know a shorter way, which answers false where its result does not hold.
template <typename P, int kWidth>
HWY_INLINE typename P::Lane fold_contiguous(const typename P::In* x, int64_t n) {
  if constexpr (P::kVectors && requires(typename P::Lane & lane) { P::try_fold(x, n, lane); }) {
    typename P::Lane result;
    if (P::try_fold(x, n, result)) return result;
  }
  return fold_lanes<P, kWidth>(x, n);
}

template <typename T>
HWY_INLINE void pack(T* HWY_RESTRICT to, const T* x, int64_t n, int64_t stride) {
  for (int64_t i = 0; i < n; ++i) to[i] = x[i * stride];
}

template <typename P>
struct FolderOf {
  using In = typename P::In;
  using Lane = typename P::Lane;
  using Acc = typename P::Acc;

  static void init(std::byte* acc, int64_t count) {
    auto* a = reinterpret_cast<Acc*>(acc);
    for (int64_t i = 0; i < count; ++i) a[i] = P::start();
  }

  static void row(std::byte* acc, const std::byte* data, int64_t n, int64_t stride) {
    auto& a = *reinterpret_cast<Acc*>(acc);
    const auto* x = reinterpret_cast<const In*>(data);
    if (stride == 1) {
      for (; n > kFoldBlock; n -= kFoldBlock, x += kFoldBlock) P::take(a, fold_contiguous<P, 64>(x, kFoldBlock));
      P::take(a, n < 1024 ? fold_contiguous<P, 32>(x, n) : fold_contiguous<P, 64>(x, n));
      return;
    }
    constexpr int64_t kPack = 2048;
    In packed[kPack];
    for (; n > 0; n -= kPack, x += kPack * stride) {
      const int64_t count = std::min(n, kPack);
      pack(packed, x, count, stride);
      P::take(a, fold_contiguous<P, 32>(packed, count));
    }
  }

  static void short_rows(std::byte* acc, const std::byte* data, int64_t count, int64_t row_stride, int64_t n,
                         int64_t stride) {
    auto* HWY_RESTRICT a = reinterpret_cast<Acc*>(acc);
    const auto* x = reinterpret_cast<const In*>(data);
    for (int64_t row = 0; row < count; ++row, x += row_stride) {
      Lane s0 = P::identity(), s1 = s0, s2 = s0, s3 = s0;
      int64_t i = 0;
      for (; i + 4 <= n; i += 4) {
        s0 = P::op(s0, P::load(x[i * stride]));
        s1 = P::op(s1, P::load(x[(i + 1) * stride]));
        s2 = P::op(s2, P::load(x[(i + 2) * stride]));
        s3 = P::op(s3, P::load(x[(i + 3) * stride]));
      }
      for (; i < n; ++i) s0 = P::op(s0, P::load(x[i * stride]));
      a[row] = P::start();
      P::take(a[row], P::op(P::op(s0, s1), P::op(s2, s3)));
    }
  }

  static void columns(std::byte* acc, const std::byte* data, int64_t rows, int64_t row_stride, int64_t width,
                      int64_t stride) {
    const auto* x = reinterpret_cast<const In*>(data);
    alignas(64) Lane lanes[kColumnTile];
    auto* HWY_RESTRICT a = reinterpret_cast<Acc*>(acc);
    constexpr int64_t kPackRows = 8;
    constexpr int64_t kBlockRows = 128;  // few enough that float lanes stay accurate
    while (rows > 0) {
      const int64_t block = std::min(rows, kBlockRows);
      for (int64_t i = 0; i < width; ++i) lanes[i] = P::identity();
      if (stride == 1) {
        fold_into<P>(lanes, x, block, row_stride, width);
      } else {
        In packed[kPackRows * kColumnTile];
        for (int64_t r = 0; r < block; r += kPackRows) {
          const int64_t count = std::min(kPackRows, block - r);
          for (int64_t k = 0; k < count; ++k) pack(packed + k * width, x + (r + k) * row_stride, width, stride);
          fold_into<P>(lanes, packed, count, width, width);
        }
      }
      for (int64_t i = 0; i < width; ++i) P::take(a[i], lanes[i]);
      rows -= block;
      x += block * row_stride;
    }
  }

  static void merge(std::byte* acc, const std::byte* other, int64_t count) {
    auto* a = reinterpret_cast<Acc*>(acc);
    const auto* b = reinterpret_cast<const Acc*>(other);
    for (int64_t i = 0; i < count; ++i) P::merge(a[i], b[i]);
  }

  static const Folder* get() {
    static_assert(sizeof(Acc) <= kMaxAccumulator);
    static constexpr Folder kFolder = {sizeof(Acc), init, row, short_rows, columns, merge};
    return &kFolder;
  }
};

// The folder of a sum or product by the operand's dtype. Integers wrap in an unsigned lane, <stored type, lane>.
template <template <typename, typename> class OfInteger, template <typename> class OfFloat, typename OfComplex>
const Folder* arithmetic_folder(uint32_t dtype) {
  switch (dtype) {
    case FRL_DTYPE_BOOL:
      return FolderOf<OfInteger<Bool, uint32_t>>::get();
    case FRL_DTYPE_U8:
      return FolderOf<OfInteger<uint8_t, uint32_t>>::get();
    case FRL_DTYPE_I8:
      return FolderOf<OfInteger<int8_t, uint32_t>>::get();
    case FRL_DTYPE_U16:
      return FolderOf<OfInteger<uint16_t, uint32_t>>::get();
    case FRL_DTYPE_I16:
      return FolderOf<OfInteger<int16_t, uint32_t>>::get();
    case FRL_DTYPE_U32:
    case FRL_DTYPE_I32:
      return FolderOf<OfInteger<uint32_t, uint32_t>>::get();
    case FRL_DTYPE_U64:
    case FRL_DTYPE_I64:
      return FolderOf<OfInteger<uint64_t, uint64_t>>::get();
    case FRL_DTYPE_F16:
      return FolderOf<OfFloat<Half>>::get();
    case FRL_DTYPE_BF16:
      return FolderOf<OfFloat<Bfloat>>::get();
    case FRL_DTYPE_F32:
      return FolderOf<OfFloat<float>>::get();
    case FRL_DTYPE_F64:
      return FolderOf<OfFloat<double>>::get();
    case FRL_DTYPE_C64:
      return FolderOf<OfComplex>::get();
    default:
      return nullptr;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();
#endif
