// From a frl_call to device work: checks, addresses, the byte ranges it touches, and the kernel that runs it.
#pragma once

#include "host/command_list.h"
#include "host/handles.h"

namespace ferrule::gpu {

// Appends one call to `commands`. Throws Failure (INVALID_ARGUMENT for operands that do not lie in their buffers),
// std::bad_alloc, and what the kernel throws; `commands` is then as before.
void append_call(const frl_kernel& kernel, const frl_plan* plan, const frl_call& call, Device& device,
                 CommandList& commands);

}  // namespace ferrule::gpu
