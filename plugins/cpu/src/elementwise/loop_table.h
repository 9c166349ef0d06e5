// The one table of inner loops behind every elementwise kernel and every fused expression: one loop per op and compute
// dtype, over contiguous tiles. Filled once with the best instruction set of this machine; read from any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/dtypes.h"
#include "common/op_table.h"
#include "ferrule/plugin.h"

namespace ferrule::cpu {

// out[i] = op(in[0][i], in[1][i], ...) for i < n. Bit k of `scalars`: operand k is one element that stands for all.
// out may be the same memory as an operand that is not a scalar; otherwise operands and out do not overlap.
using Loop = void (*)(const void* const* in, void* out, size_t n, uint32_t scalars);
// A bit of `scalars`: the result is too large for the caches, so a loop may store past them; the caller fences
// (streaming.h).
inline constexpr uint32_t kStreamOut = 1u << 31;

inline constexpr uint32_t kOpCodes = 80;  // elementwise codes of ops.def lie below
inline constexpr uint32_t kDtypes = FRL_DTYPE_END_;
inline constexpr size_t kMaxOperands = 3;

struct LoopTable {
  // By op code and dtype of the data operands. f16 and bf16 have none: they are computed in f32 (compute_dtype).
  Loop ops[kOpCodes][kDtypes] = {};
  // From dtype, to dtype; directly or through a cast_via step. The diagonal copies.
  Loop casts[kDtypes][kDtypes] = {};
  // f32 -> f32: rounds to the nearest value of the narrow dtype.
  Loop round_to_f16 = nullptr, round_to_bf16 = nullptr;
};

// The table for the instruction sets this machine has. Built at the first call.
const LoopTable& loop_table();
// A new table for the targets that Highway presently allows (hwy::SetSupportedTargetsForTest).
LoopTable build_loop_table();

constexpr bool is_narrow_float(uint32_t dtype) { return dtype == FRL_DTYPE_F16 || dtype == FRL_DTYPE_BF16; }
// The dtype in which values of `dtype` are held inside a tile.
constexpr uint32_t compute_dtype(uint32_t dtype) { return is_narrow_float(dtype) ? uint32_t{FRL_DTYPE_F32} : dtype; }
using plugin::result_dtype;
constexpr size_t item_bytes(uint32_t dtype) { return plugin::item_size(dtype); }
// The first step of a cast: `to` itself, or f32 where the pair has no loop of its own.
uint32_t cast_via(const LoopTable& table, uint32_t from, uint32_t to);

// One per family; each fills its part of the table.
void add_float_loops(LoopTable& table);    // f32, f64: arithmetic and rounding
void add_exp_loops(LoopTable& table);      // f32: exp, log and what follows from them
void add_trig_loops(LoopTable& table);     // f32: circular and inverse functions
void add_wide_loops(LoopTable& table);     // f32 through f64
void add_double_loops(LoopTable& table);   // f64 transcendental
void add_integer_loops(LoopTable& table);  // integers and bool
void add_compare_loops(LoopTable& table);  // comparisons, logic, select
void add_complex_loops(LoopTable& table);
void add_cast_loops(LoopTable& table);

}  // namespace ferrule::cpu
