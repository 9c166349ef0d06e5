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

  static int64_t first_equal(const T* x, int64_t n, int64_t stride, V value) {
    for (int64_t i = 0; i < n; ++i) {
      const V v = P::load(x[i * stride]);
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
      const V value = count >= 256 ? fold_contiguous<P, 256>(block, count) : fold_contiguous<P, 16>(block, count);
      if (!stays<Max>(best, value)) {
        best = value;
        best_block = begin;
      }
    }
    return best_block + first_equal(x + best_block * stride, std::min(kBlock, n - best_block), stride, best);
  }

  // Values and indices live in one lane width, so that the compiler vectorises the select.
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
      for (int64_t i = 0; i < width; ++i) {
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
