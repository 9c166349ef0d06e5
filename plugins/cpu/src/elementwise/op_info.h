// What ops.def says about the elementwise ops, as constants: shared by the kernels' queries and by fusion.
#pragma once

#include <array>
#include <cstdint>

#include "elementwise/loop_table.h"
#include "ferrule/plugin.h"
#include "value.h"

namespace ferrule::cpu {

struct OpInfo {
  const char* name;
  uint32_t code, version, n_inputs;
  uint32_t domain;  // bit d: dtype d
  bool fusable;
};

namespace op_list {
enum DtypeSet : uint32_t {
  B = 1u << FRL_DTYPE_BOOL,
  CPLX = 1u << FRL_DTYPE_C64,
  FLT = 1u << FRL_DTYPE_F16 | 1u << FRL_DTYPE_BF16 | 1u << FRL_DTYPE_F32 | 1u << FRL_DTYPE_F64,
  INTS = 1u << FRL_DTYPE_U8 | 1u << FRL_DTYPE_U16 | 1u << FRL_DTYPE_U32 | 1u << FRL_DTYPE_U64 | 1u << FRL_DTYPE_I8 |
         1u << FRL_DTYPE_I16 | 1u << FRL_DTYPE_I32 | 1u << FRL_DTYPE_I64,
  BITS = INTS | B,
  RNUM = INTS | FLT,
  REALS = RNUM | B,
  NUM = RNUM | CPLX,
  INEXACT = FLT | CPLX,
  ALL = NUM | B,
};
enum Flags : uint32_t { NOFLAGS = 0, COLLAPSE = 1, FUSE = 2 };

#define FRL_OP(code, name, version, min_in, max_in, n_out, attrs, profile, flags, domain, result, tolerance, ulp) \
  {#name, code, version, min_in, domain, ((flags)&FUSE) != 0},
inline constexpr OpInfo kAll[] = {
#include "ferrule/ops.def"
};
#undef FRL_OP
}  // namespace op_list

// By code; a code without a fusable op has the name nullptr.
inline constexpr auto kFusableOps = [] {
  std::array<OpInfo, kOpCodes> ops{};
  for (const OpInfo& op : op_list::kAll) {
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
