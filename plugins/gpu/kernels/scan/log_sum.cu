// logcumsumexp.
#include "kernels/scan/scan.cuh"

namespace ferrule::gpu::scan {

void launch_log_sum(const Work& work, CommandList& commands) { launch_float<LogSum>(work, commands); }

}  // namespace ferrule::gpu::scan
