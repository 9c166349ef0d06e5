// The kernels of an expression as source text for a run-time compiler, over the headers in kernels/fusion, device and
// functors.
#pragma once

#include <cstdint>
#include <string>

#include "host/fusion_expression.h"

namespace ferrule::gpu {

// How many elements go by one vector, and what the kernels are called in the text.
struct FusedSource {
  std::string text;
  uint32_t lanes = 1, unroll = 1;
};
// Elementwise: "fused_vectors" and "fused_singles". With a reduction: "fused_rows", "fused_columns", their "_single"
// forms without vectors, and "fused_finish".
FusedSource fused_source(const Expression& expression);

// Bytes of what a reduction accumulates for one result.
uint32_t total_bytes(const Expression& expression);

}  // namespace ferrule::gpu
