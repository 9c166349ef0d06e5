// Reading and checking of convolution calls.
#include "kernels/conv/problem.h"

#include <algorithm>
#include <cinttypes>
#include <utility>

#include "common/check.h"
#include "common/dtypes.h"

namespace ferrule::gpu {
namespace {

using plugin::reject;

struct View {
  const int64_t *shape, *strides;
};
template <typename V>
struct Roles {
  V x, w, y;
};
template <typename V>
Roles<V> roles_of(ConvOp op, V first, V second, V out) {
  if (op == ConvOp::kForward) return {first, second, out};
  if (op == ConvOp::kInputGrad) return {out, second, first};
  return {first, out, second};
}

ConvProblem read(ConvOp op, uint32_t dtype, const Roles<View>& r, const frl_conv_attrs& a) {
  ConvProblem p{};
  const uint32_t spatial = a.n_spatial;
  p.op = op, p.dtype = dtype, p.n_spatial = spatial;
  p.n = r.x.shape[0], p.groups = a.groups;
  p.in_channels = r.w.shape[spatial + 1], p.out_channels = r.w.shape[0] / a.groups;
  p.flip = a.flip != 0;
  for (uint32_t d = 0; d < 3; ++d) {
    p.in[d] = p.kernel[d] = p.out[d] = p.stride[d] = p.kernel_dilation[d] = p.input_dilation[d] = 1;
  }
  for (uint32_t i = 0; i < spatial; ++i) {
    const uint32_t d = 3 - spatial + i;
    p.in[d] = r.x.shape[i + 1], p.kernel[d] = r.w.shape[i + 1], p.out[d] = r.y.shape[i + 1];
    p.stride[d] = a.stride[i], p.pad[d] = a.pad_lo[i], p.pad_after[d] = a.pad_hi[i];
    p.kernel_dilation[d] = a.kernel_dilation[i], p.input_dilation[d] = a.input_dilation[i];
    p.x_spatial[d] = r.x.strides[i + 1], p.y_spatial[d] = r.y.strides[i + 1];
  }
  p.x_batch = r.x.strides[0], p.x_channel = r.x.strides[spatial + 1];
  p.y_batch = r.y.strides[0], p.y_channel = r.y.strides[spatial + 1];
  return p;
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
    const int64_t window = (out[d] - 1) * stride[d] + (kernel[d] - 1) * kernel_dilation[d] + 1;
    const int64_t dilated = in[d] > 0 ? (in[d] - 1) * input_dilation[d] + 1 : 0;
    if (pad[d] > 0 || input_dilation[d] > 1 || window - pad[d] > dilated) return true;
  }
  return false;
}

const char* check_conv(ConvOp op, const frl_call& call, std::span<char> reason) {
  const frl_tensor &first = call.inputs[0], &second = call.inputs[1], &out = call.outputs[0];
  const auto& a = *static_cast<const frl_conv_attrs*>(call.attrs);
  const auto [x, w, y] = roles_of<const frl_tensor*>(op, &first, &second, &out);
  if (a.n_spatial < 1 || a.n_spatial > 3) return reject(reason, "got n_spatial %u; expected 1 to 3", a.n_spatial);
  const uint32_t rank = a.n_spatial + 2;
  struct Named {
    const char* name;
    const frl_tensor* tensor;
  };
  for (const auto& [name, t] : {Named{"x", x}, Named{"w", w}, Named{"y", y}}) {
    if (const char* why = plugin::check_tensor(*t, plugin::Domain::kFloating, name, reason)) return why;
    if (const char* why = plugin::check_dtype(t->dtype, out.dtype, name, reason)) return why;
    if (t->ndim != rank) return reject(reason, "%s: got rank %u; expected %u", name, t->ndim, rank);
    if (plugin::element_count(*t) == INT64_MAX) return reject(reason, "%s: got more elements than 64 bits count", name);
  }
  const auto expect = [&](const char* what, int64_t got, int64_t expected) -> const char* {
    if (got == expected) return nullptr;
    return reject(reason, "%s: got %" PRId64 "; expected %" PRId64, what, got, expected);
  };
  constexpr int64_t kLargest = int64_t{1} << 31;  // of groups, steps, paddings and taps
  if (a.groups < 1 || a.groups > kLargest)
    return reject(reason, "got groups %" PRId64 "; expected 1 or more", a.groups);
  if (const char* why = expect("batch extent of y", y->shape[0], x->shape[0])) return why;
  if (const char* why = expect("channels of x", x->shape[rank - 1], w->shape[rank - 1] * a.groups)) return why;
  if (const char* why = expect("channels of y", y->shape[rank - 1], w->shape[0])) return why;
  if (const char* why = expect("output channels modulo groups", w->shape[0] % a.groups, 0)) return why;
  int64_t taps = 1;
  for (uint32_t i = 0; i < a.n_spatial; ++i) {
    for (int64_t step : {a.stride[i], a.kernel_dilation[i], a.input_dilation[i]}) {
      if (step < 1 || step > kLargest)
        return reject(reason, "got stride or dilation %" PRId64 "; expected 1 or more", step);
    }
    for (int64_t padding : {a.pad_lo[i], a.pad_hi[i]}) {
      if (padding > kLargest || padding < -kLargest) return reject(reason, "got padding %" PRId64, padding);
    }
    const int64_t in = x->shape[i + 1], kernel = w->shape[i + 1];
    if (in > kLargest * 16 || kernel > kLargest) return reject(reason, "got extents %" PRId64 ", %" PRId64, in, kernel);
    taps *= std::max<int64_t>(kernel, 1);
    if (taps > kLargest) return reject(reason, "got %" PRId64 " taps or more; expected at most 2^31", taps);
    if (a.input_dilation[i] > (int64_t{1} << 60) / std::max<int64_t>(in, 1)) {
      return reject(reason, "got input dilation %" PRId64 " of extent %" PRId64, a.input_dilation[i], in);
    }
    if (in < 1 || kernel < 1) continue;  // an empty sum: any output extent is filled with zeros
    const int64_t padded = (in - 1) * a.input_dilation[i] + 1 + a.pad_lo[i] + a.pad_hi[i];
    const int64_t window = (kernel - 1) * a.kernel_dilation[i] + 1;
    const int64_t expected = padded < window ? 0 : (padded - window) / a.stride[i] + 1;
    if (const char* why = expect("spatial extent of y", y->shape[i + 1], expected)) return why;
  }
  const int64_t channels = std::max(w->shape[rank - 1], w->shape[0] / a.groups);
  if (channels >= kLargest / taps) {
    return reject(reason, "got %" PRId64 " taps of %" PRId64 " channels; expected fewer than 2^31 products per sum",
                  taps, channels);
  }
  return nullptr;
}

ConvProblem read_conv(ConvOp op, const frl_call& call, uint32_t contiguous) {
  int64_t dense[2][FRL_MAX_DIMS];
  const auto view = [&](uint32_t index) -> View {
    const frl_tensor& t = call.inputs[index];
    if (!((contiguous >> index) & 1)) return {t.shape, t.strides};
    int64_t step = 1;
    for (uint32_t i = t.ndim; i-- > 0;) {
      dense[index][i] = step;
      step *= t.shape[i];
    }
    return {t.shape, dense[index]};
  };
  const frl_tensor& out = call.outputs[0];
  // Outputs are row-contiguous, whatever the strides of an output that is not allocated yet say.
  int64_t out_strides[FRL_MAX_DIMS], step = 1;
  for (uint32_t i = out.ndim; i-- > 0;) {
    out_strides[i] = step;
    step *= out.shape[i];
  }
  return read(op, out.dtype, roles_of<View>(op, view(0), view(1), {out.shape, out_strides}),
              *static_cast<const frl_conv_attrs*>(call.attrs));
}

ConvProblem read_conv(ConvOp op, const Call& call) {
  const auto view = [](const Operand& o) { return View{o.shape, o.strides}; };
  return read(op, call.outputs[0].dtype,
              roles_of<View>(op, view(call.inputs[0]), view(call.inputs[1]), view(call.outputs[0])),
              call.attributes<frl_conv_attrs>());
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
  return p;
}

MatrixProduct conv_product(const ConvProblem& f) {
  MatrixProduct p{};
  const int64_t pixels = f.n * f.out_pixels(), c = f.in_channels, o = f.out_channels;
  p.dtype = f.dtype, p.alpha = 1;
  if (f.op == ConvOp::kForward) {
    p.m = pixels, p.n = o, p.k = c, p.a = {c, 1}, p.b = {1, c};
  } else if (f.op == ConvOp::kInputGrad) {
    p.m = pixels, p.n = c, p.k = o, p.a = {o, 1}, p.b = {c, 1};
  } else {
    p.m = o, p.n = c, p.k = pixels, p.a = {1, o}, p.b = {c, 1};
  }
  return p;
}

}  // namespace ferrule::gpu
