// The gradients of rms_norm and layer_norm. With h = (x - mean) r and a = g w:
//   gx = r (a - mean(a) - h mean(a h)), gweight = sum of g h over rows, gbias = sum of g; rms_norm has no mean terms.
// Rows that fit a group's registers are read once, and each group keeps its rows' share of the parameter gradients.
#pragma once

#include "kernels/row/norm.cuh"

namespace ferrule::gpu {

// Sums over a row: of a and of a h.
template <typename C>
struct Dots {
  C a, ah;
};
template <typename C>
struct AddDots {
  GPU_DEVICE Dots<C> operator()(Dots<C> p, Dots<C> q) const { return {p.a + q.a, p.ah + q.ah}; }
};

// h, g and weight (null: ones) of a chunk become gx, in place of h.
template <typename T, uint32_t kVectors, bool kIsWide>
struct RowGradient {
  using C = Compute<T>;
  using Tile = RowTile<T, kVectors, kIsWide>;
  C w[Tile::kCount];

  GPU_DEVICE void load_weight(const Tile& tile, const T* weight) {
    if (weight) {
      tile.load(weight, w, C(0));
    } else {
      GPU_UNROLL
      for (uint32_t i = 0; i < Tile::kCount; ++i) w[i] = 1;
    }
  }
  GPU_DEVICE Dots<C> dots(const C (&h)[Tile::kCount], const C (&g)[Tile::kCount]) const {
    Dots<C> sum{C(0), C(0)};
    GPU_UNROLL
    for (uint32_t i = 0; i < Tile::kCount; ++i) {
      const C a = g[i] * w[i];
      sum.a += a;
      sum.ah = math::fma(a, h[i], sum.ah);
    }
    return sum;
  }
  // `sum` of the whole row of n elements.
  GPU_DEVICE void finish(C (&h)[Tile::kCount], const C (&g)[Tile::kCount], Dots<C> sum, C n, C r, bool centred) const {
    const C mean_a = centred ? sum.a / n : C(0), mean_ah = sum.ah / n;
    GPU_UNROLL
    for (uint32_t i = 0; i < Tile::kCount; ++i) h[i] = r * (g[i] * w[i] - mean_a - h[i] * mean_ah);
  }
};

// Every group takes row after row; partials[2][groups][n] gets its gweight and gbias.
template <typename T, uint32_t kVectors, bool kIsWide>
GPU_DEVICE void norm_vjp_rows_as(const T* x, const T* weight, const T* g, T* gx, Compute<T>* partials, RowShape shape,
                                 float eps, bool centred) {
  using C = Compute<T>;
  using Tile = RowTile<T, kVectors, kIsWide>;
  GPU_SHARED(C, means, kMaxWarps);
  GPU_SHARED(C, sums, kMaxWarps);
  GPU_SHARED(Dots<C>, pairs, kMaxWarps);
  const uint64_t group = row_chunk(shape), groups = static_cast<uint64_t>(blocks_x()) * (threads_x() / shape.group);
  C gw[Tile::kCount], gb[Tile::kCount];
  GPU_UNROLL
  for (uint32_t i = 0; i < Tile::kCount; ++i) gw[i] = gb[i] = 0;
  Tile tile{};
  const uint64_t first = static_cast<uint64_t>(block_x()) * (threads_x() / shape.group);
  for (uint64_t turn = 0; first + turn < shape.chunks; turn += groups) {  // the same turns for the whole block
    auto place = row_place<T, kVectors, kIsWide>(shape, group + turn);
    tile = place.tile;
    typename Tile::V raw[kVectors];
    C h[Tile::kCount], dy[Tile::kCount];  // dy is 0 outside the row, so h may be anything there
    tile.load_raw(x + place.offset(shape.n), raw, 0, C(0));
    tile.load(g + place.offset(shape.n), dy, C(0));
    const Moments<C> moments = moments_of<T, kVectors, kIsWide>(tile, raw, centred, means, sums);
    const RowScale<C> scale = row_scale(place.live ? moments : Moments<C>{C(1), C(0), C(1)}, eps);
    Tile::unpack(raw, h);
    GPU_UNROLL
    for (uint32_t i = 0; i < Tile::kCount; ++i) h[i] = (h[i] - scale.mean) * scale.r;
    RowGradient<T, kVectors, kIsWide> gradient;
    gradient.load_weight(tile, weight);
    const Dots<C> dots = group_reduce(gradient.dots(h, dy), AddDots<C>{}, shape.group, pairs);
    GPU_UNROLL
    for (uint32_t i = 0; i < Tile::kCount; ++i) {
      gw[i] = math::fma(dy[i], h[i], gw[i]);
      gb[i] += dy[i];
    }
    gradient.finish(h, dy, dots, static_cast<C>(shape.n), scale.r, centred);
    if (place.live) tile.store(gx + place.offset(shape.n), h);
  }
  tile.n = shape.chunk;
  tile.group = shape.group;
  tile.member = thread_x() & (shape.group - 1);
  GPU_UNROLL
  for (uint32_t k = 0; k < kVectors; ++k) {
    GPU_UNROLL
    for (uint32_t j = 0; j < Tile::kLanes; ++j) {
      if (k >= shape.used || !tile.valid(k, j)) continue;
      const uint64_t at = group * shape.n + tile.index(k, j);
      partials[at] = gw[k * Tile::kLanes + j];
      partials[groups * shape.n + at] = gb[k * Tile::kLanes + j];
    }
  }
}
template <typename T, uint32_t kVectors>
GPU_KERNEL GPU_LAUNCH_BOUNDS(tuning::kNormVjpThreads)
    norm_vjp_rows(const T* x, const T* weight, const T* g, T* gx, Compute<T>* partials, RowShape shape, float eps,
                  bool centred) {
  begin_kernel();
  if (rows_are_wide(shape, x, weight, g, gx))
    norm_vjp_rows_as<T, kVectors, true>(x, weight, g, gx, partials, shape, eps, centred);
  else
    norm_vjp_rows_as<T, kVectors, false>(x, weight, g, gx, partials, shape, eps, centred);
}

// Long rows, chunk by chunk. kWhole: the chunks' moments. kPartial: their dots. kApply: gx, and each row's scale.
template <typename T, uint32_t kVectors, bool kIsWide>
GPU_DEVICE void norm_vjp_chunks_as(const T* x, const T* weight, const T* g, T* gx, Moments<Compute<T>>* moments,
                                   Dots<Compute<T>>* dots, RowScale<Compute<T>>* scales, RowShape shape, float eps,
                                   bool centred, RowStage stage) {
  using C = Compute<T>;
  using Tile = RowTile<T, kVectors, kIsWide>;
  GPU_SHARED(C, means, kMaxWarps);
  GPU_SHARED(C, sums, kMaxWarps);
  GPU_SHARED(Moments<C>, slots, kMaxWarps);
  GPU_SHARED(Dots<C>, pairs, kMaxWarps);
  const auto place = row_place<T, kVectors, kIsWide>(shape, row_chunk(shape));
  const Tile& tile = place.tile;
  typename Tile::V raw[kVectors];
  tile.load_raw(x + place.offset(shape.n), raw, 0, C(0));
  if (stage == RowStage::kWhole) {
    const Moments<C> found = moments_of<T, kVectors, kIsWide>(tile, raw, centred, means, sums);
    if (place.live && tile.member == 0) moments[place.row * shape.splits + place.split] = found;
    return;
  }
  C h[Tile::kCount], dy[Tile::kCount];
  Tile::unpack(raw, h);
  tile.load(g + place.offset(shape.n), dy, C(0));
  const RowScale<C> scale =
      row_scale(gather_moments(moments, shape, place.row, tile.member, place.live, centred, slots), eps);
  GPU_UNROLL
  for (uint32_t i = 0; i < Tile::kCount; ++i) h[i] = (h[i] - scale.mean) * scale.r;
  RowGradient<T, kVectors, kIsWide> gradient;
  gradient.load_weight(tile, weight ? weight + place.column : nullptr);
  if (stage == RowStage::kPartial) {
    const Dots<C> sum = group_reduce(gradient.dots(h, dy), AddDots<C>{}, shape.group, pairs);  // dy is 0 outside
    if (place.live && tile.member == 0) dots[place.row * shape.splits + place.split] = sum;
    return;
  }
  Dots<C> sum{C(0), C(0)};
  if (place.live) {
    for (uint32_t i = tile.member; i < shape.splits; i += shape.group)
      sum = AddDots<C>{}(sum, dots[place.row * shape.splits + i]);
  }
  sum = group_reduce(sum, AddDots<C>{}, shape.group, pairs);
  gradient.finish(h, dy, sum, static_cast<C>(shape.n), scale.r, centred);
  if (!place.live) return;
  if (place.split == 0 && tile.member == 0) scales[place.row] = scale;
  tile.store(gx + place.offset(shape.n), h);
}
template <typename T, uint32_t kVectors>
GPU_KERNEL GPU_LAUNCH_BOUNDS(tuning::kNormVjpThreads)
    norm_vjp_chunks(const T* x, const T* weight, const T* g, T* gx, Moments<Compute<T>>* moments,
                    Dots<Compute<T>>* dots, RowScale<Compute<T>>* scales, RowShape shape, float eps, bool centred,
                    RowStage stage) {
  begin_kernel();
  if (rows_are_wide(shape, x, weight, g, gx))
    norm_vjp_chunks_as<T, kVectors, true>(x, weight, g, gx, moments, dots, scales, shape, eps, centred, stage);
  else
    norm_vjp_chunks_as<T, kVectors, false>(x, weight, g, gx, moments, dots, scales, shape, eps, centred, stage);
}

// partials[2][blocks_y()][n]: gweight and gbias of each kNormVjpColumnRows rows; a thread per column.
template <typename T>
GPU_KERNEL GPU_LAUNCH_BOUNDS(tuning::kRowThreads)
    norm_vjp_columns(const T* x, const T* g, const RowScale<Compute<T>>* scales, Compute<T>* partials, uint64_t rows,
                     uint64_t n) {
  begin_kernel();
  using C = Compute<T>;
  constexpr uint32_t kLoads = 4;
  const uint64_t column = global_thread();
  if (column >= n) return;
  const uint64_t begin = static_cast<uint64_t>(block_y()) * tuning::kNormVjpColumnRows;
  const uint64_t end = begin + tuning::kNormVjpColumnRows < rows ? begin + tuning::kNormVjpColumnRows : rows;
  C gw = 0, gb = 0;
  for (uint64_t row = begin; row < end; row += kLoads) {
    C h[kLoads], dy[kLoads];
    GPU_UNROLL
    for (uint32_t k = 0; k < kLoads; ++k) {
      const bool in = row + k < end;
      h[k] = in ? widen<T>(x[(row + k) * n + column]) : C(0);
      dy[k] = in ? widen<T>(g[(row + k) * n + column]) : C(0);
    }
    GPU_UNROLL
    for (uint32_t k = 0; k < kLoads; ++k) {
      if (row + k >= end) continue;
      const RowScale<C> scale = scales[row + k];
      gw = math::fma(dy[k], (h[k] - scale.mean) * scale.r, gw);
      gb += dy[k];
    }
  }
  partials[block_y() * n + column] = gw;
  partials[(static_cast<uint64_t>(blocks_y()) + block_y()) * n + column] = gb;
}

// Sums partials[2][count][n] over `count`: block_y() 0 is gweight, 1 gbias. threads_x() is kRowThreads: columns by rows.
template <typename T>
GPU_KERNEL GPU_LAUNCH_BOUNDS(tuning::kRowThreads)
    sum_partials(const Compute<T>* partials, T* gweight, T* gbias, uint64_t count, uint64_t n) {
  begin_kernel();
  using C = Compute<T>;
  constexpr uint32_t kLanes = tuning::kRowColumnLanes, kRows = tuning::kRowThreads / kLanes;
  GPU_SHARED(C, slots, tuning::kRowThreads);
  const uint64_t column = static_cast<uint64_t>(block_x()) * kLanes + thread_x() % kLanes;
  const uint32_t row = thread_x() / kLanes;
  C sum[2] = {C(0), C(0)};
  if (column < n) {
    const C* p = partials + block_y() * count * n + column;
    for (uint64_t i = row; i < count; i += 2 * kRows) {
      sum[0] += p[i * n];
      if (i + kRows < count) sum[1] += p[(i + kRows) * n];
    }
  }
  slots[thread_x()] = sum[0] + sum[1];
  sync();
  if (row != 0 || column >= n) return;
  C total = 0;
  for (uint32_t i = 0; i < kRows; ++i) total += static_cast<C>(slots[i * kLanes + thread_x()]);
  (block_y() == 0 ? gweight : gbias)[column] = narrow<T>(total);
}

}  // namespace ferrule::gpu
