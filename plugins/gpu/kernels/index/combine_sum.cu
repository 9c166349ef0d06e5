// Scatter's sum; of bool the logical or.
#include "kernels/index/combine.cuh"

namespace ferrule::gpu::index {

void combine_sum(const Updates& updates, CommandList& commands) {
  if (updates.dtype == FRL_DTYPE_BOOL) return launch_any_order<Bool, Sum<Bool>, 1>(updates, commands);
  launch_combine<Sum>(updates, commands);
}

}  // namespace ferrule::gpu::index
