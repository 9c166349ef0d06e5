// The kernels of this build, from all families, with what ops.def says about their calls.
#pragma once

#include <vector>

#include "handles.h"

namespace ferrule::cpu {

// One frl_kernel per kernel of kernel.h's families. Throws std::bad_alloc.
std::vector<frl_kernel> list_kernels();

frl_status kernel_find(frl_device* device, const char* op, uint32_t version, frl_kernel** out_kernel, frl_error* error);
frl_status kernel_query(frl_kernel* kernel, const frl_call* call, frl_requirements* out_requirements, frl_error* error);
frl_status kernel_launch(frl_stream* stream, frl_kernel* kernel, const frl_plan* plan, const frl_call* call,
                         frl_error* error);

}  // namespace ferrule::cpu
