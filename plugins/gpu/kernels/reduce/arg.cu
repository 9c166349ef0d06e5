// argmax and argmin.
#include "kernels/reduce/extreme.cuh"

namespace ferrule::gpu {

Reduction argmax_reduction(uint32_t dtype) { return extreme_reduction<ArgExtreme, false>(dtype, FRL_DTYPE_U32); }
Reduction argmin_reduction(uint32_t dtype) { return extreme_reduction<ArgExtreme, true>(dtype, FRL_DTYPE_U32); }

}  // namespace ferrule::gpu
