// The choice of a path for one product.
#include "product.h"

#include <vector>

#include "gemv.h"
#include "onednn_gemm.h"

namespace ferrule::cpu {

uint64_t product_scratch_bytes(const Product& p) {
  if (is_gemv(p)) return gemv_scratch_bytes(p);
  return is_onednn_gemm(p) ? onednn_gemm_scratch_bytes(p) : gemm_scratch_bytes(p.dtype, p.m, p.n, p.k);
}

void run_product(const Product& p, std::byte* scratch) {
  if (is_gemv(p)) return gemv(p, scratch);
  if (!is_onednn_gemm(p)) return gemm(p, scratch);
  if (onednn_gemm(p, scratch)) return;
  // The library could not make a primitive. Too rare to ask for the own path's scratch with every call.
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::vector<Line> own(gemm_scratch_bytes(p.dtype, p.m, p.n, p.k) / sizeof(Line) + 1);
  gemm(p, own.data()->bytes);
}

}  // namespace ferrule::cpu
