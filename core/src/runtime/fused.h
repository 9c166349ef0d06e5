// Fused: a primitive that computes an elementwise expression of several ops at once, through frl.fusion where the
// backend offers it; elsewhere it decomposes into the ops it was made of.
#pragma once

#include <memory>
#include <vector>

#include "ferrule/primitive.h"
#include "runtime/expression.h"

namespace ferrule::detail {

// One op of the expression: a primitive, and for each operand an earlier step, or an input or a constant of the whole.
struct FusedStep {
  struct Operand {
    enum class Kind { kInput, kConstant, kStep };
    Kind kind;
    uint32_t index;
  };
  std::shared_ptr<Primitive> primitive;  // a KernelPrimitive whose op has the FUSE flag
  Dtype dtype;
  std::vector<Operand> operands;
};

class Fused : public Primitive {
 public:
  // The last step is the output. Only the dtypes of `inputs` count; `constants` are inline, and become part of the kernel.
  Fused(Stream stream, std::vector<FusedStep> steps, const std::vector<array>& inputs, std::vector<array> constants);

  const char* name() const override { return "Fused"; }
  void eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) override;
  std::vector<array> decompose(const std::vector<array>& inputs) const override;
  // Inputs, then constants, then one per step.
  const std::vector<frl_expr_node>& nodes() const { return expression_.nodes; }

 private:
  std::vector<FusedStep> steps_;
  std::vector<array> constants_;
  Expression expression_;
};

}  // namespace ferrule::detail
