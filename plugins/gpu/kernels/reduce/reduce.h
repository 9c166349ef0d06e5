// The reductions by dtype: what each needs in scratch, and its launch. One file per operation instantiates them. Host
// side.
#pragma once

#include "host/command_list.h"
#include "host/kernel.h"
#include "kernels/reduce/plan.h"

namespace ferrule::gpu {

struct Reduction {
  uint32_t out_dtype = FRL_NONE;  // FRL_NONE: not offered for the dtype
  uint32_t accumulator_bytes = 0;
  void (*launch)(const ReducePlan& plan, const Call& call, CommandList& commands) = nullptr;
};

Reduction sum_reduction(uint32_t dtype);
Reduction prod_reduction(uint32_t dtype);
Reduction max_reduction(uint32_t dtype);
Reduction min_reduction(uint32_t dtype);
Reduction argmax_reduction(uint32_t dtype);
Reduction argmin_reduction(uint32_t dtype);

}  // namespace ferrule::gpu
