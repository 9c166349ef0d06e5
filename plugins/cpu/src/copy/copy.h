// The run functions of the copy family.
#pragma once

#include "kernel.h"

namespace ferrule::cpu {

// Any layouts, any dtypes. The tensors have one shape and do not overlap.
void copy_tensor(const Tensor& src, const Tensor& dst);

void run_fill(const Call& call);
void run_copy(const Call& call);
void run_arange(const Call& call);
void run_pad(const Call& call);

}  // namespace ferrule::cpu
