// Fills and copies of plain bytes as kernels, so that they batch like any other call. Each belongs to the call that was
// begun on the command list.
#pragma once

#include <cstdint>

#include "host/command_list.h"

namespace ferrule::gpu {

// Repeats the low pattern_bytes (1, 2, 4, 8) of the pattern; `to` is aligned to them and bytes a multiple of them.
void fill_bytes(CommandList& commands, void* to, uint64_t bytes, uint64_t pattern, uint32_t pattern_bytes);

// Between two ranges of device memory that do not overlap; any alignment.
void copy_bytes(CommandList& commands, void* to, const void* from, uint64_t bytes);

// Writes host bytes, which travel as the kernel's argument and are read before the call returns; at most kMaxPutBytes.
constexpr uint64_t kMaxPutBytes = 1024;
void put_bytes(CommandList& commands, void* to, const void* from, uint64_t bytes);

}  // namespace ferrule::gpu
