// The layout side of reductions: which axes are kept, which are reduced, and the walk over them. Shared by reduce_* and
// by other families that need a sum over rows.
#pragma once

#include "axes.h"
#include "kernel.h"
#include "reduce/fold.h"

namespace ferrule::cpu {

inline constexpr int64_t kSmallWork = 32768;  // elements per task below which a task is not worth a thread
inline constexpr int64_t kMaxSegments = 64;   // into how many partial results one output's reduction is cut at most

struct ReducePlan {
  AxisList<2> kept;     // strides of x and of out
  AxisList<1> reduced;  // strides of x
};

ReducePlan plan_reduce(const Tensor& x, const Tensor& out, uint32_t axes);

// Reduces x into out over the axes in the mask. The result does not depend on the number of threads.
void reduce(const Reduction& reduction, const Tensor& x, const Tensor& out, uint32_t axes);

}  // namespace ferrule::cpu
