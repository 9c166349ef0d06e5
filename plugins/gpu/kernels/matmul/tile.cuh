// The block-tiled product that matmul and convolutions share: 256 threads compute a tile of 64 or 128 lines of A by as
// many of B, k in steps of 16 through two shared stages, each thread kPer x kPer outputs in registers. What A and B are is
// the loaders' matter:
//
//   uint32_t/bool along_k;                          // chunks of 4 elements lie along k, else along the line
//   void begin(uint32_t chunk, int64_t line);       // this thread's chunk has this first line in every step
//   void load(uint32_t chunk, int64_t k, T (&out)[4]) const;  // zeros outside the matrix
#pragma once

#include "kernels/matmul/accumulate.cuh"

namespace ferrule::gpu::product {

inline constexpr uint32_t kTileThreads = 256, kTileDepth = 16;

template <uint32_t kPer>
inline constexpr uint32_t kTileLines = 16 * kPer;

template <typename T, uint32_t kPer, typename Loader>
class TileSide {
 public:
  using C = Compute<T>;
  static constexpr uint32_t kLines = kTileLines<kPer>, kPitch = kLines + 4, kChunks = kPer / 4;
  static constexpr uint32_t kStage = kTileDepth * kPitch;

  GPU_DEVICE TileSide(Loader& loader, shared<C> stages, int64_t first_line) : loader_(loader), stages_(stages) {
    GPU_UNROLL
    for (uint32_t i = 0; i < kChunks; ++i) {
      const uint32_t chunk = i * kTileThreads + thread_x();
      if (loader_.along_k) {
        line_[i] = chunk / (kTileDepth / 4);
        k_[i] = chunk % (kTileDepth / 4) * 4;
      } else {
        line_[i] = chunk % (kLines / 4) * 4;
        k_[i] = chunk / (kLines / 4);
      }
      loader_.begin(i, first_line + line_[i]);
    }
  }
  GPU_DEVICE void fetch(int64_t k) {
    GPU_UNROLL
    for (uint32_t i = 0; i < kChunks; ++i) loader_.load(i, k + k_[i], fetched_[i]);
  }
  GPU_DEVICE void stage(uint32_t which) const {
    GPU_UNROLL
    for (uint32_t i = 0; i < kChunks; ++i) {
      C wide[4];
      GPU_UNROLL
      for (uint32_t e = 0; e < 4; ++e) wide[e] = widen<T>(fetched_[i][e]);
      if (loader_.along_k) {
        GPU_UNROLL
        for (uint32_t e = 0; e < 4; ++e) stages_[which * kStage + (k_[i] + e) * kPitch + line_[i]] = wide[e];
      } else {
        store4(stages_, which * kStage + k_[i] * kPitch + line_[i], wide);
      }
    }
  }
  // The kPer lines of one of the 16 threads along this side, at depth k: groups of four, 64 apart.
  GPU_DEVICE void lines(uint32_t which, uint32_t k, uint32_t thread, C (&out)[kPer]) const {
    GPU_UNROLL
    for (uint32_t i = 0; i < kChunks; ++i) {
      C four[4];
      load4(stages_, which * kStage + k * kPitch + i * 64 + thread * 4, four);
      GPU_UNROLL
      for (uint32_t e = 0; e < 4; ++e) out[i * 4 + e] = four[e];
    }
  }

 private:
  Loader& loader_;
  shared<C> stages_;
  uint32_t line_[kChunks], k_[kChunks];
  T fetched_[kChunks][4];
};

// The line, in its tile, of output `i` of a thread along one side.
GPU_DEVICE uint32_t tile_line(uint32_t thread, uint32_t i) { return i / 4 * 64 + thread * 4 + i % 4; }

// sums[i][j] = sum over k in [k_begin, k_end) of A[a_line + tile_line(thread / 16, i)] * B[b_line + tile_line(thread % 16,
// j)]. All threads of the block take part; the stages hold 2 * TileSide::kStage elements each and are free afterwards.
template <typename T, uint32_t kPer, typename LoadA, typename LoadB>
GPU_DEVICE void tile_product(LoadA& load_a, LoadB& load_b, shared<Compute<T>> a_stages, shared<Compute<T>> b_stages,
                             int64_t a_line, int64_t b_line, int64_t k_begin, int64_t k_end,
                             Compute<T> (&sums)[kPer][kPer]) {
  using C = Compute<T>;
  TileSide<T, kPer, LoadA> a(load_a, a_stages, a_line);
  TileSide<T, kPer, LoadB> b(load_b, b_stages, b_line);
  GPU_UNROLL
  for (uint32_t i = 0; i < kPer; ++i) {
    GPU_UNROLL
    for (uint32_t j = 0; j < kPer; ++j) sums[i][j] = zero<C>();
  }
  if (k_begin >= k_end) return;
  a.fetch(k_begin);
  b.fetch(k_begin);
  uint32_t stage = 0;
  for (int64_t k = k_begin; k < k_end; k += kTileDepth) {
    a.stage(stage);
    b.stage(stage);
    sync();
    if (k + kTileDepth < k_end) {
      a.fetch(k + kTileDepth);
      b.fetch(k + kTileDepth);
    }
    GPU_UNROLL
    for (uint32_t depth = 0; depth < kTileDepth; ++depth) {
      C left[kPer], right[kPer];
      a.lines(stage, depth, thread_x() / 16, left);
      b.lines(stage, depth, thread_x() % 16, right);
      GPU_UNROLL
      for (uint32_t i = 0; i < kPer; ++i) {
        GPU_UNROLL
        for (uint32_t j = 0; j < kPer; ++j) sums[i][j] = multiply_add(left[i], right[j], sums[i][j]);
      }
    }
    stage ^= 1;  // the other stage was last read before this step's sync
  }
}

}  // namespace ferrule::gpu::product
