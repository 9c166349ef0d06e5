// Argument searches. A row is searched in two steps: the extreme of each block by the vectorised fold, then the first
// element of the winning block that equals it.
#include "reduce/arg.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/arg.cpp"
#include "hwy/foreach_target.h"  // before highway.h

#include "hwy/highway.h"
#include "reduce/extremum-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

template <typename T, bool Max>
struct Finder {
  using P = Extremum<T, Max>;
  using V = typename P::Lane;
  static constexpr bool kVectors = !std::is_same_v<T, Bool>;  // true bools may be any byte but 0

  // Index of the first element that is the value, NaN being one value.
  static HWY_INLINE int64_t first_equal(const T* x, int64_t n, V value) {
    int64_t i = 0;
    if constexpr (kVectors) {
      const hn::ScalableTag<V> d;
      const auto step = static_cast<int64_t>(hn::Lanes(d));
      for (; i + step <= n; i += step) {
        const auto v = load_lanes(d, x + i);
        auto equal = hn::Eq(v, hn::Set(d, value));
        if constexpr (std::is_floating_point_v<V>) equal = is_nan(value) ? hn::IsNaN(v) : equal;
        const auto found = hn::FindFirstTrue(d, equal);
        if (found >= 0) return i + static_cast<int64_t>(found);
      }
    }
    for (; i < n; ++i) {
      const V v = P::load(x[i]);
      if (v == value || (is_nan(v) && is_nan(value))) return i;
    }
    return 0;
  }

  static int64_t row(const std::byte* data, int64_t n, int64_t stride) {
    const auto* x = reinterpret_cast<const T*>(data);
    V best = P::load(x[0]);
    if (n < kShortRow) {
      int64_t at = 0;
      for (int64_t i = 1; i < n; ++i) {
        const V v = P::load(x[i * stride]);
        const bool keep = stays<Max>(best, v);
        best = keep ? best : v;
        at = keep ? at : i;
      }
      return at;
    }
    constexpr int64_t kBlock = 2048;
    int64_t best_block = 0;
    T packed[kBlock];
    for (int64_t begin = 0; begin < n; begin += kBlock) {
      const int64_t count = std::min(kBlock, n - begin);
      const T* block = x + begin * stride;
      if (stride != 1) {
        pack(packed, block, count, stride);
        block = packed;
      }
      const V value = count >= 1024 ? fold_contiguous<P, 64>(block, count) : fold_contiguous<P, 32>(block, count);
      if (!stays<Max>(best, value)) {
        best = value;
        best_block = begin;
      }
    }
    const int64_t count = std::min(kBlock, n - best_block);
    const T* block = x + best_block * stride;
    if (stride != 1) {
      pack(packed, block, count, stride);
      block = packed;
    }
    return best_block + first_equal(block, count, best);
  }

  // Row `at` against the best of each column so far; returns how many columns were done.
  static HWY_INLINE int64_t take_row(V* HWY_RESTRICT best, uint32_t* HWY_RESTRICT index, const T* row, uint32_t at,
                                     int64_t width) {
    int64_t i = 0;
    if constexpr (std::is_same_v<V, float>) {  // a mask of values fits the indices
      const hn::ScalableTag<V> d;
      const hn::ScalableTag<uint32_t> di;
      const auto step = static_cast<int64_t>(hn::Lanes(d));
      for (; i + step <= width; i += step) {
        const auto held = hn::Load(d, best + i);
        const auto next = load_lanes(d, row + i);
        const auto keep = hn::Or(Max ? hn::Ge(held, next) : hn::Le(held, next), hn::IsNaN(held));
        hn::Store(hn::IfThenElse(keep, held, next), d, best + i);
        hn::Store(hn::IfThenElse(hn::RebindMask(di, keep), hn::Load(di, index + i), hn::Set(di, at)), di, index + i);
      }
    }
    return i;
  }

  static void columns(uint32_t* out, int64_t out_stride, const std::byte* data, int64_t rows, int64_t row_stride,
                      int64_t width, int64_t stride) {
    const auto* x = reinterpret_cast<const T*>(data);
    alignas(64) V best[kColumnTile];
    alignas(64) uint32_t index[kColumnTile];
    T packed[kColumnTile];
    for (int64_t i = 0; i < width; ++i) {
      best[i] = P::load(x[i * stride]);
      index[i] = 0;
    }
    for (int64_t r = 1; r < rows; ++r) {
      const T* row = x + r * row_stride;
      if (stride != 1) {
        pack(packed, row, width, stride);
        row = packed;
      }
      const auto at = static_cast<uint32_t>(r);
      for (int64_t i = take_row(best, index, row, at, width); i < width; ++i) {
        const V v = P::load(row[i]);
        const bool keep = stays<Max>(best[i], v);
        best[i] = keep ? best[i] : v;
        index[i] = keep ? index[i] : at;
      }
    }
    for (int64_t i = 0; i < width; ++i) out[i * out_stride] = index[i];
  }

  static bool stays_at(const std::byte* held, const std::byte* next) {
    return stays<Max>(P::load(*reinterpret_cast<const T*>(held)), P::load(*reinterpret_cast<const T*>(next)));
  }

  static const ArgFinder* get() {
    static constexpr ArgFinder kFinder = {row, columns, stays_at};
    return &kFinder;
  }
};

const ArgFinder* find_arg(uint32_t dtype, bool max) {
  const ArgFinder* finder = nullptr;
  visit_real(dtype, [&](auto type) {
    using T = decltype(type);
    finder = max ? Finder<T, true>::get() : Finder<T, false>::get();
  });
  return finder;
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {

HWY_EXPORT(find_arg);

const ArgFinder* arg_finder(uint32_t dtype, bool max) { return HWY_DYNAMIC_DISPATCH(find_arg)(dtype, max); }

}  // namespace ferrule::cpu
#endif
