// An expression for frl.fusion as the core keeps it: elementwise nodes, perhaps a reduction, perhaps what follows it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ferrule/plugin.h"

namespace ferrule::detail {

struct Expression {
  std::vector<frl_expr_node> nodes;  // the last is the output, or what is reduced
  uint32_t n_inputs = 0;             // of nodes and epilogue together
  uint32_t reduction = 0;            // a reduce_* code; 0: none
  uint32_t reduction_axes = 0;
  std::vector<frl_expr_node> epilogue;  // after the reduction; the last is the output

  // Equal for equal expressions.
  std::string key() const;
};

}  // namespace ferrule::detail
