// Lines that lie across k (one element of each line side by side): a thread owns 16 bytes of neighbouring lines and walks
// down its share of k, four rows in flight; the shares are added in shared memory.
#include "ferrule/plugin.h"
#include "kernels/matmul/vector_kernel.h"

namespace ferrule::gpu::product {
namespace {

constexpr uint32_t kInFlight = 4;

template <typename T, uint32_t kVectors>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kVectorThreads) columns_kernel(VectorArguments p) {
  begin_kernel();
  using C = Compute<T>;
  using Piece = Vec<T, kWide<T>>;
  constexpr uint32_t kOwn = kWide<T>;
  GPU_SHARED(C, shares, kVectorThreads * kOwn);
  const uint32_t lanes = p.lanes, groups = kVectorThreads / lanes;
  const uint32_t member = thread_x() & (lanes - 1), group = thread_x() / lanes;
  const int64_t block_line = static_cast<int64_t>(block_x()) * lanes * kOwn, line = block_line + member * kOwn;
  const int64_t left = p.lines - line;
  const uint32_t own = left <= 0 ? 0 : left < kOwn ? static_cast<uint32_t>(left) : kOwn;
  const bool wide = p.weights_wide && own == kOwn;
  const int64_t k_begin = block_y() * p.k_per_split;
  const int64_t k_end = k_begin + p.k_per_split < p.k ? k_begin + p.k_per_split : p.k;
  for (int64_t batch = block_z(); batch < p.batches; batch += blocks_z()) {
    int64_t offset[3];
    p.batch.offsets(static_cast<uint64_t>(batch), offset);
    const T* w = static_cast<const T*>(p.weights) + offset[0] + line * p.weight_line;
    const T* x = static_cast<const T*>(p.vectors) + offset[1];
    C sums[kVectors][kOwn];
    GPU_UNROLL
    for (uint32_t v = 0; v < kVectors; ++v) {
      GPU_UNROLL
      for (uint32_t e = 0; e < kOwn; ++e) sums[v][e] = zero<C>();
    }
    const auto load = [&](int64_t k) {
      Piece piece;
      if (wide) {
        piece = load_streaming<Piece>(w + k * p.weight_k);
      } else {
        GPU_UNROLL
        for (uint32_t e = 0; e < kOwn; ++e) piece[e] = e < own ? w[k * p.weight_k + e * p.weight_line] : T{};
      }
      return piece;
    };
    const auto multiply = [&](const Piece& piece, int64_t k) {
      GPU_UNROLL
      for (uint32_t v = 0; v < kVectors; ++v) {
        const uint32_t vector = v < p.n_vectors ? v : p.n_vectors - 1;
        const C factor = widen<T>(x[vector * p.vector_step + k * p.vector_k]);
        GPU_UNROLL
        for (uint32_t e = 0; e < kOwn; ++e) sums[v][e] = multiply_add(widen<T>(piece[e]), factor, sums[v][e]);
      }
    };
    int64_t k = k_begin + group;
    for (; k + (kInFlight - 1) * groups < k_end; k += kInFlight * groups) {
      Piece piece[kInFlight];
      GPU_UNROLL
      for (uint32_t u = 0; u < kInFlight; ++u) piece[u] = load(k + u * groups);
      GPU_UNROLL
      for (uint32_t u = 0; u < kInFlight; ++u) multiply(piece[u], k + u * groups);
    }
    for (; k < k_end; k += groups) multiply(load(k), k);

    // Outputs of the block, and how many threads add up one of them.
    const uint32_t outputs = lanes * kOwn, adders = kVectorThreads / outputs, output = thread_x() % outputs;
    GPU_UNROLL
    for (uint32_t v = 0; v < kVectors; ++v) {
      if (v >= p.n_vectors) break;
      GPU_UNROLL
      for (uint32_t e = 0; e < kOwn; ++e) shares[group * outputs + member * kOwn + e] = sums[v][e];
      sync();
      C total = zero<C>();
      for (uint32_t g = thread_x() / outputs; g < groups; g += adders)
        total = Add()(total, shares[g * outputs + output]);
      sync();
      shares[thread_x()] = total;
      sync();
      if (thread_x() < outputs) {
        total = shares[output];
        for (uint32_t a = 1; a < adders; ++a) total = Add()(total, shares[a * outputs + output]);
        if (block_line + output < p.lines) {
          store_output<T>(p, total, block_line + output, v, batch, block_y(), offset[2]);
        }
      }
      sync();
    }
  }
}

template <typename T, uint32_t kVectors>
struct Columns {
  static vendor::Function function() { return vendor::function_of<&columns_kernel<T, kVectors>>(); }
};

}  // namespace

vendor::Function vector_columns_kernel(uint32_t dtype, uint32_t n_vectors) {
  switch (dtype) {
    case FRL_DTYPE_F16:
      return vector_instance<Columns, Half>(n_vectors);
    case FRL_DTYPE_BF16:
      return vector_instance<Columns, Bfloat>(n_vectors);
    case FRL_DTYPE_F32:
      return vector_instance<Columns, float>(n_vectors);
    case FRL_DTYPE_F64:
      return vector_instance<Columns, double>(n_vectors);
    default:
      return vector_instance<Columns, Complex>(n_vectors);
  }
}

}  // namespace ferrule::gpu::product
