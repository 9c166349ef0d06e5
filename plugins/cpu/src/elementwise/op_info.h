// What ops.def says about the elementwise ops, as constants: shared by the kernels' queries and by fusion.
#pragma once

#include <array>
#include <cstdint>

#include "common/op_list.h"
#include "elementwise/loop_table.h"
#include "ferrule/plugin.h"

namespace ferrule::cpu {

using plugin::OpInfo;

// By code; a code without a fusable op has the name nullptr.
inline constexpr auto kFusableOps = [] {
  std::array<OpInfo, kOpCodes> ops{};
  for (const OpInfo& op : plugin::kOps) {
    if (op.code < kOpCodes && op.fusable) ops[op.code] = op;
  }
  return ops;
}();

// The kernels of this family: fusable ops but for copy.
constexpr bool is_elementwise(const OpInfo& op) { return op.name != nullptr && op.code != FRL_OP_copy; }

// Elements that make a task: fewer where an element costs more, so that a task outweighs the handing over.
constexpr int64_t elements_per_task(uint32_t op, uint32_t dtype) {
  const bool transcendental = (op >= FRL_OP_exp && op <= FRL_OP_erfinv) || op == FRL_OP_power ||
                              op == FRL_OP_logaddexp || op == FRL_OP_arctan2 || op == FRL_OP_remainder;
  const bool in_libm = dtype == FRL_DTYPE_F64 || dtype == FRL_DTYPE_C64;
  if (transcendental || op == FRL_OP_floor_divide) return in_libm ? 2048 : 8192;
  return 32768;
}

}  // namespace ferrule::cpu
