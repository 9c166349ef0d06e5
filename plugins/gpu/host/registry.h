// The kernels of this build, by op: kernel_find, kernel_query and the plans they answer with.
#pragma once

#include <deque>

#include "host/handles.h"

namespace ferrule::gpu {

// One frl_kernel per op that some family has kernels for. Throws std::bad_alloc.
std::deque<frl_kernel> list_kernels(Device& device);

// Asks the kernels in order; the first that supports the call is *out_kernel. Returns nullptr, or the reason why none
// does. A program's *out_kernel is nullptr.
const char* ask(const frl_kernel& kernel, const frl_call& call, Answer& answer, const Kernel** out_kernel,
                std::span<char> reason);

frl_status kernel_find(frl_device* device, const char* op, uint32_t version, frl_kernel** out_kernel, frl_error* error);
frl_status kernel_query(frl_kernel* kernel, const frl_call* call, frl_requirements* out_requirements, frl_error* error);
frl_status kernel_launch(frl_stream* stream, frl_kernel* kernel, const frl_plan* plan, const frl_call* call,
                         frl_error* error);
void plan_release(frl_kernel* kernel, frl_plan* plan);

}  // namespace ferrule::gpu
