// Products with few columns (or rows): every weight is read once and meets up to eight vectors. Arguments of the two
// kernels, for weights whose lines lie along k (vector_rows.cu) and across it (vector_columns.cu). Host and device.
#pragma once

#include "kernels/matmul/accumulate.cuh"
#include "vendor/host.h"

namespace ferrule::gpu::product {

inline constexpr uint32_t kMaxVectors = 8;  // that one launch takes
inline constexpr uint32_t kVectorThreads = 256;

// out[line, v] = sum over k of weights[line, k] * vectors[v, k].
struct VectorArguments {
  const void *weights, *vectors, *c;
  void* out;
  void* partial;  // [split][batch][output] sums instead of out; or null
  int64_t lines, k, k_per_split;
  int64_t weight_line, weight_k, vector_step, vector_k;
  int64_t out_line, out_vector, c_line, c_vector;  // out_*: within a batch of lines * n_vectors outputs
  uint32_t n_vectors;
  uint32_t lanes;  // rows: threads per line: 4, a warp, or the block; columns: threads along the lines
  uint8_t weights_wide, vectors_wide;  // 16-byte accesses are aligned
  Scalars scalars;
  int64_t batches;
  Layout64<3> batch;  // offsets of weights, vectors, c
};

// The kernel that takes n_vectors (1 to kMaxVectors).
vendor::Function vector_rows_kernel(uint32_t dtype, uint32_t n_vectors);
vendor::Function vector_columns_kernel(uint32_t dtype, uint32_t n_vectors);

template <typename T>
GPU_DEVICE void store_output(const VectorArguments& p, Compute<T> sum, int64_t line, uint32_t vector, int64_t batch,
                             int64_t split, int64_t c_offset) {
  const int64_t per_batch = p.lines * p.n_vectors;
  const int64_t at = batch * per_batch + line * p.out_line + vector * p.out_vector;
  if (p.partial) {
    static_cast<Compute<T>*>(p.partial)[split * p.batches * per_batch + at] = sum;
  } else {
    const T* c = static_cast<const T*>(p.c) + c_offset;
    static_cast<T*>(p.out)[at] = finish<T>(p.scalars, sum, c, line * p.c_line + vector * p.c_vector);
  }
}

// The kernel of the smallest instance that takes n_vectors; Get<T, kVectors>::function.
template <template <typename, uint32_t> typename Get, typename T>
vendor::Function vector_instance(uint32_t n_vectors) {
  return n_vectors <= 1   ? Get<T, 1>::function()
         : n_vectors <= 2 ? Get<T, 2>::function()
         : n_vectors <= 4 ? Get<T, 4>::function()
                          : Get<T, 8>::function();
}

}  // namespace ferrule::gpu::product
