// Scatter's max and min of all but bool, for which they are sum and prod.
#include "kernels/index/combine.cuh"

namespace ferrule::gpu::index {

void combine_extreme(const Updates& updates, CommandList& commands) { launch_combine<Extreme>(updates, commands); }

}  // namespace ferrule::gpu::index
