#include "runtime/fused_product.h"

#include "runtime/device_runtime.h"
#include "runtime/evaluation.h"

namespace ferrule::detail {

FusedProduct::FusedProduct(Stream stream, Expression expression, Shape extents, std::vector<View> views, Parts parts)
    : Primitive(stream),
      expression_(std::move(expression)),
      extents_(extents),
      reduced_(extents),
      views_(std::move(views)),
      parts_(std::move(parts)) {
  reduced_[expression_.reduction_axes == 1 ? 0 : 1] = 1;
}

void FusedProduct::eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) {
  auto& here = static_cast<StreamEvaluation&>(evaluation);
  Kernel* kernel = here.stream().device().fused_kernel(expression_);
  if (!kernel) throw UnsupportedKernel("the backend does not fuse this product");
  auto make = [](const Shape& shape, Dtype dtype) {
    auto node = make_node(shape, dtype);
    node->size = element_count(shape);
    return array(std::move(node));
  };
  std::vector<array> operands;
  for (size_t i = 0; i < inputs.size(); ++i) {
    operands.push_back(make(views_[i].reduced ? reduced_ : extents_, inputs[i].dtype()));
    Strides strides;
    strides.resize(2);
    for (size_t axis = 0; axis < 2; ++axis) {
      int from = views_[i].axes[axis];
      strides[axis] = from < 0 ? 0 : here.strides(inputs[i])[static_cast<size_t>(from)];
    }
    here.view(operands.back(), inputs[i], strides, 0);
  }
  std::vector<array> results{make(reduced_, outputs[0].dtype())};
  here.launch(*kernel, "fused product", false, {}, operands, results);
  here.view(outputs[0], results[0], row_major(outputs[0].shape()), 0);
}

std::vector<array> FusedProduct::decompose(const std::vector<array>& inputs) const {
  auto apply = [](const ProductPart& part, std::vector<array> operands) {
    return array(part.shape, part.dtype, part.primitive, std::move(operands));
  };
  array value = apply(parts_.matmul, {inputs[0], inputs[1]});
  for (const ProductPart& view : parts_.views) value = apply(view, {value});
  std::vector<array> operands(inputs.begin() + 2, inputs.end());
  operands.insert(operands.begin() + static_cast<std::ptrdiff_t>(parts_.at), value);
  return {apply(parts_.chain, std::move(operands))};
}

}  // namespace ferrule::detail
