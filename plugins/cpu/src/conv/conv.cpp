// conv, conv_input_grad and conv_weight_grad: reads a call and hands it to the engine.
#include "../kernel.h"
#include "engine.h"

namespace ferrule::cpu {
namespace {

ConvOperand operand(const frl_tensor& t) { return {t.dtype, t.ndim, t.shape, t.strides}; }
ConvOperand operand(const Tensor& t) { return {t.dtype, t.ndim, t.shape, t.strides}; }

bool is_empty(const frl_tensor& t) {
  for (uint32_t i = 0; i < t.ndim; ++i) {
    if (t.shape[i] <= 0) return true;
  }
  return false;
}

template <ConvOp kOp>
const char* query(const frl_call& call, frl_requirements& out, std::span<char> reason) {
  const ConvOperand first = operand(call.inputs[0]), second = operand(call.inputs[1]),
                    result = operand(call.outputs[0]);
  const auto& attrs = *static_cast<const frl_conv_attrs*>(call.attrs);
  if (const char* why = check_conv(kOp, first, second, result, attrs, reason)) return why;
  out.support = FRL_SUPPORTED;
  out.depends = FRL_DEPENDS_RANK | FRL_DEPENDS_SHAPES | FRL_DEPENDS_STRIDES | FRL_DEPENDS_ATTRS;
  if (is_empty(call.outputs[0])) return nullptr;  // never launched
  const ConvProblem problem = make_conv_problem(kOp, first, second, result, attrs);
  out.scratch_bytes =
      kOp == ConvOp::kWeightGrad ? conv_weight_grad_scratch_bytes(problem) : conv_forward_scratch_bytes(problem);
  return nullptr;
}

template <ConvOp kOp>
void run(const Call& call) {
  const Tensor &first = call.inputs[0], &second = call.inputs[1], &out = call.outputs[0];
  if (out.size() == 0) return;
  const ConvProblem problem =
      make_conv_problem(kOp, operand(first), operand(second), operand(out), call.attributes<frl_conv_attrs>());
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
