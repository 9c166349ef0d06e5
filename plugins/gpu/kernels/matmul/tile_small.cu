#include "ferrule/plugin.h"
#include "kernels/matmul/tile_kernel.cuh"

namespace ferrule::gpu::product {

vendor::Function tile_kernel_small(uint32_t dtype) {
  switch (dtype) {
    case FRL_DTYPE_F16:
      return vendor::function_of<&tile_kernel<Half, 4>>();
    case FRL_DTYPE_BF16:
      return vendor::function_of<&tile_kernel<Bfloat, 4>>();
    case FRL_DTYPE_F32:
      return vendor::function_of<&tile_kernel<float, 4>>();
    case FRL_DTYPE_F64:
      return vendor::function_of<&tile_kernel<double, 4>>();
    default:
      return vendor::function_of<&tile_kernel<Complex, 4>>();
  }
}

}  // namespace ferrule::gpu::product
