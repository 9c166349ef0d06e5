// reduce_max and reduce_min; on bool, reduce_or and reduce_and.
#include "kernels/reduce/extreme.cuh"

namespace ferrule::gpu {

Reduction max_reduction(uint32_t dtype) {
  if (dtype == FRL_DTYPE_C64) return extreme_of<Extreme, Complex, 0>(dtype);
  return extreme_reduction<Extreme, false>(dtype, dtype);
}

Reduction min_reduction(uint32_t dtype) {
  if (dtype == FRL_DTYPE_C64) return extreme_of<Extreme, Complex, 0x80000000u>(dtype);
  return extreme_reduction<Extreme, true>(dtype, dtype);
}

}  // namespace ferrule::gpu
