// The kernels that call cuBLASLt.
#pragma once

#include "host/kernel.h"
#include "src/cublaslt_product.h"

namespace ferrule::gpu {

// Why the own kernels are to take a product (kernels/tuning.h), or nullptr.
const char* prefer_own_product(const MatrixProduct& product);

std::span<const Kernel> cublaslt_kernels();  // matmul, addmm

}  // namespace ferrule::gpu
