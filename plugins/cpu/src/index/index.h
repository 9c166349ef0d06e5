// The run functions of the index family; queries and the kernel list are in kernels.cpp.
#pragma once

#include "kernel.h"

namespace ferrule::cpu {

void gather(const Call& call);
void gather_axis(const Call& call);
void scatter(const Call& call);
void scatter_axis(const Call& call);
void masked_scatter(const Call& call);
void searchsorted(const Call& call);

}  // namespace ferrule::cpu
