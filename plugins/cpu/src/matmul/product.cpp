// The choice of a path for one product.
#include "product.h"

#include "gemv.h"

namespace ferrule::cpu {

uint64_t product_scratch_bytes(const Product& product) {
  if (is_gemv(product)) return gemv_scratch_bytes(product);
  return gemm_scratch_bytes(product.dtype, product.m, product.n, product.k);
}

void run_product(const Product& product, std::byte* scratch) {
  if (is_gemv(product)) return gemv(product, scratch);
  gemm(product, scratch);
}

}  // namespace ferrule::cpu
