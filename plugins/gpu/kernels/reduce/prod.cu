// reduce_prod.
#include "kernels/reduce/fold.cuh"

namespace ferrule::gpu {

Reduction prod_reduction(uint32_t dtype) { return fold_reduction<reduction::Prod>(dtype); }

}  // namespace ferrule::gpu
