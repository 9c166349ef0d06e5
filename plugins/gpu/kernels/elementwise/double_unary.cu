// Unary ops of float64.
#include "kernels/elementwise/unary_real.cuh"

namespace ferrule::gpu::elementwise {

void add_double_unary(Table& table) { add_real_unary<double>(table, FRL_DTYPE_F64); }

}  // namespace ferrule::gpu::elementwise
