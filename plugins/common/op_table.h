// What ops.def says about each op, and the checks of a call that need no more than that.
#pragma once

#include <cstdint>

#include "ferrule/plugin.h"

namespace ferrule::plugin {

// The dtype of an op's output: that of its data operands, or what the names say.
enum class OpResult : uint8_t { SAME, BOOL, INDEX, REAL, ANY, SUM };

struct OpInfo {
  const char* name;
  uint32_t code, version;
  uint16_t min_inputs, max_inputs, n_outputs;
  uint32_t attrs_size;
  uint32_t domain;  // bit d: data operands may have dtype d
  bool collapsible, fusable;
  OpResult result;
};

// nullptr for unknown names and codes.
const OpInfo* find_op(const char* name);
const OpInfo* find_op(uint32_t code);
// The dtype of an op's output for data operands of `dtype`; FRL_NONE where any is allowed.
uint32_t result_dtype(uint32_t code, uint32_t dtype);
// Arity, attributes and the form of every tensor; what is asked afterwards may read the call without fear.
frl_status check_call(const OpInfo& op, const frl_call& call, frl_error* error);

}  // namespace ferrule::plugin
