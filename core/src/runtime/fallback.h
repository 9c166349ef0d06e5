// Running a primitive on the cpu backend when its own has neither kernel nor decomposition for it.
#pragma once

#include <string>
#include <vector>

#include "ferrule/primitive.h"
#include "runtime/stream_state.h"

namespace ferrule::detail {

// Copies the inputs to the cpu backend, runs there and copies the outputs back to `stream`, all queued: the caller does
// not wait for devices. Counted and logged by the fallback policy. `reason`: why the backend itself could not. Throws
// error(unsupported) where the policy forbids it, or the cpu backend cannot either.
void run_on_cpu(Primitive& primitive, StreamState& stream, const std::vector<array>& inputs,
                std::vector<array>& outputs, const std::string& reason);

}  // namespace ferrule::detail
