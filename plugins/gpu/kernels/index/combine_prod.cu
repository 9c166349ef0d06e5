// Scatter's prod; of bool the logical and.
#include "kernels/index/combine.cuh"

namespace ferrule::gpu::index {

void combine_prod(const Updates& updates, CommandList& commands) {
  if (updates.dtype == FRL_DTYPE_BOOL) return launch_any_order<Bool, Prod<Bool>, 1>(updates, commands);
  launch_combine<Prod>(updates, commands);
}

}  // namespace ferrule::gpu::index
