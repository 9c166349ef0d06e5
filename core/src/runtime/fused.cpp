#include "runtime/fused.h"

#include <algorithm>
#include <string>

#include "runtime/device_runtime.h"
#include "runtime/evaluation.h"
#include "runtime/failure.h"
#include "runtime/node.h"

namespace ferrule::detail {

Fused::Fused(Stream stream, std::vector<FusedStep> steps, const std::vector<array>& inputs,
             std::vector<array> constants)
    : Primitive(stream), steps_(std::move(steps)), constants_(std::move(constants)) {
  const uint32_t n_inputs = expression_.n_inputs = static_cast<uint32_t>(inputs.size());
  for (uint32_t i = 0; i < n_inputs; ++i) {
    frl_expr_node node{};
    node.op = FRL_EXPR_INPUT;
    node.dtype = inputs[i].dtype().code();
    node.a = i;
    expression_.nodes.push_back(node);
  }
  for (const array& constant : constants_) {
    frl_expr_node node{};
    node.op = FRL_EXPR_CONSTANT;
    node.dtype = constant.dtype().code();
    std::copy_n(constant.node()->value, 2, node.value);
    expression_.nodes.push_back(node);
  }
  const auto first_step = static_cast<uint32_t>(expression_.nodes.size());
  for (const FusedStep& step : steps_) {
    frl_expr_node node{};
    node.op = static_cast<const KernelPrimitive&>(*step.primitive).code();
    node.dtype = step.dtype.code();
    uint32_t* operands[] = {&node.a, &node.b, &node.c};
    for (size_t i = 0; i < step.operands.size(); ++i) {
      const auto& operand = step.operands[i];
      const uint32_t first[] = {0, n_inputs, first_step};  // by kind
      *operands[i] = first[static_cast<size_t>(operand.kind)] + operand.index;
    }
    expression_.nodes.push_back(node);
  }
}

void Fused::eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) {
  auto& on_stream = static_cast<StreamEvaluation&>(evaluation);
  Kernel* kernel = on_stream.stream().device().fused_kernel(expression_);
  if (!kernel) throw UnsupportedKernel("the backend does not fuse this expression");
  on_stream.launch(*kernel, "fused", true, {}, inputs, outputs);
}

std::vector<array> Fused::decompose(const std::vector<array>& inputs) const {
  std::vector<array> values;
  const std::vector<array>* from[] = {&inputs, &constants_, &values};  // by kind
  for (const FusedStep& step : steps_) {
    std::vector<array> operands;
    Shape shape;
    uint64_t widest = 0;
    for (const auto& operand : step.operands) {
      operands.push_back((*from[static_cast<size_t>(operand.kind)])[operand.index]);
      const array& last = operands.back();
      // operands of one element broadcast; all others have the step's shape
      if (operands.size() == 1 || (widest == 1 && last.size() != 1) ||
          (widest == 1 && last.ndim() > static_cast<int>(shape.size()))) {
        shape = last.shape();
        widest = last.size();
      }
    }
    values.emplace_back(shape, step.dtype, step.primitive, std::move(operands));
  }
  return {values.back()};
}

}  // namespace ferrule::detail
