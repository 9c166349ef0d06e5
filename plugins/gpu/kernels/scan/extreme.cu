// cummax and cummin.
#include "kernels/scan/scan.cuh"

namespace ferrule::gpu::scan {

void launch_extreme(const Work& work, CommandList& commands) {
  if (work.dtype == FRL_DTYPE_BOOL) return launch(Extreme<Bool>(work.flip), work, commands);
  if (is_float(work.dtype)) return launch_float<Extreme>(work, commands, work.flip);
  launch_integer<Extreme>(work, commands, work.flip);
}

}  // namespace ferrule::gpu::scan
