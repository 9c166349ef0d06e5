// One matrix product by the fastest path for its shape, strides and dtype: a vector product, the own blocked product,
// or a library. The choice depends on the problem and the configuration alone.
#pragma once

#include "gemm.h"

namespace ferrule::cpu {

uint64_t product_scratch_bytes(const Product& product);  // looks at no data
void run_product(const Product& product, std::byte* scratch);

}  // namespace ferrule::cpu
