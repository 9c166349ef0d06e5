// Softmax and logsumexp over rows and over columns, max subtracted first. A row whose max is NaN or infinite needs no
// arithmetic: softmax is all NaN, logsumexp is the max.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "row/softmax.cpp"
#include "hwy/foreach_target.h"  // before highway.h

#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"
#include "reduce/extremum-inl.h"
#include "row/row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

template <typename C>
HWY_INLINE C row_max(const C* x, int64_t n) {
  using P = Extremum<C, true>;
  return n < 1024 ? fold_contiguous<P, 32>(x, n) : fold_contiguous<P, 256>(x, n);
}

// exp(x - max), stored unless out is nullptr.
template <typename C>
struct ShiftedExp {
  const C* x;
  C* out;
  C max;
  template <class D>
  HWY_INLINE hn::Vec<D> operator()(D d, int64_t i) const {
    const auto e = hn::Exp(d, hn::Sub(hn::LoadU(d, x + i), hn::Set(d, max)));
    if (out != nullptr) hn::StoreU(e, d, out + i);
    return e;
  }
  template <class D>
  HWY_INLINE hn::Vec<D> tail(D d, int64_t i, int64_t count) const {
    const auto v = load_tail(d, x + i, count, -std::numeric_limits<C>::infinity());
    const auto e = hn::Exp(d, hn::Sub(v, hn::Set(d, max)));
    if (out != nullptr) store_tail(e, d, out + i, count);
    return e;
  }
};

template <typename C>
struct Scale {
  C* x;
  C factor;
  template <class D>
  HWY_INLINE void operator()(D d, int64_t i) const {
    hn::StoreU(hn::Mul(hn::LoadU(d, x + i), hn::Set(d, factor)), d, x + i);
  }
  template <class D>
  HWY_INLINE void tail(D, int64_t i, int64_t count) const {
    for (int64_t k = 0; k < count; ++k) x[i + k] *= factor;
  }
};

template <typename C>
HWY_INLINE void softmax_row(C* out, const C* x, int64_t n) {
  const C max = row_max(x, n);
  if (!std::isfinite(max)) {
    std::fill_n(out, n, std::numeric_limits<C>::quiet_NaN());
    return;
  }
  const double sum = blocked_sum<C>(n, ShiftedExp<C>{x, out, max});
  for_each_vector<C>(n, Scale<C>{out, static_cast<C>(1 / sum)});
}

template <typename C>
HWY_INLINE C logsumexp_row(const C* x, int64_t n) {
  const C max = row_max(x, n);
  if (!std::isfinite(max)) return max;
  return static_cast<C>(static_cast<double>(max) + std::log(blocked_sum<C>(n, ShiftedExp<C>{x, nullptr, max})));
}

// max[i] takes in x[i].
template <typename C>
struct TakeMax {
  C* max;
  const C* x;
  template <class D>
  HWY_INLINE void operator()(D d, int64_t i) const {
    hn::StoreU(Extremum<C, true>::combine(d, hn::LoadU(d, max + i), hn::LoadU(d, x + i)), d, max + i);
  }
  template <class D>
  HWY_INLINE void tail(D, int64_t i, int64_t count) const {
    for (int64_t k = i; k < i + count; ++k) max[k] = Extremum<C, true>::op(max[k], x[k]);
  }
};

// out[i] = exp(x[i] - max[i]), added to sum[i].
template <typename C>
struct ExpColumn {
  C* out;
  C* sum;
  const C* x;
  const C* max;
  template <class D>
  HWY_INLINE void operator()(D d, int64_t i) const {
    const auto e = hn::Exp(d, hn::Sub(hn::LoadU(d, x + i), hn::LoadU(d, max + i)));
    hn::StoreU(e, d, out + i);
    hn::StoreU(hn::Add(hn::LoadU(d, sum + i), e), d, sum + i);
  }
  template <class D>
  HWY_INLINE void tail(D d, int64_t i, int64_t count) const {
    const auto e = hn::Exp(d, hn::Sub(load_tail(d, x + i, count, C{0}), load_tail(d, max + i, count, C{0})));
    store_tail(e, d, out + i, count);
    for (int64_t k = i; k < i + count; ++k) sum[k] += out[k];
  }
};

template <typename C>
struct MultiplyColumn {
  C* x;
  const C* factor;
  template <class D>
  HWY_INLINE void operator()(D d, int64_t i) const {
    hn::StoreU(hn::Mul(hn::LoadU(d, x + i), hn::LoadU(d, factor + i)), d, x + i);
  }
  template <class D>
  HWY_INLINE void tail(D, int64_t i, int64_t count) const {
    for (int64_t k = i; k < i + count; ++k) x[k] *= factor[k];
  }
};

template <typename T>
struct Softmax {
  using C = Compute<T>;

  static void softmax_rows(std::byte* out, const std::byte* x, int64_t rows, int64_t n) {
    std::vector<C> in_buffer(buffer_size<T>(n)), out_buffer(buffer_size<T>(n));
    for (int64_t at = 0; at < rows * n; at += n) {
      C* to = target_row<T>(out, at, out_buffer.data());
      softmax_row(to, load_row<T>(x, at, n, in_buffer.data()), n);
      store_row<T>(out, at, n, to);
    }
  }

  static void logsumexp_rows(std::byte* out, const std::byte* x, int64_t rows, int64_t n) {
    std::vector<C> buffer(buffer_size<T>(n));
    for (int64_t r = 0; r < rows; ++r)
      reinterpret_cast<T*>(out)[r] = narrow<T>(logsumexp_row(load_row<T>(x, r * n, n, buffer.data()), n));
  }

  struct Columns {
    alignas(64) C max[kStrip];
    alignas(64) C factor[kStrip];
    alignas(64) C in[kStrip];
    alignas(64) C out[kStrip];
    double total[kStrip];
  };

  // max and total of exp(x - max) per column; the exponentials go to out unless it is nullptr.
  static HWY_INLINE void sum_columns(Columns& c, std::byte* out, const std::byte* x, int64_t n, int64_t stride,
                                     int64_t width) {
    std::fill_n(c.max, width, -std::numeric_limits<C>::infinity());
    std::fill_n(c.total, width, 0.0);
    for (int64_t r = 0; r < n; ++r)
      for_each_vector<C>(width, TakeMax<C>{c.max, load_row<T>(x, r * stride, width, c.in)});
    constexpr int64_t kBlock = 128;
    for (int64_t first = 0; first < n; first += kBlock) {
      std::fill_n(c.factor, width, C{0});
      for (int64_t r = first; r < std::min(n, first + kBlock); ++r) {
        C* to = out != nullptr ? target_row<T>(out, r * stride, c.out) : c.out;
        for_each_vector<C>(width, ExpColumn<C>{to, c.factor, load_row<T>(x, r * stride, width, c.in), c.max});
      }
      for (int64_t i = 0; i < width; ++i) c.total[i] += static_cast<double>(c.factor[i]);
    }
  }

  static void softmax_columns(std::byte* out, const std::byte* x, int64_t n, int64_t stride, int64_t width) {
    Columns c;
    sum_columns(c, kIsHalf<T> ? nullptr : out, x, n, stride, width);
    for (int64_t i = 0; i < width; ++i)
      c.factor[i] = std::isfinite(c.max[i]) ? static_cast<C>(1 / c.total[i]) : std::numeric_limits<C>::quiet_NaN();
    alignas(64) C unused[kStrip] = {};
    for (int64_t r = 0; r < n; ++r) {
      C* to = target_row<T>(out, r * stride, c.out);
      if constexpr (kIsHalf<T>)  // the exponentials again: kept as halves they would round twice
        for_each_vector<C>(width, ExpColumn<C>{to, unused, load_row<T>(x, r * stride, width, c.in), c.max});
      for_each_vector<C>(width, MultiplyColumn<C>{to, c.factor});
      store_row<T>(out, r * stride, width, to);
    }
  }

  static void logsumexp_columns(std::byte* out, const std::byte* x, int64_t n, int64_t stride, int64_t width) {
    Columns c;
    sum_columns(c, nullptr, x, n, stride, width);
    for (int64_t i = 0; i < width; ++i) {
      const auto log = static_cast<C>(static_cast<double>(c.max[i]) + std::log(c.total[i]));
      reinterpret_cast<T*>(out)[i] = narrow<T>(std::isfinite(c.max[i]) ? log : c.max[i]);
    }
  }

  static const SoftmaxFns* get() {
    static constexpr SoftmaxFns kFns = {softmax_rows, logsumexp_rows, softmax_columns, logsumexp_columns};
    return &kFns;
  }
};

const SoftmaxFns* softmax_of(uint32_t dtype) {
  const SoftmaxFns* fns = nullptr;
  visit_floating(dtype, [&](auto type) { fns = Softmax<decltype(type)>::get(); });
  return fns;
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {

HWY_EXPORT(softmax_of);

const SoftmaxFns* softmax_fns(uint32_t dtype) { return HWY_DYNAMIC_DISPATCH(softmax_of)(dtype); }

}  // namespace ferrule::cpu
#endif
