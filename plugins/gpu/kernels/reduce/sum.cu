// reduce_sum.
#include "kernels/reduce/fold.cuh"

namespace ferrule::gpu {

Reduction sum_reduction(uint32_t dtype) { return fold_reduction<reduction::Sum>(dtype); }

}  // namespace ferrule::gpu
