// FusedProduct: a matrix-vector product and the elementwise chain that follows it, as one kernel of frl.fusion: multiply,
// sum over the common axis, epilogue. Made by Program::fuse_products where the backend compiles such an expression.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "ferrule/primitive.h"
#include "runtime/expression.h"

namespace ferrule::detail {

// One step that a FusedProduct stands for.
struct ProductPart {
  std::shared_ptr<Primitive> primitive;
  Shape shape;
  Dtype dtype;
};

class FusedProduct : public Primitive {
 public:
  // How an input is seen by the kernel: the input's axis for each of the two axes, -1 = repeated along it.
  struct View {
    std::array<int, 2> axes;
    bool reduced;  // of the result's extents rather than the product's
  };
  // `matmul` has the first two inputs; `views` lead from its result to operand `at` of `chain`, which takes the remaining
  // inputs.
  struct Parts {
    ProductPart matmul;
    std::vector<ProductPart> views;
    ProductPart chain;
    size_t at;
  };
  FusedProduct(Stream stream, Expression expression, Shape extents, std::vector<View> views, Parts parts);

  const char* name() const override { return "FusedProduct"; }
  void eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) override;
  std::vector<array> decompose(const std::vector<array>& inputs) const override;

 private:
  Expression expression_;
  Shape extents_, reduced_;  // two axes each
  std::vector<View> views_;
  Parts parts_;
};

}  // namespace ferrule::detail
