// cumprod of every number.
#include "kernels/scan/scan.cuh"

namespace ferrule::gpu::scan {

void launch_prod(const Work& work, CommandList& commands) {
  if (work.dtype == FRL_DTYPE_C64) return launch(Prod<Complex>{}, work, commands);
  if (is_float(work.dtype)) return launch_float<Prod>(work, commands);
  launch_integer<Prod>(work, commands);
}

}  // namespace ferrule::gpu::scan
