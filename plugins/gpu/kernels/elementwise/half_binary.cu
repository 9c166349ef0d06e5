// Binary ops of float16 and bfloat16.
#include "kernels/elementwise/binary_real.cuh"

namespace ferrule::gpu::elementwise {

void add_half_binary(Table& table) {
  add_real_binary<Half>(table, FRL_DTYPE_F16);
  add_real_binary<Bfloat>(table, FRL_DTYPE_BF16);
}

}  // namespace ferrule::gpu::elementwise
