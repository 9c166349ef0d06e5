// What plans may know of addresses.
#pragma once

#include <cstdint>

#include "ferrule/plugin.h"

namespace ferrule::gpu {

// Addresses are known modulo this when a plan is made (FRL_DEPENDS_ALIGNMENT).
inline constexpr uint32_t kPlanAlignment = 64;

// The power of two that the operand's address is a multiple of. The core makes operands contiguous at aligned addresses,
// but another caller need not: plans compare the addresses they get.
inline uint32_t plan_alignment(const frl_tensor& t) {
  const uint64_t offset = t.byte_offset % kPlanAlignment;
  return offset == 0 ? kPlanAlignment : static_cast<uint32_t>(offset & (~offset + 1));
}

}  // namespace ferrule::gpu
