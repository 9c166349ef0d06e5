// Products with a vector (M = 1 or N = 1), which are bound by reading the matrix once: no packing. Fixed blocks, so
// that results are bitwise equal for any number of threads.
#pragma once

#include "gemm.h"

namespace ferrule::cpu {

// Whether gemv() takes the product: one extent is 1 and the matrix is contiguous along rows or columns; not complex64.
bool is_gemv(const Product& product);
uint64_t gemv_scratch_bytes(const Product& product);
void gemv(const Product& product, std::byte* scratch);

}  // namespace ferrule::cpu
