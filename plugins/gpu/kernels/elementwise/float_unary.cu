// Unary ops of float32.
#include "kernels/elementwise/unary_real.cuh"

namespace ferrule::gpu::elementwise {

void add_float_unary(Table& table) { add_real_unary<float>(table, FRL_DTYPE_F32); }

}  // namespace ferrule::gpu::elementwise
