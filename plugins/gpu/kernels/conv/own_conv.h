// Convolutions with the own kernels: without a library, and for vendors' kernels that meet operands which their plan does
// not fit.
#pragma once

#include "host/command_list.h"
#include "host/device.h"
#include "kernels/conv/problem.h"

namespace ferrule::gpu {

uint64_t own_conv_scratch(const Device& device, const ConvProblem& forward);
// first, second, out: in the op's order. Works with any amount of scratch; best with what own_conv_scratch says.
void run_own_conv(const Device& device, const ConvProblem& forward, const void* first, const void* second, void* out,
                  void* scratch, uint64_t scratch_bytes, CommandList& commands);

// For libraries that let padding's zeros meet infinite and NaN factors: appends one small launch that finds the results
// of that and replaces them. The problem has no input dilation but an input gradient's.
void repair_padding(const Device& device, const ConvProblem& forward, const void* first, const void* second, void* out,
                    CommandList& commands);

}  // namespace ferrule::gpu
