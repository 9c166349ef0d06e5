// Unary ops of float16 and bfloat16.
#include "kernels/elementwise/unary_real.cuh"

namespace ferrule::gpu::elementwise {

void add_half_unary(Table& table) {
  add_real_unary<Half>(table, FRL_DTYPE_F16);
  add_real_unary<Bfloat>(table, FRL_DTYPE_BF16);
}

}  // namespace ferrule::gpu::elementwise
