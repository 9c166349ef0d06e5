// Policies and loops of cumsum, cumprod, cummax and cummin. f32 and f64 sums and extremes scan a vector at a time in
// registers and add the carry; sums carry in double. Everything else steps through its elements.
#if defined(FERRULE_CPU_SCAN_SCAN_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FERRULE_CPU_SCAN_SCAN_INL_H_
#undef FERRULE_CPU_SCAN_SCAN_INL_H_
#else
#define FERRULE_CPU_SCAN_SCAN_INL_H_
#endif

#include "hwy/highway.h"
#include "reduce/extremum-inl.h"
#include "reduce/store.h"
#include "scan/scan.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

// A scan policy: V (compute type of the elements), Carry, start, step, value (carry as V); kVectors with combine and
// identity where vectors are scanned in registers.
template <typename T>
struct SumScan {
  using V = Compute<T>;
  static constexpr bool kFloat = std::is_floating_point_v<V>;
  static constexpr bool kVectors = kFloat;
  using Carry =
      std::conditional_t<std::is_same_v<T, Complex>, ComplexDouble,
                         std::conditional_t<kFloat, double, std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>>>;
  static HWY_INLINE Carry start() { return {}; }
  static HWY_INLINE void step(Carry& carry, V v) {
    if constexpr (std::is_same_v<T, Complex>) {
      carry.re += static_cast<double>(v.re);
      carry.im += static_cast<double>(v.im);
    } else {
      carry += static_cast<Carry>(v);
    }
  }
  static HWY_INLINE V identity() { return 0; }
  template <class D, class W>
  static HWY_INLINE W combine(D, W earlier, W later) {
    return hn::Add(earlier, later);
  }
};

template <typename T>
struct ProdScan {
  using V = Compute<T>;
  static constexpr bool kVectors = false;
  using Carry = typename SumScan<T>::Carry;
  static HWY_INLINE Carry start() {
    if constexpr (std::is_same_v<T, Complex>)
      return {1, 0};
    else
      return 1;
  }
  static HWY_INLINE void step(Carry& carry, V v) {
    if constexpr (std::is_same_v<T, Complex>) {
      const auto re = static_cast<double>(v.re), im = static_cast<double>(v.im);
      carry = {carry.re * re - carry.im * im, carry.re * im + carry.im * re};
    } else {
      carry *= static_cast<Carry>(v);
    }
  }
};

template <typename T, bool Max>
struct ExtremumScan {
  using P = Extremum<T, Max>;
  using V = Compute<T>;
  static constexpr bool kVectors = std::is_floating_point_v<V>;
  using Carry = V;
  static HWY_INLINE Carry start() { return P::identity(); }
  static HWY_INLINE void step(Carry& carry, V v) { carry = P::op(carry, v); }
  static HWY_INLINE V identity() { return P::identity(); }
  template <class D, class W>
  static HWY_INLINE W combine(D d, W earlier, W later) {
    return P::combine(d, earlier, later);
  }
};

template <typename V, typename Carry>
HWY_INLINE V value_of(const Carry& carry) {
  if constexpr (std::is_same_v<V, Complex>)
    return {static_cast<float>(carry.re), static_cast<float>(carry.im)};
  else
    return static_cast<V>(carry);
}

// Bool sums count; what is stored is whether the count is not 0.
template <typename T, typename Carry>
HWY_INLINE T stored(const Carry& carry) {
  if constexpr (std::is_same_v<T, Bool>)
    return {static_cast<uint8_t>(carry != 0)};
  else
    return narrow<T>(value_of<Compute<T>>(carry));
}

#if HWY_TARGET != HWY_SCALAR

// Inclusive scan of one register: log2(lanes) steps, each moving lanes up and filling with the identity.
template <class P, class D, int kShift>
HWY_INLINE hn::Vec<D> scan_steps(D d, hn::Vec<D> v) {
  if constexpr (kShift < HWY_MAX_BYTES / sizeof(hn::TFromD<D>)) {
    HWY_ALIGN static constexpr auto kIndices = [] {
      struct {
        hwy::MakeSigned<hn::TFromD<D>> lane[HWY_MAX_BYTES / sizeof(hn::TFromD<D>)];
      } table{};
      for (int i = 0; i < static_cast<int>(HWY_MAX_BYTES / sizeof(hn::TFromD<D>)); ++i)
        table.lane[i] = static_cast<hwy::MakeSigned<hn::TFromD<D>>>(i < kShift ? 0 : i - kShift);
      return table;
    }();
    const auto moved = hn::TableLookupLanes(v, hn::SetTableIndices(d, kIndices.lane));
    const auto filled = hn::IfThenElse(hn::FirstN(d, kShift), hn::Set(d, P::identity()), moved);
    return scan_steps<P, D, kShift * 2>(d, P::combine(d, filled, v));
  } else {
    (void)d;
    return v;
  }
}

template <class P, typename V>
HWY_INLINE int64_t scan_vectors(V* out, const V* x, int64_t n, typename P::Carry& carry) {
  const hn::ScalableTag<V> d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + step <= n; i += step) {
    const auto v = scan_steps<P, decltype(d), 1>(d, hn::LoadU(d, x + i));
    hn::StoreU(P::combine(d, hn::Set(d, static_cast<V>(carry)), v), d, out + i);
    const V last = hn::GetLane(hn::Reverse(d, v));
    P::step(carry, last);
  }
  return i;
}

#else

template <class P, typename V>
HWY_INLINE int64_t scan_vectors(V*, const V*, int64_t, typename P::Carry&) {
  return 0;
}

#endif

template <typename T, class P>
struct Scan {
  using V = typename P::V;
  using Carry = typename P::Carry;

  // Forward and inclusive.
  static HWY_NOINLINE void forward(T* out, const T* x, int64_t n, Carry& carry) {
    int64_t i = 0;
    if constexpr (P::kVectors && std::is_same_v<T, V>) i = scan_vectors<P>(out, x, n, carry);
    for (; i < n; ++i) {
      P::step(carry, widen(x[i]));
      out[i] = stored<T>(carry);
    }
  }

  static void row(std::byte* out_bytes, const std::byte* x_bytes, int64_t n, std::byte* carry_bytes, ScanMode mode) {
    T* out = reinterpret_cast<T*>(out_bytes);
    const T* x = reinterpret_cast<const T*>(x_bytes);
    Carry& carry = *reinterpret_cast<Carry*>(carry_bytes);
    if (!mode.reverse && !mode.exclusive) return forward(out, x, n, carry);
    constexpr int64_t kChunk = 256;
    T in[kChunk], scanned[kChunk];
    for (int64_t done = 0; done < n; done += kChunk) {
      const int64_t count = std::min(kChunk, n - done);
      const int64_t at = mode.reverse ? n - done - count : done;
      for (int64_t i = 0; i < count; ++i) in[i] = x[at + (mode.reverse ? count - 1 - i : i)];
      const T before = stored<T>(carry);
      forward(scanned, in, count, carry);
      for (int64_t i = 0; i < count; ++i) {
        const T value = !mode.exclusive ? scanned[i] : i == 0 ? before : scanned[i - 1];
        out[at + (mode.reverse ? count - 1 - i : i)] = value;
      }
    }
  }

  static void columns(std::byte* out_bytes, const std::byte* x_bytes, int64_t n, int64_t stride, int64_t width,
                      ScanMode mode) {
    alignas(64) Carry carry[kScanStrip];
    for (int64_t i = 0; i < width; ++i) carry[i] = P::start();
    for (int64_t r = 0; r < n; ++r) {
      const int64_t at = (mode.reverse ? n - 1 - r : r) * stride;
      T* HWY_RESTRICT out = reinterpret_cast<T*>(out_bytes) + at;
      const T* x = reinterpret_cast<const T*>(x_bytes) + at;
      if (mode.exclusive) {
        for (int64_t i = 0; i < width; ++i) {
          out[i] = stored<T>(carry[i]);
          P::step(carry[i], widen(x[i]));
        }
      } else {
        for (int64_t i = 0; i < width; ++i) {
          P::step(carry[i], widen(x[i]));
          out[i] = stored<T>(carry[i]);
        }
      }
    }
  }

  static const ScanFns* get() {
    static constexpr ScanFns kFns = {row, columns};
    return &kFns;
  }
};

template <typename T>
HWY_INLINE const ScanFns* scan_fns_of(ScanOp op) {
  switch (op) {
    case ScanOp::kSum:
      return Scan<T, SumScan<T>>::get();
    case ScanOp::kProd:
      return Scan<T, ProdScan<T>>::get();
    case ScanOp::kMax:
      if constexpr (!std::is_same_v<T, Complex>) return Scan<T, ExtremumScan<T, true>>::get();
      break;
    case ScanOp::kMin:
      if constexpr (!std::is_same_v<T, Complex>) return Scan<T, ExtremumScan<T, false>>::get();
      break;
  }
  return nullptr;
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();
#endif
