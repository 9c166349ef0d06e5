#include "common/conv.h"

#include <algorithm>
#include <cinttypes>
#include <utility>

#include "common/check.h"

namespace ferrule::plugin {
namespace {

template <typename T>
struct Roles {
  T x, w, y;
};
template <typename T>
Roles<T> roles_of(ConvOp op, T first, T second, T out) {
  if (op == ConvOp::kForward) return {first, second, out};
  if (op == ConvOp::kInputGrad) return {out, second, first};
  return {first, out, second};
}

constexpr int64_t kLargest =
    int64_t{1} << 31;  // of groups, steps, paddings and kernels, so that extents do not overflow

const char* check_spatial(const frl_conv_attrs& a, uint32_t i, int64_t in, int64_t kernel, int64_t out,
                          std::span<char> reason) {
  for (int64_t step : {a.stride[i], a.kernel_dilation[i], a.input_dilation[i]}) {
    if (step < 1 || step > kLargest)
      return reject(reason, "got stride or dilation %" PRId64 "; expected 1 or more", step);
  }
  for (int64_t padding : {a.pad_lo[i], a.pad_hi[i]}) {
    if (padding > kLargest || padding < -kLargest) return reject(reason, "got padding %" PRId64, padding);
  }
  if (kernel > kLargest) return reject(reason, "got a kernel of extent %" PRId64, kernel);
  if (a.input_dilation[i] > (int64_t{1} << 60) / std::max<int64_t>(in, 1)) {
    return reject(reason, "got input dilation %" PRId64 " of extent %" PRId64, a.input_dilation[i], in);
  }
  if (in < 1 || kernel < 1) return nullptr;  // an empty sum: any output extent is filled with zeros
  const int64_t padded = (in - 1) * a.input_dilation[i] + 1 + a.pad_lo[i] + a.pad_hi[i];
  const int64_t window = (kernel - 1) * a.kernel_dilation[i] + 1;
  return check_equal(out, padded < window ? 0 : (padded - window) / a.stride[i] + 1, "spatial extent of y", reason);
}

}  // namespace

bool ConvProblem::is_dense(const int64_t* extents, int64_t channels, int64_t batch, const int64_t* spatial,
                           int64_t channel) const {
  if (channel != 1 && channels > 1) return false;
  int64_t expected = channels;
  for (int d = 2; d >= 0; --d) {
    if (extents[d] > 1 && spatial[d] != expected) return false;
    expected *= extents[d];
  }
  return n == 1 || batch == expected;
}

bool ConvProblem::is_product() const {
  for (int d = 0; d < 3; ++d) {
    if (kernel[d] != 1 || stride[d] != 1 || pad[d] != 0 || input_dilation[d] != 1 || in[d] != out[d]) return false;
  }
  return groups == 1 && x_is_dense() && y_is_dense();
}

bool ConvProblem::meets_padding() const {
  for (int d = 0; d < 3; ++d) {
    const int64_t dilated = in[d] > 0 ? (in[d] - 1) * input_dilation[d] + 1 : 0;
    if (pad[d] > 0 || input_dilation[d] > 1 || window(d, out[d]) - pad[d] > dilated) return true;
  }
  return false;
}

const char* check_conv(ConvOp op, const frl_call& call, std::span<char> reason) {
  const frl_tensor &first = call.inputs[0], &second = call.inputs[1], &out = call.outputs[0];
  const auto& a = *static_cast<const frl_conv_attrs*>(call.attrs);
  const auto [x, w, y] = roles_of(op, &first, &second, &out);
  if (a.n_spatial < 1 || a.n_spatial > 3) return reject(reason, "got n_spatial %u; expected 1 to 3", a.n_spatial);
  const uint32_t rank = a.n_spatial + 2, last = rank - 1;
  struct Named {
    const char* name;
    const frl_tensor* tensor;
  };
  for (const auto& [name, t] : {Named{"x", x}, Named{"w", w}, Named{"y", y}}) {
    if (const char* bad = check_tensor(*t, Domain::kFloating, name, reason)) return bad;
    if (const char* bad = check_dtype(t->dtype, out.dtype, name, reason)) return bad;
    if (t->ndim != rank) return reject(reason, "%s: got rank %u; expected %u", name, t->ndim, rank);
    if (element_count(*t) == INT64_MAX) return reject(reason, "%s: got more elements than 64 bits count", name);
  }
  if (a.groups < 1 || a.groups > kLargest)
    return reject(reason, "got groups %" PRId64 "; expected 1 or more", a.groups);
  if (const char* bad = check_equal(y->shape[0], x->shape[0], "batch extent of y", reason)) return bad;
  int64_t channels;
  if (__builtin_mul_overflow(w->shape[last], a.groups, &channels)) channels = INT64_MAX;
  if (const char* bad = check_equal(x->shape[last], channels, "channels of x", reason)) return bad;
  if (const char* bad = check_equal(y->shape[last], w->shape[0], "channels of y", reason)) return bad;
  if (const char* bad = check_equal(w->shape[0] % a.groups, 0, "output channels modulo groups", reason)) return bad;
  for (uint32_t i = 0; i < a.n_spatial; ++i) {
    if (const char* bad = check_spatial(a, i, x->shape[i + 1], w->shape[i + 1], y->shape[i + 1], reason)) return bad;
  }
  return nullptr;
}

ConvProblem read_conv(ConvOp op, uint32_t dtype, const ConvOperand& first, const ConvOperand& second,
                      const ConvOperand& out, const frl_conv_attrs& a) {
  const auto [x, w, y] = roles_of(op, first, second, out);
  ConvProblem p{};
  const uint32_t spatial = a.n_spatial;
  p.op = op, p.dtype = dtype, p.n_spatial = spatial;
  p.n = x.shape[0], p.groups = a.groups;
  p.in_channels = w.shape[spatial + 1], p.out_channels = w.shape[0] / a.groups;
  p.flip = a.flip != 0;
  for (uint32_t d = 0; d < 3; ++d) {
    p.in[d] = p.kernel[d] = p.out[d] = p.stride[d] = p.kernel_dilation[d] = p.input_dilation[d] = 1;
  }
  for (uint32_t i = 0; i < spatial; ++i) {
    const uint32_t d = 3 - spatial + i;
    p.in[d] = x.shape[i + 1], p.kernel[d] = w.shape[i + 1], p.out[d] = y.shape[i + 1];
    p.stride[d] = a.stride[i], p.pad[d] = a.pad_lo[i], p.pad_after[d] = a.pad_hi[i];
    p.kernel_dilation[d] = a.kernel_dilation[i], p.input_dilation[d] = a.input_dilation[i];
    p.x_spatial[d] = x.strides[i + 1], p.w_spatial[d] = w.strides[i + 1], p.y_spatial[d] = y.strides[i + 1];
  }
  p.x_batch = x.strides[0], p.x_channel = x.strides[spatial + 1];
  p.y_batch = y.strides[0], p.y_channel = y.strides[spatial + 1];
  p.w_out = w.strides[0], p.w_group = p.out_channels * p.w_out, p.w_in = w.strides[spatial + 1];
  return p;
}

ConvProblem input_grad_problem(const ConvProblem& f) {
  ConvProblem p = f;
  std::swap(p.in_channels, p.out_channels);
  p.flip = !f.flip;
  for (int d = 0; d < 3; ++d) {
    p.in[d] = f.out[d], p.out[d] = f.in[d];
    p.stride[d] = f.input_dilation[d], p.input_dilation[d] = f.stride[d];
    p.pad[d] = (f.kernel[d] - 1) * f.kernel_dilation[d] - f.pad[d];
    std::swap(p.x_spatial[d], p.y_spatial[d]);
  }
  std::swap(p.x_batch, p.y_batch);
  std::swap(p.x_channel, p.y_channel);
  std::swap(p.w_in, p.w_out);
  return p;
}

}  // namespace ferrule::plugin
