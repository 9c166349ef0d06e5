// A traced function: steps in order, each a primitive applied to values. Immutable once it is made, so that any thread
// may replay it.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "ferrule/primitive.h"
#include "ferrule/transforms.h"

namespace ferrule::detail {

class Program {
 public:
  // Values are numbered: the inputs first, then the constants, then the outputs of each step in order.
  struct Step {
    std::shared_ptr<Primitive> primitive;
    std::vector<uint32_t> inputs;
    std::vector<uint32_t> outputs;
    std::vector<Shape> shapes;
    std::vector<Dtype> dtypes;
  };

  // The function's outputs for these inputs, as a lazy graph.
  std::vector<array> replay(const std::vector<array>& inputs) const { return replay(inputs, outputs_); }
  // The same for any of its values.
  std::vector<array> replay(const std::vector<array>& inputs, const std::vector<uint32_t>& wanted) const;
  // Merges equal steps and equal scalar constants, and drops steps that nothing uses.
  void simplify();
  // Joins chains of elementwise steps into Fused ones.
  void fuse();
  // Joins matrix-vector products with the chain behind them, where the backend compiles the expression.
  void fuse_products();
  size_t size() const { return steps_.size(); }

  uint32_t n_inputs() const { return n_inputs_; }
  uint32_t n_values() const { return n_values_; }
  const std::vector<array>& constants() const { return constants_; }  // values n_inputs() ...
  const std::vector<Step>& steps() const { return steps_; }
  const std::vector<uint32_t>& outputs() const { return outputs_; }
  const Shape& shape(uint32_t value) const { return value_shapes_[value]; }
  Dtype dtype(uint32_t value) const { return value_dtypes_[value]; }

 private:
  friend Program trace(const ArrayFn& fun, const std::vector<array>& inputs);
  std::vector<uint32_t> use_counts() const;
  bool fusable(const Step& step) const;
  bool lies_transposed(uint32_t value, const std::unordered_map<uint32_t, size_t>& producer) const;
  bool fuse_product(size_t chain_index, size_t at, const std::vector<uint32_t>& uses,
                    const std::unordered_map<uint32_t, size_t>& producer);
  void drop_unused();

  uint32_t n_inputs_ = 0;
  uint32_t n_values_ = 0;
  std::vector<array> constants_;  // values n_inputs_ ...
  std::vector<Step> steps_;
  std::vector<uint32_t> outputs_;
  std::vector<Shape> value_shapes_;
  std::vector<Dtype> value_dtypes_;
};

// Calls the function on arrays without values of the inputs' shapes and dtypes. What does not depend on them is
// computed now and becomes a constant. Throws when the function asks for a value.
Program trace(const ArrayFn& fun, const std::vector<array>& inputs);

}  // namespace ferrule::detail
