// The choice of a path for one product.
#include "product.h"

#include <algorithm>

#include "gemv.h"
#include "onednn_gemm.h"

namespace ferrule::cpu {

uint64_t product_scratch_bytes(const Product& p) {
  if (is_gemv(p)) return gemv_scratch_bytes(p);
  const uint64_t own = gemm_scratch_bytes(p.dtype, p.m, p.n, p.k);
  // The own path stays possible, should the library fail to make a primitive.
  return is_onednn_gemm(p) ? std::max(own, onednn_gemm_scratch_bytes(p)) : own;
}

void run_product(const Product& p, std::byte* scratch) {
  if (is_gemv(p)) return gemv(p, scratch);
  if (is_onednn_gemm(p) && onednn_gemm(p, scratch)) return;
  gemm(p, scratch);
}

}  // namespace ferrule::cpu
