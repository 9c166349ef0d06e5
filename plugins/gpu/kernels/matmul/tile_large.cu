#include "ferrule/plugin.h"
#include "kernels/matmul/tile_kernel.cuh"

namespace ferrule::gpu::product {

vendor::Function tile_kernel_large(uint32_t dtype) {
  switch (dtype) {
    case FRL_DTYPE_F16:
      return vendor::function_of<&tile_kernel<Half, 8>>();
    case FRL_DTYPE_BF16:
      return vendor::function_of<&tile_kernel<Bfloat, 8>>();
    default:
      return vendor::function_of<&tile_kernel<float, 8>>();
  }
}

}  // namespace ferrule::gpu::product
