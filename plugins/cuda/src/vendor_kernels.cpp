// The kernels that are asked before the own ones: those of the toolkit's libraries.
#include "src/cublaslt_matmul.h"

namespace ferrule::gpu {

std::span<const Kernel> vendor_kernels() { return cublaslt_kernels(); }

}  // namespace ferrule::gpu
