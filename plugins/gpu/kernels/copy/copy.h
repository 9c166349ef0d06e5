// The copy family's parts: copies by element size, casts by a pair of dtypes, tiled transposition.
#pragma once

#include "kernels/elementwise/launch.h"

namespace ferrule::gpu::copy {

// Moves elements of 1, 2, 4 or 8 bytes unchanged.
const elementwise::Entry& same_size(uint32_t item_bytes);

// Converts; both dtypes are known and different, and `from` is not complex unless `to` is bool (a complex operand is
// otherwise read as its real parts).
const elementwise::Entry& cast(uint32_t from, uint32_t to);

struct CastTable {
  elementwise::Entry entries[FRL_DTYPE_END_][FRL_DTYPE_END_];
};
void add_integer_casts(CastTable& table);
void add_from_float_casts(CastTable& table);
void add_to_float_casts(CastTable& table);

// Copies a nest of (input, output) in which the two have their neighbours in different dimensions, tile by tile through
// shared memory; false, and nothing launched, where that does not apply.
bool transpose(CommandList& commands, const LoopNest& nest, const void* in, void* out, uint32_t item_bytes);

// Copies of elements of one size, any strides; in == nullptr: every element is `value`.
void launch_same_size(CommandList& commands, LoopNest nest, const void* in, uint64_t value, void* out,
                      uint32_t item_bytes);

void launch_arange(CommandList& commands, const frl_arange_attrs& attrs, const Operand& out);

}  // namespace ferrule::gpu::copy
