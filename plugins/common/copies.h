// Checks of the copy and fill slots.
#pragma once

#include "ferrule/plugin.h"

namespace ferrule::plugin {

// The bytes lie within a buffer of `size` bytes.
frl_status check_range(const char* slot, uint64_t size, uint64_t offset, uint64_t bytes, frl_error* error);
// The pattern has a legal size, of which offset and bytes are multiples.
frl_status check_pattern(uint64_t offset, uint64_t bytes, uint32_t pattern_bytes, frl_error* error);

}  // namespace ferrule::plugin
