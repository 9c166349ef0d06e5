// A flat elementwise expression as frl.fusion takes it, and its reference value: node by node, each rounded to its
// dtype.
#pragma once

#include <string>
#include <vector>

#include "data.h"
#include "reference.h"

namespace ferrule::conformance {

struct Expression {
  std::vector<frl_expr_node> nodes;
  std::vector<uint32_t> input_dtypes;
  std::vector<uint32_t> outputs;
  Shape shape;  // of every operand

  // Each adds a node and returns its index.
  uint32_t input(uint32_t dtype);
  uint32_t constant(uint32_t dtype, const Value& value);
  uint32_t apply(const Op& op, uint32_t dtype, uint32_t a, uint32_t b = 0, uint32_t c = 0);

  // About n nodes around one dtype, with casts, comparisons and selects, of ops whose results are exact; one or two
  // outputs.
  static Expression random(uint32_t dtype, int n, Random& random);

  // Borrows this object's storage.
  frl_expr describe(const std::vector<uint8_t>& access) const;
  // What each output must be. An element on which the sign of a zero was free is not judged.
  std::vector<Wants> evaluate(const std::vector<const Tensor*>& inputs) const;
  std::string text() const;
};

}  // namespace ferrule::conformance
