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
// Without a reduction: kFlat where all operands are dense or one element, kMap for any strides. With one: how its elements
// are gone through.
enum class FusedForm : uint8_t { kFlat, kMap, kRows, kColumns };
inline bool reduces(FusedForm form) { return form == FusedForm::kRows || form == FusedForm::kColumns; }
// Kernels "fused_main" and, with a reduction, "fused_finish", which combines what several blocks reduced.
FusedSource fused_source(const Expression& expression, FusedForm form);

// Bytes of what a reduction accumulates for one result.
uint32_t total_bytes(const Expression& expression);

}  // namespace ferrule::gpu
