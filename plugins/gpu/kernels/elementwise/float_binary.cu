// Binary ops of float32.
#include "kernels/elementwise/binary_real.cuh"

namespace ferrule::gpu::elementwise {

void add_float_binary(Table& table) { add_real_binary<float>(table, FRL_DTYPE_F32); }

}  // namespace ferrule::gpu::elementwise
