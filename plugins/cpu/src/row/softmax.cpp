// Softmax and logsumexp over rows and over columns, max subtracted first. A row whose max is NaN or infinite needs no
// arithmetic: softmax is all NaN, logsumexp is the max.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "row/softmax.cpp"
#include "hwy/foreach_target.h"  // before highway.h

#include "elementwise/math_f32-inl.h"
#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"
#include "reduce/extremum-inl.h"
#include "row/row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

template <class D>
HWY_INLINE hn::Vec<D> exp_of(D d, hn::Vec<D> x) {
  if constexpr (std::is_same_v<hn::TFromD<D>, float>)
    return exp_f32(d, x);
  else
    return hn::Exp(d, x);
}

template <typename C>
HWY_INLINE C row_max(const C* x, int64_t n) {
  using P = Extremum<C, true>;
  return n < 1024 ? fold_contiguous<P, 32>(x, n) : fold_contiguous<P, 64>(x, n);
}

// exp(x - max), stored unless out is nullptr. Meanwhile the row `next` elements on comes from memory: the search for its
// max has little else to do.
template <typename C>
struct ShiftedExp {
  const C* x;
  C* out;
  C max;
  int64_t next;
  template <class D>
  HWY_INLINE hn::Vec<D> operator()(D d, int64_t i) const {
    __builtin_prefetch(x + next + i);
    const auto e = exp_of(d, hn::Sub(hn::LoadU(d, x + i), hn::Set(d, max)));
    if (out != nullptr) hn::StoreU(e, d, out + i);
    return e;
  }
  template <class D>
  HWY_INLINE hn::Vec<D> tail(D d, int64_t i, int64_t count) const {
    const auto v = load_tail(d, x + i, count, -std::numeric_limits<C>::infinity());
    const auto e = exp_of(d, hn::Sub(v, hn::Set(d, max)));
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
  const double sum = blocked_sum<C>(n, ShiftedExp<C>{x, out, max, n});
  for_each_vector<C>(n, Scale<C>{out, static_cast<C>(1 / sum)});
}

template <typename C>
HWY_INLINE C logsumexp_row(const C* x, int64_t n) {
  const C max = row_max(x, n);
  if (!std::isfinite(max)) return max;
  return static_cast<C>(static_cast<double>(max) + std::log(blocked_sum<C>(n, ShiftedExp<C>{x, nullptr, max, n})));
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
    const auto e = exp_of(d, hn::Sub(hn::LoadU(d, x + i), hn::LoadU(d, max + i)));
    hn::StoreU(e, d, out + i);
    hn::StoreU(hn::Add(hn::LoadU(d, sum + i), e), d, sum + i);
  }
  template <class D>
  HWY_INLINE void tail(D d, int64_t i, int64_t count) const {
    const auto e = exp_of(d, hn::Sub(load_tail(d, x + i, count, C{0}), load_tail(d, max + i, count, C{0})));
    store_tail(e, d, out + i, count);
    for (int64_t k = i; k < i + count; ++k) sum[k] += out[k];
  }
};

template <typename C>
struct MultiplyColumn {
  C* out;
  const C* x;
  const C* factor;
  template <class D>
  HWY_INLINE void operator()(D d, int64_t i) const {
    hn::StoreU(hn::Mul(hn::LoadU(d, x + i), hn::LoadU(d, factor + i)), d, out + i);
  }
  template <class D>
  HWY_INLINE void tail(D, int64_t i, int64_t count) const {
    for (int64_t k = i; k < i + count; ++k) out[k] = x[k] * factor[k];
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

  // A strip of columns. Where it is small enough it is staged: the strip's rows lie far apart in memory, often on the
  // same cache sets, so they are read and written once and worked on side by side.
  class Strip {
   public:
    Strip(const std::byte* x, int64_t n, int64_t stride, int64_t width)
        : x_(x), n_(n), stride_(stride), width_(width), stage_(staged_size(n, width)) {
      std::fill_n(max_, width, -std::numeric_limits<C>::infinity());
      std::fill_n(total_, width, 0.0);
    }

    // max and total of exp(x - max) per column. The exponentials are kept in the stage, else in `out` if it can.
    HWY_INLINE void sum(std::byte* out) {
      for (int64_t r = 0; r < n_; ++r) {
        const C* row = load_row<T>(x_, r * stride_, width_, in_);
        if (!stage_.empty()) std::copy_n(row, width_, staged(r));
        for_each_vector<C>(width_, TakeMax<C>{max_, row});
      }
      constexpr int64_t kBlock = 128;  // drained into doubles
      for (int64_t first = 0; first < n_; first += kBlock) {
        std::fill_n(factor_, width_, C{0});
        for (int64_t r = first; r < std::min(n_, first + kBlock); ++r) {
          C* to = !stage_.empty() ? staged(r) : out != nullptr ? target_row<T>(out, r * stride_, out_) : out_;
          for_each_vector<C>(width_, ExpColumn<C>{to, factor_, source(r), max_});
        }
        for (int64_t i = 0; i < width_; ++i) total_[i] += static_cast<double>(factor_[i]);
      }
    }

    HWY_INLINE void softmax(std::byte* out) {
      sum(out);
      for (int64_t i = 0; i < width_; ++i)
        factor_[i] = std::isfinite(max_[i]) ? static_cast<C>(1 / total_[i]) : std::numeric_limits<C>::quiet_NaN();
      for (int64_t r = 0; r < n_; ++r) {
        C* to = target_row<T>(out, r * stride_, out_);
        const C* exponentials = !stage_.empty() ? staged(r) : to;
        if (kIsHalf<T> && stage_.empty())  // computed again: kept as halves they would round twice
          for_each_vector<C>(width_, ExpColumn<C>{out_, unused_, source(r), max_});
        for_each_vector<C>(width_, MultiplyColumn<C>{to, exponentials, factor_});
        store_row<T>(out, r * stride_, width_, to);
      }
    }

    C logsumexp(int64_t i) const {
      return std::isfinite(max_[i]) ? static_cast<C>(static_cast<double>(max_[i]) + std::log(total_[i])) : max_[i];
    }

   private:
    static size_t staged_size(int64_t n, int64_t width) {
      constexpr int64_t kMost = int64_t{1} << 20;
      return n <= kMost / width ? static_cast<size_t>(n * width) : 0;
    }
    C* staged(int64_t r) { return stage_.data() + r * width_; }
    HWY_INLINE const C* source(int64_t r) {
      return !stage_.empty() ? staged(r) : load_row<T>(x_, r * stride_, width_, in_);
    }

    const std::byte* x_;
    int64_t n_, stride_, width_;
    std::vector<C> stage_;
    alignas(64) C max_[kStrip];
    alignas(64) C factor_[kStrip];
    alignas(64) C in_[kStrip];
    alignas(64) C out_[kStrip];
    alignas(64) C unused_[kStrip] = {};
    double total_[kStrip];
  };

  static void softmax_columns(std::byte* out, const std::byte* x, int64_t n, int64_t stride, int64_t width) {
    Strip(x, n, stride, width).softmax(out);
  }

  static void logsumexp_columns(std::byte* out, const std::byte* x, int64_t n, int64_t stride, int64_t width) {
    Strip strip(x, n, stride, width);
    strip.sum(nullptr);
    for (int64_t i = 0; i < width; ++i) reinterpret_cast<T*>(out)[i] = narrow<T>(strip.logsumexp(i));
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
