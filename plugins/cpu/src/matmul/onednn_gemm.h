// Matrix products by oneDNN, cut into tiles that our pool hands out: each tile is one single-threaded primitive, so the
// result does not depend on the number of threads.
#pragma once

#include "gemm.h"

namespace ferrule::cpu {

// Whether oneDNN is there and faster than gemm() for the product (by measurement, see docs/decisions-cpu.md).
bool is_onednn_gemm(const Product& product);
uint64_t onednn_gemm_scratch_bytes(const Product& product);
// False when oneDNN could not make a primitive; then nothing was computed.
bool onednn_gemm(const Product& product, std::byte* scratch);

}  // namespace ferrule::cpu
