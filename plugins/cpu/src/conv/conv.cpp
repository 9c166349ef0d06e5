// conv, conv_input_grad and conv_weight_grad: reads a call and hands it to the own engine or to oneDNN.
#include <algorithm>

#include "../kernel.h"
#include "../matmul/product.h"
#include "common/check.h"
#include "engine.h"
#include "onednn_conv.h"

namespace ferrule::cpu {
namespace {

// Of a query's or a run's operands: the forward problem of x, w and y, and the one that the own engine computes.
template <typename T>
ConvProblem forward_problem(ConvOp op, const T* inputs, const T& out, const frl_conv_attrs& attrs) {
  return plugin::read_conv(op, out.dtype, {inputs[0].shape, inputs[0].strides}, {inputs[1].shape, inputs[1].strides},
                           {out.shape, out.strides}, attrs);
}
ConvProblem own_problem(const ConvProblem& forward) {
  return forward.op == ConvOp::kInputGrad ? plugin::input_grad_problem(forward) : forward;
}

// A convolution whose kernel is one element wide: pixels are the rows of a matrix. first, second, out: in the op's
// order.
template <ConvOp kOp>
Product make_product(const ConvProblem& f, const std::byte* first, const std::byte* second, std::byte* out) {
  const int64_t pixels = f.n * f.out_pixels(), c = f.in_channels, o = f.out_channels;
  if constexpr (kOp == ConvOp::kForward)
    return {f.dtype, pixels, o, c, {first, c, 1}, {second, f.w_in, f.w_out}, {}, out};
  if constexpr (kOp == ConvOp::kInputGrad)
    return {f.dtype, pixels, c, o, {first, o, 1}, {second, f.w_out, f.w_in}, {}, out};
  return {f.dtype, o, c, pixels, {second, 1, o}, {first, c, 1}, {}, out};
}

template <ConvOp kOp>
const char* query(const frl_call& call, frl_requirements& out, std::span<char> reason) {
  if (const char* why = plugin::check_conv(kOp, call, reason)) return why;
  out.support = FRL_SUPPORTED;
  out.depends = FRL_DEPENDS_RANK | FRL_DEPENDS_SHAPES | FRL_DEPENDS_STRIDES | FRL_DEPENDS_ATTRS;
  if (plugin::element_count(call.outputs[0]) == 0) return nullptr;  // never launched
  const ConvProblem forward =
      forward_problem(kOp, call.inputs, call.outputs[0], *static_cast<const frl_conv_attrs*>(call.attrs));
  if (forward.is_product()) {
    out.scratch_bytes = product_scratch_bytes(make_product<kOp>(forward, nullptr, nullptr, nullptr));
    return nullptr;
  }
  const ConvProblem problem = own_problem(forward);
  const uint64_t own =
      kOp == ConvOp::kWeightGrad ? conv_weight_grad_scratch_bytes(problem) : conv_forward_scratch_bytes(problem);
  const OnednnConv plan = plan_onednn_conv(kOp, forward);
  // The own engine takes over where padding would meet a factor that is not finite.
  out.scratch_bytes = std::max(own, plan.scratch_bytes);
  return nullptr;
}

template <ConvOp kOp>
void run(const Call& call) {
  const Tensor &first = call.inputs[0], &second = call.inputs[1], &out = call.outputs[0];
  if (out.size() == 0) return;
  const ConvProblem forward = forward_problem(kOp, call.inputs, out, call.attributes<frl_conv_attrs>());
  if (forward.is_product())
    return run_product(make_product<kOp>(forward, first.data, second.data, out.data), call.scratch);
  const OnednnConv plan = plan_onednn_conv(kOp, forward);
  if (plan.conv && run_onednn_conv(plan, forward, first.data, second.data, out.data, call.scratch)) return;
  const ConvProblem problem = own_problem(forward);
  if constexpr (kOp == ConvOp::kWeightGrad) {
    conv_weight_grad(problem, first.data, second.data, out.data, call.scratch);
  } else {
    conv_forward(problem, first.data, second.data, out.data, call.scratch);
  }
}

constexpr Kernel kKernels[] = {
    {"conv", 1, query<ConvOp::kForward>, run<ConvOp::kForward>},
    {"conv_input_grad", 1, query<ConvOp::kInputGrad>, run<ConvOp::kInputGrad>},
    {"conv_weight_grad", 1, query<ConvOp::kWeightGrad>, run<ConvOp::kWeightGrad>},
};

}  // namespace

std::span<const Kernel> conv_kernels() { return kKernels; }

}  // namespace ferrule::cpu
