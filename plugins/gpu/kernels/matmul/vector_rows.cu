// Lines that lie along k: 4 threads, a warp or a block per line stream it in 16-byte pieces, four in flight, while the
// vectors come from the caches.
#include "ferrule/plugin.h"
#include "kernels/matmul/vector_kernel.h"

namespace ferrule::gpu::product {
namespace {

constexpr uint32_t kInFlight = 4;

// Vectors that are not there are read as the last one.
template <uint32_t kVectors>
GPU_DEVICE int64_t vector_offset(const VectorArguments& p, uint32_t v) {
  return (kVectors == 1 ? 0 : v < p.n_vectors ? v : p.n_vectors - 1) * p.vector_step;
}

template <typename T, uint32_t kVectors>
GPU_DEVICE void multiply_piece(const VectorArguments& p, const Vec<T, kWide<T>>& w, const T* x,
                               Compute<T> (&sums)[kVectors]) {
  using Piece = Vec<T, kWide<T>>;
  GPU_UNROLL
  for (uint32_t v = 0; v < kVectors; ++v) {
    const Piece piece = load_wide<Piece>(x + vector_offset<kVectors>(p, v));
    GPU_UNROLL
    for (uint32_t e = 0; e < kWide<T>; ++e) sums[v] = multiply_add(widen<T>(w[e]), widen<T>(piece[e]), sums[v]);
  }
}

template <typename T, uint32_t kVectors>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kVectorThreads, (kVectors <= 2 ? 4 : 2)) rows_kernel(VectorArguments p) {
  begin_kernel();
  using C = Compute<T>;
  using Piece = Vec<T, kWide<T>>;
  GPU_SHARED(C, partials, kVectors * (kVectorThreads / warp_width));
  const uint32_t lanes = p.lanes, member = thread_x() & (lanes - 1);
  const int64_t line = static_cast<int64_t>(block_x()) * (kVectorThreads / lanes) + thread_x() / lanes;
  const int64_t line_read = line < p.lines ? line : p.lines - 1;  // every lane takes part in the reductions
  const int64_t k_begin = block_y() * p.k_per_split;
  const int64_t k_end = k_begin + p.k_per_split < p.k ? k_begin + p.k_per_split : p.k;
  const int64_t count = k_end - k_begin;
  for (int64_t batch = block_z(); batch < p.batches; batch += blocks_z()) {
    int64_t offset[3];
    p.batch.offsets(static_cast<uint64_t>(batch), offset);
    const T* w = static_cast<const T*>(p.weights) + offset[0] + line_read * p.weight_line + k_begin * p.weight_k;
    const T* x = static_cast<const T*>(p.vectors) + offset[1] + k_begin * p.vector_k;
    C sums[kVectors];
    GPU_UNROLL
    for (uint32_t v = 0; v < kVectors; ++v) sums[v] = zero<C>();
    int64_t done = 0;
    if (p.weights_wide && p.vectors_wide) {
      const int64_t pieces = count / kWide<T>;
      int64_t i = member;
      for (; i + (kInFlight - 1) * lanes < pieces; i += kInFlight * lanes) {
        Piece piece[kInFlight];
        GPU_UNROLL
        for (uint32_t u = 0; u < kInFlight; ++u) piece[u] = load_streaming<Piece>(w + (i + u * lanes) * kWide<T>);
        GPU_UNROLL
        for (uint32_t u = 0; u < kInFlight; ++u) {
          multiply_piece<T, kVectors>(p, piece[u], x + (i + u * lanes) * kWide<T>, sums);
        }
      }
      for (; i < pieces; i += lanes) {
        multiply_piece<T, kVectors>(p, load_streaming<Piece>(w + i * kWide<T>), x + i * kWide<T>, sums);
      }
      done = pieces * kWide<T>;
    }
    for (int64_t k = done + member; k < count; k += lanes) {
      const C weight = widen<T>(w[k * p.weight_k]);
      GPU_UNROLL
      for (uint32_t v = 0; v < kVectors; ++v) {
        sums[v] = multiply_add(weight, widen<T>(x[vector_offset<kVectors>(p, v) + k * p.vector_k]), sums[v]);
      }
    }
    GPU_UNROLL
    for (uint32_t v = 0; v < kVectors; ++v) {
      sums[v] = lanes == 4 ? warp_reduce<4>(sums[v], Add()) : warp_reduce(sums[v], Add());
    }
    if (lanes > warp_width) {
      GPU_UNROLL
      for (uint32_t v = 0; v < kVectors; ++v) {
        if (lane() == 0) partials[v * (kVectorThreads / warp_width) + thread_x() / warp_width] = sums[v];
      }
      sync();
      GPU_UNROLL
      for (uint32_t v = 0; v < kVectors; ++v) {
        sums[v] = zero<C>();
        GPU_UNROLL
        for (uint32_t i = 0; i < kVectorThreads / warp_width; ++i) {
          sums[v] = Add()(sums[v], partials[v * (kVectorThreads / warp_width) + i]);
        }
      }
      sync();
    }
    if (member == 0 && line < p.lines) {
      GPU_UNROLL
      for (uint32_t v = 0; v < kVectors; ++v) {
        if (v < p.n_vectors) store_output<T>(p, sums[v], line, v, batch, block_y(), offset[2]);
      }
    }
  }
}

template <typename T, uint32_t kVectors>
struct Rows {
  static vendor::Function function() { return vendor::function_of<&rows_kernel<T, kVectors>>(); }
};

}  // namespace

vendor::Function vector_rows_kernel(uint32_t dtype, uint32_t n_vectors) {
  switch (dtype) {
    case FRL_DTYPE_F16:
      return vector_instance<Rows, Half>(n_vectors);
    case FRL_DTYPE_BF16:
      return vector_instance<Rows, Bfloat>(n_vectors);
    case FRL_DTYPE_F32:
      return vector_instance<Rows, float>(n_vectors);
    case FRL_DTYPE_F64:
      return vector_instance<Rows, double>(n_vectors);
    default:
      return vector_instance<Rows, Complex>(n_vectors);
  }
}

}  // namespace ferrule::gpu::product
