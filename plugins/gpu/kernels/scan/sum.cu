// cumsum of every number.
#include "kernels/scan/scan.cuh"

namespace ferrule::gpu::scan {

void launch_sum(const Work& work, CommandList& commands) {
  if (work.dtype == FRL_DTYPE_C64) return launch(Sum<Complex>{}, work, commands);
  if (is_float(work.dtype)) return launch_float<Sum>(work, commands);
  launch_integer<Sum>(work, commands);
}

}  // namespace ferrule::gpu::scan
