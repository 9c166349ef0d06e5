// Binary ops of float64.
#include "kernels/elementwise/binary_real.cuh"

namespace ferrule::gpu::elementwise {

void add_double_binary(Table& table) { add_real_binary<double>(table, FRL_DTYPE_F64); }

}  // namespace ferrule::gpu::elementwise
