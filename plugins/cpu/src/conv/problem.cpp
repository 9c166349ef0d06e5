// Reading and checking of convolution calls.
#include "problem.h"

#include <cstdio>
#include <utility>

#include "../matmul/element.h"

namespace ferrule::cpu {
namespace {

const char* say(std::span<char> reason, const char* text, int64_t got, int64_t expected) {
  std::snprintf(reason.data(), reason.size(), "%s: got %lld, expected %lld", text, static_cast<long long>(got),
                static_cast<long long>(expected));
  return reason.data();
}

struct Roles {
  const ConvOperand &x, &w, &y;
};
Roles roles_of(ConvOp op, const ConvOperand& first, const ConvOperand& second, const ConvOperand& out) {
  if (op == ConvOp::kForward) return {first, second, out};
  if (op == ConvOp::kInputGrad) return {out, second, first};
  return {first, out, second};
}

// The plain forward problem of x, w and y.
ConvProblem forward_problem(const Roles& r, const frl_conv_attrs& a) {
  ConvProblem p{};
  const uint32_t spatial = a.n_spatial;
  p.dtype = r.x.dtype;
  p.groups = a.groups;
  p.n = r.x.shape[0];
  p.in_channels = r.w.shape[spatial + 1];
  p.out_channels = r.w.shape[0] / a.groups;
  p.flip = a.flip != 0;
  for (uint32_t d = 0; d < 3; ++d) {
    p.in[d] = p.kernel[d] = p.out[d] = p.stride[d] = p.kernel_dilation[d] = p.input_dilation[d] = 1;
  }
  for (uint32_t i = 0; i < spatial; ++i) {
    const uint32_t d = 3 - spatial + i;
    p.in[d] = r.x.shape[i + 1], p.kernel[d] = r.w.shape[i + 1], p.out[d] = r.y.shape[i + 1];
    p.stride[d] = a.stride[i], p.pad[d] = a.pad_lo[i];
    p.kernel_dilation[d] = a.kernel_dilation[i], p.input_dilation[d] = a.input_dilation[i];
    p.x_spatial[d] = r.x.strides[i + 1], p.w_spatial[d] = r.w.strides[i + 1], p.y_spatial[d] = r.y.strides[i + 1];
  }
  p.x_batch = r.x.strides[0], p.x_channel = r.x.strides[spatial + 1];
  p.y_batch = r.y.strides[0], p.y_channel = r.y.strides[spatial + 1];
  p.w_out = r.w.strides[0], p.w_group = p.out_channels * p.w_out, p.w_in = r.w.strides[spatial + 1];
  return p;
}

// gx = conv of gy, dilated by the stride, with the flipped kernel and the channels' roles swapped. The padding before
// is what the forward pass left of the kernel; the output's extent (the input's) implies the padding after.
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

}  // namespace

bool ConvProblem::meets_padding() const {
  for (int d = 0; d < 3; ++d) {
    const int64_t dilated = in[d] > 0 ? (in[d] - 1) * input_dilation[d] + 1 : 0;
    if (pad[d] > 0 || input_dilation[d] > 1 || window(d, out[d]) - pad[d] > dilated) return true;
  }
  return false;
}

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

const char* check_conv(ConvOp op, const ConvOperand& first, const ConvOperand& second, const ConvOperand& out,
                       const frl_conv_attrs& a, std::span<char> reason) {
  const auto [x, w, y] = roles_of(op, first, second, out);
  if (!is_product_dtype(out.dtype) || out.dtype == FRL_DTYPE_C64) {
    return say(reason, "dtype code (f16, bf16, f32 and f64 are)", out.dtype, FRL_DTYPE_F32);
  }
  if (first.dtype != out.dtype) return say(reason, "dtype code of the first operand", first.dtype, out.dtype);
  if (second.dtype != out.dtype) return say(reason, "dtype code of the second operand", second.dtype, out.dtype);
  if (a.n_spatial < 1 || a.n_spatial > 3) return say(reason, "n_spatial (1 to 3 are possible)", a.n_spatial, 2);
  const uint32_t rank = a.n_spatial + 2;
  for (const ConvOperand* t : {&x, &w, &y}) {
    if (t->ndim != rank) return say(reason, "rank of an operand", t->ndim, rank);
  }
  if (a.groups < 1) return say(reason, "groups (at least 1)", a.groups, 1);
  if (x.shape[0] != y.shape[0]) return say(reason, "batch extent of y", y.shape[0], x.shape[0]);
  if (w.shape[rank - 1] * a.groups != x.shape[rank - 1]) {
    return say(reason, "channels of x", x.shape[rank - 1], w.shape[rank - 1] * a.groups);
  }
  if (w.shape[0] != y.shape[rank - 1]) return say(reason, "channels of y", y.shape[rank - 1], w.shape[0]);
  if (w.shape[0] % a.groups != 0) return say(reason, "output channels modulo groups", w.shape[0] % a.groups, 0);
  for (uint32_t i = 0; i < a.n_spatial; ++i) {
    if (a.stride[i] < 1 || a.kernel_dilation[i] < 1 || a.input_dilation[i] < 1) {
      return say(reason, "stride or dilation (at least 1)", 0, 1);
    }
    const int64_t in = x.shape[i + 1], kernel = w.shape[i + 1];
    if (in < 1 || kernel < 1) continue;  // an empty sum: any output extent is filled with zeros
    const int64_t padded = (in - 1) * a.input_dilation[i] + 1 + a.pad_lo[i] + a.pad_hi[i];
    const int64_t window = (kernel - 1) * a.kernel_dilation[i] + 1;
    const int64_t expected = padded < window ? 0 : (padded - window) / a.stride[i] + 1;
    if (y.shape[i + 1] != expected) return say(reason, "spatial extent of y", y.shape[i + 1], expected);
  }
  return nullptr;
}

ConvProblem make_forward_problem(ConvOp op, const ConvOperand& first, const ConvOperand& second, const ConvOperand& out,
                                 const frl_conv_attrs& attrs) {
  return forward_problem(roles_of(op, first, second, out), attrs);
}

ConvProblem make_conv_problem(ConvOp op, const ConvOperand& first, const ConvOperand& second, const ConvOperand& out,
                              const frl_conv_attrs& attrs) {
  const ConvProblem forward = make_forward_problem(op, first, second, out, attrs);
  return op == ConvOp::kInputGrad ? input_grad_problem(forward) : forward;
}

}  // namespace ferrule::cpu
