// conv, conv_input_grad and conv_weight_grad by the own kernels: every dtype of the ops, no library.
#include "common/check.h"
#include "kernels/conv/own_conv.h"

namespace ferrule::gpu {
namespace {

template <ConvOp kOp>
const char* query(Device& device, const frl_call& call, Answer& answer, std::span<char> reason) {
  answer.requirements.depends = kConvDepends;
  if (const char* why = check_conv_call(kOp, call, reason)) return why;
  if (plugin::element_count(call.outputs[0]) == 0) return nullptr;
  answer.requirements.contiguous_inputs = kOp == ConvOp::kWeightGrad ? 0 : 2;  // w
  answer.requirements.scratch_bytes =
      own_conv_scratch(device, read_conv(kOp, call, answer.requirements.contiguous_inputs));
  return nullptr;
}

template <ConvOp kOp>
void run(Device& device, const Call& call, CommandList& commands) {
  if (call.outputs[0].size() == 0) return;
  run_own_conv(device, read_conv(kOp, call), call.inputs[0].data, call.inputs[1].data, call.outputs[0].data,
               call.scratch, call.scratch_bytes, commands);
}

constexpr Kernel kKernels[] = {
    {"conv", 1, query<ConvOp::kForward>, run<ConvOp::kForward>},
    {"conv_input_grad", 1, query<ConvOp::kInputGrad>, run<ConvOp::kInputGrad>},
    {"conv_weight_grad", 1, query<ConvOp::kWeightGrad>, run<ConvOp::kWeightGrad>},
};

}  // namespace

std::span<const Kernel> conv_kernels() { return kKernels; }

}  // namespace ferrule::gpu
