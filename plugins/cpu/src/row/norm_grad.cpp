// Gradients of the norms. With h = (x - mean) * scale, p = g * weight (mean = 0 for rms_norm):
//   gx = scale * (p - mean(p) [layer_norm only] - h * mean(p * h)),  gweight = sum of g * h,  gbias = sum of g.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "row/norm_grad.cpp"
#include "hwy/foreach_target.h"  // before highway.h

#include "hwy/highway.h"
#include "row/norm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

// p and p * h, h being stored already.
template <typename C>
struct Products {
  const C* a;
  const C* b;
  template <class D>
  HWY_INLINE hn::Vec<D> operator()(D d, int64_t i) const {
    return hn::Mul(hn::LoadU(d, a + i), hn::LoadU(d, b + i));
  }
  template <class D>
  HWY_INLINE hn::Vec<D> tail(D d, int64_t i, int64_t count) const {
    return hn::Mul(load_tail(d, a + i, count, C{0}), load_tail(d, b + i, count, C{0}));
  }
};

template <typename T>
struct NormGrad {
  using C = Compute<T>;

  template <bool kCentre>
  static HWY_INLINE void rows(std::byte* gx, double* HWY_RESTRICT gweight, double* HWY_RESTRICT gbias,
                              const NormOperands& in, int64_t begin, int64_t end) {
    const int64_t n = in.n;
    const auto size = static_cast<double>(n);
    std::vector<C> x_buffer(buffer_size<T>(n)), g_buffer(buffer_size<T>(n)), gx_buffer(buffer_size<T>(n));
    std::vector<C> weight_buffer(buffer_size<T>(n));
    std::vector<C> h_row(static_cast<size_t>(n)), p_row(static_cast<size_t>(n));
    C* HWY_RESTRICT h = h_row.data();
    C* HWY_RESTRICT p = p_row.data();
    const C* weight = in.weight ? load_row<T>(in.weight, 0, n, weight_buffer.data()) : nullptr;
    for (int64_t at = begin * n; at < end * n; at += n) {
      const C* x = load_row<T>(in.x, at, n, x_buffer.data());
      const C* g = load_row<T>(in.g, at, n, g_buffer.data());
      const auto [mean, scale] = row_statistics<kCentre>(x, n, in.eps);
      for (int64_t i = 0; i < n; ++i) {
        h[i] = (x[i] - mean) * scale;
        p[i] = weight != nullptr ? g[i] * weight[i] : g[i];
      }
      for (int64_t i = 0; i < n; ++i) gweight[i] += static_cast<double>(g[i] * h[i]);
      if constexpr (kCentre)
        for (int64_t i = 0; i < n; ++i) gbias[i] += static_cast<double>(g[i]);
      const C mean_p = kCentre ? static_cast<C>(blocked_sum<C>(n, Elements<C>{p}) / size) : C{0};
      const auto mean_ph = static_cast<C>(blocked_sum<C>(n, Products<C>{p, h}) / size);
      C* HWY_RESTRICT to = target_row<T>(gx, at, gx_buffer.data());
      for (int64_t i = 0; i < n; ++i) to[i] = scale * (p[i] - mean_p - h[i] * mean_ph);
      store_row<T>(gx, at, n, to);
    }
  }

  static void rms_norm(std::byte* gx, double* gweight, const NormOperands& in, int64_t begin, int64_t end) {
    rows<false>(gx, gweight, nullptr, in, begin, end);
  }
  static void layer_norm(std::byte* gx, double* gweight, double* gbias, const NormOperands& in, int64_t begin,
                         int64_t end) {
    rows<true>(gx, gweight, gbias, in, begin, end);
  }

  static const NormGradFns* get() {
    static constexpr NormGradFns kFns = {rms_norm, layer_norm};
    return &kFns;
  }
};

const NormGradFns* norm_grad_of(uint32_t dtype) {
  const NormGradFns* fns = nullptr;
  visit_floating(dtype, [&](auto type) { fns = NormGrad<decltype(type)>::get(); });
  return fns;
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {

HWY_EXPORT(norm_grad_of);

const NormGradFns* norm_grad_fns(uint32_t dtype) { return HWY_DYNAMIC_DISPATCH(norm_grad_of)(dtype); }

}  // namespace ferrule::cpu
#endif
