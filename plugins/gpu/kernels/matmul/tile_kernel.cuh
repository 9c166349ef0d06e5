// The tiled kernel of matmul and addmm for any strides, and its instances' declarations: tile_small.cu, tile_large.cu.
#pragma once

#include "kernels/matmul/tile.cuh"
#include "vendor/host.h"

namespace ferrule::gpu::product {

struct TileArguments {
  const void *a, *b, *c;
  void* out;
  void* partial;  // [split][batch][m][n] sums instead of out; or null
  int64_t m, n, k, k_per_split;
  int64_t a_row, a_column, b_row, b_column, c_row, c_column;
  Scalars scalars;
  // along_k: the side's smaller stride is along k; wide: chunks of four are aligned neighbours.
  uint8_t a_along_k, a_wide, b_along_k, b_wide, out_wide;
  uint32_t tiles_m, tiles_n;
  int64_t batches;
  Layout64<3> batch;  // offsets of a, b, c
};

template <typename T, uint32_t kChunks>
struct MatrixLoader {
  const T* base;
  int64_t line_stride, k_stride, lines, k_limit;
  bool along_k, wide;
  const T* at[kChunks];
  uint32_t valid[kChunks];

  GPU_DEVICE void begin(uint32_t i, int64_t line) {
    at[i] = base + line * line_stride;
    const int64_t left = lines - line;
    valid[i] = left <= 0 ? 0 : left < 4 ? static_cast<uint32_t>(left) : 4;
  }
  GPU_DEVICE void load(uint32_t i, int64_t k, T (&out)[4]) const {
    const T* p = at[i] + k * k_stride;
    const int64_t left = k_limit - k;
    uint32_t count = left <= 0 ? 0 : valid[i];
    if (along_k && count != 0) count = left < 4 ? static_cast<uint32_t>(left) : 4;
    if (wide && count == 4) {
      load4(p, out);
    } else {
      const int64_t step = along_k ? k_stride : line_stride;
      GPU_UNROLL
      for (uint32_t e = 0; e < 4; ++e) {
        out[e] = T{};
        if (e < count) out[e] = p[e * step];
      }
    }
  }
};

// Neighbouring blocks share rows and columns: tiles are walked in groups of eight tile rows.
GPU_DEVICE void tile_position(uint32_t id, uint32_t tiles_m, uint32_t tiles_n, uint32_t& tile_m, uint32_t& tile_n) {
  const uint32_t per_group = 8 * tiles_n, group = id / per_group, within = id - group * per_group;
  const uint32_t rows = tiles_m - group * 8 < 8 ? tiles_m - group * 8 : 8;
  tile_m = group * 8 + within % rows;
  tile_n = within / rows;
}

// The sums of one row and four columns of a thread, to out or to the partial sums.
template <typename T>
GPU_DEVICE void store_four(const TileArguments& p, const Compute<T> (&sums)[4], int64_t row, int64_t column,
                           int64_t out_offset, int64_t partial_offset, const T* c) {
  using C = Compute<T>;
  if (row >= p.m || column >= p.n) return;
  const int64_t at = row * p.n + column;
  if (p.partial) {
    C* to = static_cast<C*>(p.partial) + partial_offset + at;
    GPU_UNROLL
    for (uint32_t e = 0; e < 4; ++e) {
      if (column + e < p.n) to[e] = sums[e];
    }
    return;
  }
  T* to = static_cast<T*>(p.out) + out_offset + at;
  const int64_t c_at = row * p.c_row + column * p.c_column;
  Vec<T, sizeof(T) <= 4 ? 4 : 2> v[sizeof(T) <= 4 ? 1 : 2];
  constexpr uint32_t kWidth = sizeof(T) <= 4 ? 4 : 2;
  GPU_UNROLL
  for (uint32_t e = 0; e < 4; ++e) {
    const bool inside = column + e < p.n;
    v[e / kWidth][e % kWidth] = inside ? finish<T>(p.scalars, sums[e], c, c_at + e * p.c_column) : T{};
    if (!p.out_wide && inside) to[e] = v[e / kWidth][e % kWidth];
  }
  if (p.out_wide) {  // n is a multiple of four then
    GPU_UNROLL
    for (uint32_t i = 0; i < 4 / kWidth; ++i) store_wide(to + i * kWidth, v[i]);
  }
}

template <typename T, uint32_t kPer>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kTileThreads, 2) tile_kernel(TileArguments p) {
  begin_kernel();
  using C = Compute<T>;
  constexpr uint32_t kLines = kTileLines<kPer>;
  using Loader = MatrixLoader<T, kPer / 4>;
  GPU_SHARED(C, a_stages, 2 * (TileSide<T, kPer, Loader>::kStage));
  GPU_SHARED(C, b_stages, 2 * (TileSide<T, kPer, Loader>::kStage));
  uint32_t tile_m, tile_n;
  tile_position(block_x(), p.tiles_m, p.tiles_n, tile_m, tile_n);
  const int64_t row0 = static_cast<int64_t>(tile_m) * kLines, column0 = static_cast<int64_t>(tile_n) * kLines;
  const int64_t k_begin = block_y() * p.k_per_split;
  const int64_t k_end = k_begin + p.k_per_split < p.k ? k_begin + p.k_per_split : p.k;
  for (int64_t batch = block_z(); batch < p.batches; batch += blocks_z()) {
    int64_t offset[3];
    p.batch.offsets(static_cast<uint64_t>(batch), offset);
    Loader a{static_cast<const T*>(p.a) + offset[0], p.a_row, p.a_column, p.m, p.k, p.a_along_k != 0, p.a_wide != 0};
    Loader b{static_cast<const T*>(p.b) + offset[1], p.b_column, p.b_row, p.n, p.k, p.b_along_k != 0, p.b_wide != 0};
    C sums[kPer][kPer];
    tile_product<T, kPer>(a, b, a_stages, b_stages, row0, column0, k_begin, k_end, sums);
    const T* c = static_cast<const T*>(p.c) + offset[2];
    const int64_t out_offset = batch * p.m * p.n;
    const int64_t partial_offset = (static_cast<int64_t>(block_y()) * p.batches + batch) * p.m * p.n;
    GPU_UNROLL
    for (uint32_t i = 0; i < kPer; ++i) {
      GPU_UNROLL
      for (uint32_t j = 0; j < kPer; j += 4) {
        C four[4];
        GPU_UNROLL
        for (uint32_t e = 0; e < 4; ++e) four[e] = sums[i][j + e];
        store_four<T>(p, four, row0 + tile_line(thread_x() / 16, i), column0 + tile_line(thread_x() % 16, j),
                      out_offset, partial_offset, c);
      }
    }
    sync();  // the stages are free again
  }
}

// The kernel for a dtype and a tile of 64 or 128 lines; 128 for float16, bfloat16 and float32 only.
vendor::Function tile_kernel_small(uint32_t dtype);
vendor::Function tile_kernel_large(uint32_t dtype);

}  // namespace ferrule::gpu::product
