// One ordinary, valid call per op, small: what contract and graph cases start from.
#pragma once

#include "runner.h"

namespace ferrule::conformance {

// False when the op has no sample (provisional ops).
bool sample_call(const Op& op, uint32_t dtype, Launch& out);

}  // namespace ferrule::conformance
