// Decides how a reduction is computed: collapses its axes into kept and reduced nests, picks a kernel and cuts the work
// into blocks. A pure function of shapes and strides, never of addresses, so that a recorded launch may be replayed on
// other buffers; kernels look at alignment themselves. Host side.
#pragma once

#include "host/launch.h"
#include "kernels/reduce/shape.h"

namespace ferrule::gpu {

struct ReduceProblem {
  uint32_t ndim;
  const int64_t* shape;
  const int64_t* strides;  // of x; out is row-contiguous
  uint32_t axes;
  uint32_t item_size;
  bool ordered;  // the order along the reduced axis matters
  uint32_t multiprocessors;
};

enum class ReduceStrategy { kRows, kColumns, kGeneral };

struct ReducePlan {
  ReduceStrategy strategy;
  ReduceShape shape;
  int64_t x_offset, out_offset;  // elements, from index 0 to where the nests begin
  vendor::LaunchShape launch;
  vendor::LaunchShape last_launch;  // of reduce_partials, where shape.splits > 1
  uint32_t last_group;

  // Scratch for the splits' accumulators.
  uint64_t scratch_bytes(uint64_t accumulator_bytes) const {
    return shape.splits > 1 ? shape.splits * shape.outputs * accumulator_bytes : 0;
  }
};

ReducePlan plan_reduce(const ReduceProblem& problem);

}  // namespace ferrule::gpu
