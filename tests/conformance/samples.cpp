#include "samples.h"

#include "data.h"
#include "ferrule/op_attrs.h"

namespace ferrule::conformance {

bool sample_call(const Op& op, uint32_t dtype, Launch& l) {
  Random random(op.name);
  l = Launch{};
  l.op = &op;
  const auto in = [&](uint32_t code, const Shape& shape) {
    l.inputs.emplace_back(moderate(code, shape, random, 0, 2));
  };
  const auto out = [&](uint32_t code, const Shape& shape) { l.outputs.emplace_back(Tensor(code, shape)); };
  const uint32_t result = op.result_dtype(dtype);
  if (op.version == 0) return false;
  if ((op.code >= FRL_OP_abs && op.code <= FRL_OP_imag) || op.code == FRL_OP_copy) {
    in(dtype, {3, 5});
    out(result, {3, 5});
    return true;
  }
  if (op.code >= FRL_OP_add && op.code <= FRL_OP_right_shift) {
    in(dtype, {3, 5});
    in(dtype, {3, 5});
    out(result, {3, 5});
    return true;
  }
  if (op.code >= FRL_OP_reduce_sum && op.code <= FRL_OP_reduce_or) {
    l.set_attrs(frl_reduce_attrs{2, 0});
    in(dtype, {3, 5});
    out(result, {3, 1});
    return true;
  }
  if (op.code >= FRL_OP_cumsum && op.code <= FRL_OP_logcumsumexp) {
    l.set_attrs(frl_scan_attrs{1, 0, 0});
    in(dtype, {3, 5});
    out(result, {3, 5});
    return true;
  }
  frl_conv_attrs conv{};
  conv.n_spatial = 1;
  conv.groups = 1;
  conv.stride[0] = conv.kernel_dilation[0] = conv.input_dilation[0] = 1;
  switch (op.code) {
    case FRL_OP_fill:
      in(dtype, {});
      out(dtype, {3, 5});
      return true;
    case FRL_OP_arange:
      l.set_attrs(frl_arange_attrs{0, 1, 0, 1});
      out(dtype, {15});
      return true;
    case FRL_OP_select:
      in(FRL_DTYPE_BOOL, {3, 5});
      in(dtype, {3, 5});
      in(dtype, {3, 5});
      out(dtype, {3, 5});
      return true;
    case FRL_OP_argmax:
    case FRL_OP_argmin:
    case FRL_OP_logsumexp:
      l.set_attrs(frl_axis_attrs{1, 0});
      in(dtype, {3, 5});
      out(result, {3, 1});
      return true;
    case FRL_OP_sort:
    case FRL_OP_argsort:
      l.set_attrs(frl_axis_attrs{1, 0});
      in(dtype, {3, 5});
      out(result, {3, 5});
      return true;
    case FRL_OP_partition:
    case FRL_OP_argpartition:
      l.set_attrs(frl_partition_attrs{1, 0, 2});
      in(dtype, {3, 5});
      out(result, {3, 5});
      return true;
    case FRL_OP_softmax:
      l.set_attrs(frl_softmax_attrs{1, 1});
      in(dtype, {3, 5});
      out(dtype, {3, 5});
      return true;
    case FRL_OP_matmul:
      in(dtype, {3, 5});
      in(dtype, {5, 4});
      out(dtype, {3, 4});
      return true;
    case FRL_OP_addmm:
      l.set_attrs(frl_addmm_attrs{1, 1});
      in(dtype, {3, 4});
      in(dtype, {3, 5});
      in(dtype, {5, 4});
      out(dtype, {3, 4});
      return true;
    case FRL_OP_gather: {
      frl_gather_attrs a{};
      a.n_axes = 1;
      a.slice_sizes[0] = 1;
      a.slice_sizes[1] = 5;
      l.set_attrs(a);
      in(dtype, {3, 5});
      in(FRL_DTYPE_I32, {4});
      out(dtype, {4, 1, 5});
      return true;
    }
    case FRL_OP_scatter: {
      frl_scatter_attrs a{};
      a.n_axes = 1;
      l.set_attrs(a);
      in(dtype, {3, 5});
      in(FRL_DTYPE_I32, {2});
      in(dtype, {2, 1, 5});
      out(dtype, {3, 5});
      return true;
    }
    case FRL_OP_random_bits:
      in(FRL_DTYPE_U32, {2, 2});
      out(FRL_DTYPE_U32, {2, 5});
      return true;
    case FRL_OP_rms_norm:
    case FRL_OP_layer_norm:
      l.set_attrs(frl_norm_attrs{1e-5f, 0});
      in(dtype, {3, 5});
      in(dtype, {5});
      out(dtype, {3, 5});
      return true;
    case FRL_OP_rms_norm_vjp:
      l.set_attrs(frl_norm_attrs{1e-5f, 0});
      in(dtype, {3, 5});
      in(dtype, {5});
      in(dtype, {3, 5});
      out(dtype, {3, 5});
      out(dtype, {5});
      return true;
    case FRL_OP_layer_norm_vjp:
      l.set_attrs(frl_norm_attrs{1e-5f, 0});
      in(dtype, {3, 5});
      in(dtype, {5});
      in(dtype, {5});
      in(dtype, {3, 5});
      out(dtype, {3, 5});
      out(dtype, {5});
      out(dtype, {5});
      return true;
    case FRL_OP_conv:
      l.set_attrs(conv);
      in(dtype, {1, 6, 2});
      in(dtype, {3, 2, 2});
      out(dtype, {1, 5, 3});
      return true;
    case FRL_OP_conv_input_grad:
      l.set_attrs(conv);
      in(dtype, {1, 5, 3});
      in(dtype, {3, 2, 2});
      out(dtype, {1, 6, 2});
      return true;
    case FRL_OP_conv_weight_grad:
      l.set_attrs(conv);
      in(dtype, {1, 6, 2});
      in(dtype, {1, 5, 3});
      out(dtype, {3, 2, 2});
      return true;
    case FRL_OP_gather_axis:
      l.set_attrs(frl_axis_attrs{1, 0});
      in(dtype, {3, 5});
      in(FRL_DTYPE_I32, {3, 2});
      out(dtype, {3, 2});
      return true;
    case FRL_OP_scatter_axis:
      l.set_attrs(frl_scatter_axis_attrs{1, FRL_SCATTER_ASSIGN});
      in(dtype, {3, 5});
      in(FRL_DTYPE_I32, {3, 2});
      in(dtype, {3, 2});
      out(dtype, {3, 5});
      return true;
    case FRL_OP_masked_scatter:
      in(dtype, {3, 5});
      in(FRL_DTYPE_BOOL, {3, 5});
      in(dtype, {4});
      out(dtype, {3, 5});
      return true;
    case FRL_OP_searchsorted:
      l.set_attrs(frl_searchsorted_attrs{0, 0});
      in(dtype, {5});
      in(dtype, {3});
      out(FRL_DTYPE_U32, {3});
      return true;
    case FRL_OP_pad: {
      frl_pad_attrs a{};
      a.low[0] = 1;
      l.set_attrs(a);
      in(dtype, {3, 5});
      in(dtype, {});
      out(dtype, {4, 5});
      return true;
    }
    default:
      return false;
  }
}

}  // namespace ferrule::conformance
