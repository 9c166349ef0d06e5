// The primitive of every elementwise op (unary, binary, select), and its rules: one line per op in rules_unary.cpp and
// rules_binary.cpp. An operand of size 1 takes part without a broadcast node; all others have the output's shape.
#pragma once

#include <vector>

#include "ops/support.h"

namespace ferrule::detail {

using Arrays = std::vector<array>;

struct ElementwiseRule {
  // The cotangent of operand `which`, before it is summed to the operand's shape. nullptr: the gradient is zero.
  array (*vjp)(int which, const Arrays& in, const array& out, const array& g, const Stream& s) = nullptr;
  // The op by others; nullptr: none.
  array (*decompose)(const Arrays& in, const Stream& s) = nullptr;
  bool floating_only = false;  // decompose is right for floating dtypes alone
};
const ElementwiseRule& unary_rule(uint32_t code);
const ElementwiseRule& binary_rule(uint32_t code);

// One node of op `code`. Primitives have no state but code and stream, so they are kept and shared.
array elementwise(uint32_t code, const Shape& shape, Dtype dtype, Arrays inputs, const Stream& s);

// Brings both operands to dtype and to one shape (or size 1), and makes the node.
array binary(const char* name, uint32_t code, const array& a, const array& b, Dtype dtype, Dtype out, const Stream& s);

}  // namespace ferrule::detail
