#include "src/cudnn_conv.h"

#include "common/check.h"
#include "host/failure.h"
#include "kernels/conv/own_conv.h"
#include "src/cublaslt_matmul.h"
#include "src/cudnn_plan.h"
#include "src/plan_alignment.h"

namespace ferrule::gpu {
namespace {

// One of the two.
struct ConvPlan {
  std::shared_ptr<const LtProduct> product;
  std::shared_ptr<const CudnnConv> conv;
};

template <ConvOp kOp>
const char* query(Device& device, const frl_call& call, Answer& answer, std::span<char> reason) {
  answer.requirements.depends = kConvDepends;
  if (const char* why = check_conv_call(kOp, call, reason)) return why;
  if (plugin::element_count(call.outputs[0]) == 0) return "empty convolutions are not launched";
  constexpr uint32_t kBoth = 3;
  const ConvProblem problem = read_conv(kOp, call, kBoth);
  const uint32_t first = plan_alignment(call.inputs[0]), second = plan_alignment(call.inputs[1]),
                 out = plan_alignment(call.outputs[0]);
  auto plan = std::make_shared<ConvPlan>();
  try {
    if (problem.is_product() && problem.dtype != FRL_DTYPE_F64) {
      const MatrixProduct product = conv_product(problem);
      if (const char* why = prefer_own_product(product)) return why;
      const bool swapped = kOp == ConvOp::kWeightGrad;
      plan->product =
          LtProduct::make(device, product, {swapped ? second : first, swapped ? first : second, 64, out}, call.math);
      answer.requirements.scratch_bytes = plan->product->workspace_bytes();
    } else {
      if (const char* why = CudnnConv::refuses(problem)) return why;
      plan->conv = CudnnConv::make(device, problem, {first, second, out}, call.math);
      answer.requirements.scratch_bytes = plan->conv->workspace_bytes();
    }
  } catch (const Failure& failure) {
    if (failure.error().code == FRL_DEVICE_LOST) throw;
    return plugin::reject(reason, "%s", failure.what());
  }
  answer.requirements.contiguous_inputs = kBoth;
  answer.state = std::move(plan);
  return nullptr;
}

template <ConvOp kOp>
void run(Device& device, const Call& call, CommandList& commands) {
  const auto& plan = *static_cast<const ConvPlan*>(call.state);
  const void *first = call.inputs[0].data, *second = call.inputs[1].data;
  void* out = call.outputs[0].data;
  const ConvProblem problem = read_conv(kOp, call);
  if (plan.product != nullptr) {
    const bool swapped = kOp == ConvOp::kWeightGrad;
    const ProductPointers at{swapped ? second : first, swapped ? first : second, nullptr, out};
    if (plan.product->fits(at)) return plan.product->launch(commands, at, call.scratch);
  } else if (plan.conv->fits(first, second, out)) {
    plan.conv->launch(commands, first, second, out, call.scratch);
    return repair_padding(device, problem, first, second, out, commands);
  }
  run_own_conv(device, problem, first, second, out, call.scratch, call.scratch_bytes, commands);
}

constexpr Kernel kKernels[] = {
    {"conv", 1, query<ConvOp::kForward>, run<ConvOp::kForward>},
    {"conv_input_grad", 1, query<ConvOp::kInputGrad>, run<ConvOp::kInputGrad>},
    {"conv_weight_grad", 1, query<ConvOp::kWeightGrad>, run<ConvOp::kWeightGrad>},
};

}  // namespace

std::span<const Kernel> library_conv_kernels() { return kKernels; }

}  // namespace ferrule::gpu
