// An frl_expr, checked and copied: what frl.fusion/1 compiles. Immutable; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "ferrule/plugin.h"

namespace ferrule::gpu {

// Nodes in topological order, and which of them leave the list.
struct NodeList {
  std::vector<frl_expr_node> nodes;
  std::vector<uint32_t> outputs;
};

struct Expression {
  static constexpr uint32_t kMaxInputs = 24, kMaxOutputs = 8, kMaxNodes = 512;

  uint32_t n_inputs = 0;
  std::vector<uint32_t> input_dtypes;  // FRL_NONE: nobody reads the input
  std::vector<bool> read_by_main;      // by the elementwise part; others have the reduced shape
  NodeList main;
  uint32_t reduction = 0;  // a reduce_* code, or 0
  uint32_t reduction_axes = 0;
  uint32_t reduced_dtype = FRL_NONE;
  NodeList epilogue;  // with a reduction: never empty; without an epilogue it is FRL_EXPR_REDUCED alone

  const NodeList& last() const { return reduction != 0 ? epilogue : main; }
  uint32_t n_outputs() const { return static_cast<uint32_t>(last().outputs.size()); }
  uint32_t output_dtype(uint32_t i) const { return last().nodes[last().outputs[i]].dtype; }
};

// Throws Failure: INVALID_ARGUMENT for what breaks the contract, UNSUPPORTED for what is legal but not offered.
Expression read_expression(const frl_expr& expr);

}  // namespace ferrule::gpu
