// rms_norm and layer_norm, a row at a time: mean, then the mean square of the centred row, then the output.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "row/norm.cpp"
#include "hwy/foreach_target.h"  // before highway.h

#include "hwy/highway.h"
#include "row/norm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

template <typename C>
HWY_INLINE void normalise(C* HWY_RESTRICT out, const C* x, const C* weight, const C* bias, int64_t n, C mean, C scale) {
  if (weight != nullptr && bias != nullptr)
    for (int64_t i = 0; i < n; ++i) out[i] = (x[i] - mean) * scale * weight[i] + bias[i];
  else if (weight != nullptr)
    for (int64_t i = 0; i < n; ++i) out[i] = (x[i] - mean) * scale * weight[i];
  else if (bias != nullptr)
    for (int64_t i = 0; i < n; ++i) out[i] = (x[i] - mean) * scale + bias[i];
  else
    for (int64_t i = 0; i < n; ++i) out[i] = (x[i] - mean) * scale;
}

template <typename T>
struct Norm {
  using C = Compute<T>;

  template <bool kCentre>
  static void rows(std::byte* out, const NormOperands& in, int64_t begin, int64_t end) {
    const int64_t n = in.n;
    std::vector<C> in_buffer(buffer_size<T>(n)), out_buffer(buffer_size<T>(n));
    std::vector<C> weight_buffer(buffer_size<T>(n)), bias_buffer(buffer_size<T>(n));
    const C* weight = in.weight ? load_row<T>(in.weight, 0, n, weight_buffer.data()) : nullptr;
    const C* bias = in.bias ? load_row<T>(in.bias, 0, n, bias_buffer.data()) : nullptr;
    for (int64_t at = begin * n; at < end * n; at += n) {
      const C* x = load_row<T>(in.x, at, n, in_buffer.data());
      C* to = target_row<T>(out, at, out_buffer.data());
      const RowStatistics<C> row = row_statistics<kCentre>(x, n, in.eps);
      normalise(to, x, weight, bias, n, row.mean, row.scale);
      store_row<T>(out, at, n, to);
    }
  }

  static const NormFns* get() {
    static constexpr NormFns kFns = {rows<false>, rows<true>};
    return &kFns;
  }
};

const NormFns* norm_of(uint32_t dtype) {
  const NormFns* fns = nullptr;
  visit_floating(dtype, [&](auto type) { fns = Norm<decltype(type)>::get(); });
  return fns;
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {

HWY_EXPORT(norm_of);

const NormFns* norm_fns(uint32_t dtype) { return HWY_DYNAMIC_DISPATCH(norm_of)(dtype); }

}  // namespace ferrule::cpu
#endif
