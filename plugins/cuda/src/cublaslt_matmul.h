// The kernels that call cuBLASLt.
#pragma once

#include "host/kernel.h"
#include "src/cublaslt_product.h"

namespace ferrule::gpu {

// Addresses are known modulo this when a plan is made (FRL_DEPENDS_ALIGNMENT).
inline constexpr uint32_t kPlanAlignment = 64;

std::span<const Kernel> cublaslt_kernels();  // matmul, addmm

}  // namespace ferrule::gpu
