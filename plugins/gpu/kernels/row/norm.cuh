// rms_norm and layer_norm: rows in registers, statistics in f32 (f64 for f64), the variance that of centred values. Chunks
// of longer rows meet through scratch.
#pragma once

#include "kernels/row/softmax.cuh"

namespace ferrule::gpu {

// Of `count` elements: their mean (0 for rms_norm) and the sum of their squared distances from it.
template <typename C>
struct Moments {
  C count, mean, squares;
};

// Chan, Golub & LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979).
template <typename C>
struct MergeMoments {
  bool centred;
  GPU_DEVICE Moments<C> operator()(Moments<C> a, Moments<C> b) const {
    const C count = a.count + b.count;
    if (!centred || count == C(0)) return {count, C(0), a.squares + b.squares};
    const C gap = b.mean - a.mean;
    return {count, (a.count * a.mean + b.count * b.mean) / count,
            a.squares + b.squares + gap * gap * (a.count * b.count / count)};
  }
};

// What a row's elements are normalised by: (x - mean) * r.
template <typename C>
struct RowScale {
  C mean, r;
};
template <typename C>
GPU_DEVICE RowScale<C> row_scale(Moments<C> m, float eps) {
  return {m.mean, C(1) / math::sqrt(m.squares / m.count + static_cast<C>(eps))};
}

// The moments of a whole row from those of its chunks; every thread of the group gets them.
template <typename C>
GPU_DEVICE Moments<C> gather_moments(const Moments<C>* partials, const RowShape& shape, uint64_t row, uint32_t member,
                                     bool live, bool centred, shared<Moments<C>> slots) {
  const MergeMoments<C> merge{centred};
  Moments<C> total{C(0), C(0), C(0)};
  if (live) {
    for (uint32_t i = member; i < shape.splits; i += shape.group)
      total = merge(total, partials[row * shape.splits + i]);
  }
  return group_reduce(total, merge, shape.group, slots);
}

// The moments of a chunk, whose elements are 0 beyond its end.
template <typename T, uint32_t kVectors, bool kIsWide>
GPU_DEVICE Moments<Compute<T>> moments_of(const RowTile<T, kVectors, kIsWide>& tile, const Words (&raw)[kVectors],
                                          bool centred, shared<Compute<T>> means, shared<Compute<T>> sums) {
  using C = Compute<T>;
  C mean = 0;
  if (centred) {
    C sum = 0;
    GPU_UNROLL
    for (uint32_t k = 0; k < kVectors; ++k) {
      GPU_UNROLL
      for (uint32_t j = 0; j < kWide<T>; ++j) sum += widen<T>(element_of<T>(raw[k], j));
    }
    mean = group_reduce(sum, reduction::Sum<C>{}, tile.group, means) / static_cast<C>(tile.n > 0 ? tile.n : 1);
  }
  const C squares = group_reduce(tile.squares(raw, mean), reduction::Sum<C>{}, tile.group, sums);
  return {static_cast<C>(tile.n), mean, squares};
}

template <typename T, uint32_t kVectors>
inline constexpr uint32_t norm_threads = row_blocks<T, kVectors> > 1 ? tuning::kNormThreads : tuning::kRowMaxThreads;

// weight and bias may be null.
template <typename T, uint32_t kVectors, bool kIsWide>
GPU_DEVICE void norm_rows_as(const T* x, const T* weight, const T* bias, T* out, Moments<Compute<T>>* partials,
                             RowShape shape, float eps, bool centred, RowStage stage) {
  using C = Compute<T>;
  using Tile = RowTile<T, kVectors, kIsWide>;
  GPU_SHARED(C, means, kMaxWarps);
  GPU_SHARED(C, sums, kMaxWarps);
  GPU_SHARED(Moments<C>, slots, kMaxWarps);
  const auto place = row_place<T, kVectors, kIsWide>(shape, row_chunk(shape));
  const Tile& tile = place.tile;
  typename Tile::V v[kVectors];
  tile.load_raw(x + place.offset(shape.n), v, 0, C(0));
  Moments<C> moments;
  if (stage == RowStage::kApply) {
    moments = gather_moments(partials, shape, place.row, tile.member, place.live, centred, slots);
  } else {
    moments = moments_of<T, kVectors, kIsWide>(tile, v, centred, means, sums);
    if (stage == RowStage::kPartial) {
      if (place.live && tile.member == 0) partials[place.row * shape.splits + place.split] = moments;
      return;
    }
  }
  const RowScale<C> scale = row_scale(moments, eps);
  if (!place.live) return;
  constexpr uint32_t kStep = kVectors % 2 == 0 ? 2 : 1;  // of the parameters' accesses, to need few registers
  T* to = out + place.offset(shape.n);
  GPU_UNROLL
  for (uint32_t k0 = 0; k0 < kVectors; k0 += kStep) {
    typename Tile::V w[kStep], b[kStep];
    if (weight) tile.load_raw(weight + place.column, w, k0, C(0));
    if (bias) tile.load_raw(bias + place.column, b, k0, C(0));
    GPU_UNROLL
    for (uint32_t k = 0; k < kStep; ++k) {
      C y[Tile::kLanes];
      GPU_UNROLL
      for (uint32_t j = 0; j < Tile::kLanes; ++j) y[j] = (widen<T>(element_of<T>(v[k0 + k], j)) - scale.mean) * scale.r;
      if (weight) {
        GPU_UNROLL
        for (uint32_t j = 0; j < Tile::kLanes; ++j) y[j] *= widen<T>(element_of<T>(w[k], j));
      }
      if (bias) {
        GPU_UNROLL
        for (uint32_t j = 0; j < Tile::kLanes; ++j) y[j] += widen<T>(element_of<T>(b[k], j));
      }
      v[k0 + k] = pack<T>(y);
      tile.store_raw(to, v[k0 + k], k0 + k);
    }
  }
}
template <typename T, uint32_t kVectors>
GPU_KERNEL GPU_LAUNCH_BOUNDS((norm_threads<T, kVectors>), (row_blocks<T, kVectors> > 1 ? 3 : 1))
    norm_rows(const T* x, const T* weight, const T* bias, T* out, Moments<Compute<T>>* partials, RowShape shape,
              float eps, bool centred, RowStage stage) {
  begin_kernel();
  if (rows_are_wide(shape, x, weight, bias, out))
    norm_rows_as<T, kVectors, true>(x, weight, bias, out, partials, shape, eps, centred, stage);
  else
    norm_rows_as<T, kVectors, false>(x, weight, bias, out, partials, shape, eps, centred, stage);
}

}  // namespace ferrule::gpu
