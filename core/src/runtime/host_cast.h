// Conversion of host values between dtypes, by the cast table of docs/numerics.md. For array construction and item().
#pragma once

#include <cstdint>

#include "ferrule/dtype.h"

namespace ferrule::detail {

// Converts n contiguous values; src and dst do not overlap.
void host_cast(const void* src, Dtype from, void* dst, Dtype to, uint64_t n);

}  // namespace ferrule::detail
