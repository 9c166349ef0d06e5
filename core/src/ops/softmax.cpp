// softmax and logsumexp: kernels along one axis; several axes are merged first, complex values are composed.
#include "ops/axes.h"

namespace ferrule {

using namespace detail;

namespace {

array softmax_by_exp(const array& x, int axis, bool precise, const Stream& s) {
  Dtype work = precise && (x.dtype() == float16 || x.dtype() == bfloat16) ? float32 : x.dtype();
  array wide = cast(x, work, s);
  array e = exp(subtract(wide, max(wide, axis, true, s), s), s);
  return cast(divide(e, sum(e, axis, true, s), s), x.dtype(), s);
}

class Softmax final : public AttributedPrimitive<frl_softmax_attrs> {
 public:
  using AttributedPrimitive::AttributedPrimitive;
  std::vector<array> vjp(const std::vector<array>&, const std::vector<array>& cotangents, const std::vector<int>&,
                         const std::vector<array>& outputs) override {
    const Stream& s = stream();
    array weighted = multiply(cotangents[0], outputs[0], s);
    return {subtract(weighted, multiply(outputs[0], sum(weighted, attrs().axis, true, s), s), s)};
  }
  std::vector<array> decompose(const std::vector<array>& inputs) const override {
    return {softmax_by_exp(inputs[0], attrs().axis, attrs().precise != 0, stream())};
  }
};

// The greatest value, or 0 where it is not finite: exp then gives inf, 0 or NaN by itself.
array shift(const array& x, int axis, const Stream& s) {
  array m = max(x, axis, true, s);
  if (is_complex(x.dtype())) m = real(m, s);
  array safe = where(isfinite(m, s), m, scalar(0, m.dtype()), s);
  return cast(stop_gradient(safe, s), x.dtype(), s);
}

array logsumexp_by_exp(const array& x, int axis, const Stream& s) {
  array m = shift(x, axis, s);
  return add(log(sum(exp(subtract(x, m, s), s), axis, true, s), s), m, s);
}

class LogSumExp final : public AttributedPrimitive<frl_axis_attrs> {
 public:
  using AttributedPrimitive::AttributedPrimitive;
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>&, const std::vector<array>& outputs) override {
    const Stream& s = stream();
    return {multiply(cotangents[0], exp(subtract(primals[0], outputs[0], s), s), s)};
  }
  std::vector<array> decompose(const std::vector<array>& inputs) const override {
    return {logsumexp_by_exp(inputs[0], attrs().axis, stream())};
  }
};

// Along one axis, which stays with extent 1.
array logsumexp_axis(const array& x, int axis, const Stream& s) {
  if (is_complex(x.dtype())) return logsumexp_by_exp(x, axis, s);
  return make<LogSumExp>(kept_shape(x.shape(), 1u << axis), x.dtype(), {x}, s, FRL_OP_logsumexp,
                         frl_axis_attrs{axis, 0});
}

array logsumexp_axes(const array& a, uint32_t axes, bool keepdims, const StreamOrDevice& where) {
  if (a.size() == 0) fail("logsumexp", "no elements", describe(a), "at least one element");
  Stream s = to_stream(where);
  array x = cast(a, at_least_float(a.dtype()), s);
  if (axes == 0) return x;
  Shape shape = keepdims ? kept_shape(a.shape(), axes) : dropped_shape(a.shape(), axes);
  std::vector<int> list = mask_axes(axes);
  if (list.size() == 1) return reshape(logsumexp_axis(x, list[0], s), shape, s);
  array rows = MergedAxes(x, axes, s).merged;
  return reshape(logsumexp_axis(rows, rows.ndim() - 1, s), shape, s);
}

array softmax_axis(const array& x, int axis, bool precise, const Stream& s) {
  if (is_complex(x.dtype())) return softmax_by_exp(x, axis, precise, s);
  return make<Softmax>(x.shape(), x.dtype(), {x}, s, FRL_OP_softmax, frl_softmax_attrs{axis, precise});
}

array softmax_axes(const array& a, uint32_t axes, bool precise, const StreamOrDevice& where) {
  Stream s = to_stream(where);
  array x = cast(a, at_least_float(a.dtype()), s);
  if (a.size() == 0) return x;
  if (axes == 0) return ones_like(x, s);
  std::vector<int> list = mask_axes(axes);
  if (list.size() == 1) return softmax_axis(x, list[0], precise, s);
  MergedAxes rows(x, axes, s);
  return rows.restore(softmax_axis(rows.merged, rows.merged.ndim() - 1, precise, s), s);
}

}  // namespace

array softmax(const array& a, const std::vector<int>& axes, bool precise, StreamOrDevice s) {
  return softmax_axes(a, axis_mask("softmax", axes, a.ndim()), precise, s);
}

array softmax(const array& a, bool precise, StreamOrDevice s) {
  return softmax_axes(a, all_axes(a.ndim()), precise, s);
}

array logsumexp(const array& a, bool keepdims, StreamOrDevice s) {
  return logsumexp_axes(a, all_axes(a.ndim()), keepdims, s);
}

array logsumexp(const array& a, const std::vector<int>& axes, bool keepdims, StreamOrDevice s) {
  return logsumexp_axes(a, axis_mask("logsumexp", axes, a.ndim()), keepdims, s);
}

array logsumexp(const array& a, int axis, bool keepdims, StreamOrDevice s) {
  return logsumexp_axes(a, 1u << checked_axis("logsumexp", axis, a.ndim()), keepdims, s);
}

}  // namespace ferrule
