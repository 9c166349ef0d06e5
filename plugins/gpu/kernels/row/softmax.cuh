// softmax and logsumexp. Along a contiguous axis rows lie in registers; chunks of longer rows meet through scratch. Along
// another axis neighbouring threads own neighbouring columns and read them twice.
#pragma once

#include "kernels/row/tile.cuh"

namespace ferrule::gpu {

// The sum of exp(x - max) over some elements; (−inf, anything) stands for none.
template <typename C>
struct ExpSum {
  C max, sum;
};

// Infinite maxima are kept with a sum that is NaN only where an element was.
template <typename C>
struct MergeExpSums {
  GPU_DEVICE ExpSum<C> operator()(ExpSum<C> a, ExpSum<C> b) const {
    const C max = reduction::Max<C>{}(a.max, b.max);
    return {max, scaled(a, max) + scaled(b, max)};
  }
  static GPU_DEVICE C scaled(ExpSum<C> a, C max) {
    return a.max == max ? a.sum : a.sum == C(0) ? C(0) : a.sum * math::exp(a.max - max);
  }
};

template <typename C>
GPU_DEVICE bool is_finite(C v) {
  return v - v == C(0);
}
// What exp(x - max) is multiplied by: NaN for rows with NaN, +inf, or only -inf.
template <typename C>
GPU_DEVICE C softmax_factor(ExpSum<C> s) {
  return is_finite(s.max) ? C(1) / s.sum : math::nan<C>();
}
template <typename C>
GPU_DEVICE C log_of(ExpSum<C> s) {
  if (is_finite(s.max)) return s.max + math::log(s.sum);
  return s.sum != s.sum ? s.sum : s.max;
}

enum class RowStage : uint32_t {
  kWhole,    // a row is one chunk
  kPartial,  // write what is known of each chunk to scratch
  kApply,    // gather it, and write each chunk's results
};

// out holds one element per row for logsumexp, which has no kApply.
template <typename T, uint32_t kVectors, bool kIsWide>
GPU_DEVICE void softmax_rows_as(const T* x, T* out, ExpSum<Compute<T>>* partials, RowShape shape, RowStage stage,
                                bool logsumexp) {
  using C = Compute<T>;
  using Tile = RowTile<T, kVectors, kIsWide>;
  GPU_SHARED(C, maxima, kMaxWarps);
  GPU_SHARED(C, sums, kMaxWarps);
  GPU_SHARED(ExpSum<C>, pairs, kMaxWarps);
  const auto place = row_place<T, kVectors, kIsWide>(shape, row_chunk(shape));
  const Tile& tile = place.tile;
  C v[Tile::kCount];
  tile.load(x + place.offset(shape.n), v, -math::infinity<C>());

  ExpSum<C> total{-math::infinity<C>(), C(0)};
  if (stage == RowStage::kApply) {
    if (place.live) {
      for (uint32_t i = tile.member; i < shape.splits; i += shape.group)
        total = MergeExpSums<C>{}(total, partials[place.row * shape.splits + i]);
    }
    total = group_reduce(total, MergeExpSums<C>{}, shape.group, pairs);
  } else {
    C max = -math::infinity<C>();
    GPU_UNROLL
    for (uint32_t i = 0; i < Tile::kCount; ++i) max = v[i] > max || v[i] != v[i] ? v[i] : max;
    total.max = group_reduce(max, reduction::Max<C>{}, shape.group, maxima);
  }
  const C base = is_finite(total.max) ? total.max : C(0);  // no arithmetic with infinite maxima
  C sum = 0;
  GPU_UNROLL
  for (uint32_t k = 0; k < kVectors; ++k) {
    if (k < tile.used) {
      GPU_UNROLL
      for (uint32_t j = 0; j < Tile::kLanes; ++j) {
        C& e = v[k * Tile::kLanes + j];
        e = math::exp(e - base);
        sum += e;
      }
    }
  }
  if (stage != RowStage::kApply) {
    total.sum = group_reduce(sum, reduction::Sum<C>{}, shape.group, sums);
    if (total.max == -math::infinity<C>()) total.sum = 0;
  }
  if (!place.live) return;
  if (stage == RowStage::kPartial) {
    if (tile.member == 0) partials[place.row * shape.splits + place.split] = total;
  } else if (logsumexp) {
    if (tile.member == 0) out[place.row] = narrow<T>(log_of(total));
  } else {
    const C factor = softmax_factor(total);
    GPU_UNROLL
    for (uint32_t i = 0; i < Tile::kCount; ++i) v[i] *= factor;
    tile.store(out + place.offset(shape.n), v);
  }
}
template <typename T, uint32_t kVectors>
GPU_KERNEL GPU_LAUNCH_BOUNDS(tuning::kRowMaxThreads, (row_blocks<T, kVectors>))
    softmax_rows(const T* x, T* out, ExpSum<Compute<T>>* partials, RowShape shape, RowStage stage, bool logsumexp) {
  begin_kernel();
  if (rows_are_wide(shape, x, logsumexp ? nullptr : out))
    softmax_rows_as<T, kVectors, true>(x, out, partials, shape, stage, logsumexp);
  else
    softmax_rows_as<T, kVectors, false>(x, out, partials, shape, stage, logsumexp);
}

// The last step of logsumexp of long rows: a block per row.
template <typename T>
GPU_KERNEL GPU_LAUNCH_BOUNDS(tuning::kRowThreads)
    logsumexp_last(const ExpSum<Compute<T>>* partials, T* out, uint32_t splits) {
  begin_kernel();
  using C = Compute<T>;
  GPU_SHARED(ExpSum<C>, pairs, kMaxWarps);
  ExpSum<C> total{-math::infinity<C>(), C(0)};
  const uint64_t row = block_x();
  for (uint32_t i = thread_x(); i < splits; i += threads_x())
    total = MergeExpSums<C>{}(total, partials[row * splits + i]);
  total = group_reduce(total, MergeExpSums<C>{}, threads_x(), pairs);
  if (thread_x() == 0) out[row] = narrow<T>(log_of(total));
}

// x is [outer, n, inner]. A block has `lanes` columns and threads_x() / lanes rows at a time. Grid: tiles of columns times
// outer.
template <typename T>
GPU_KERNEL GPU_LAUNCH_BOUNDS(tuning::kRowThreads)
    softmax_columns(const T* x, T* out, uint64_t n, uint64_t inner, uint32_t lanes, uint32_t tiles, bool logsumexp) {
  begin_kernel();
  using C = Compute<T>;
  constexpr uint32_t kLoads = 4;
  GPU_SHARED(ExpSum<C>, slots, tuning::kRowThreads);
  const uint32_t rows = threads_x() / lanes, row = thread_x() / lanes;
  const uint64_t outer = block_x() / tiles;
  const uint64_t column = (block_x() - outer * tiles) * lanes + (thread_x() & (lanes - 1));
  const bool live = column < inner;
  const uint64_t base = outer * n * inner + column;
  ExpSum<C> total{-math::infinity<C>(), C(0)};
  if (live) {
    for (uint64_t i = row; i < n; i += kLoads * rows) {
      C v[kLoads];
      GPU_UNROLL
      for (uint32_t k = 0; k < kLoads; ++k)
        v[k] = i + k * rows < n ? widen<T>(x[base + (i + k * rows) * inner]) : -math::infinity<C>();
      GPU_UNROLL
      for (uint32_t k = 0; k < kLoads; ++k) {
        const C e = math::exp(v[k] == total.max ? C(0) : -math::fabs(v[k] - total.max));
        const bool greater = v[k] > total.max;
        total.sum = greater ? total.sum * e + C(1) : total.sum + e;
        total.max = greater ? v[k] : total.max;
      }
    }
    // -inf counts above only while nothing greater has come; then it was scaled away.
    if (total.max == -math::infinity<C>() && total.sum == total.sum) total.sum = 0;
  }
  slots[thread_x()] = total;
  sync();
  for (uint32_t half = rows / 2; half > 0; half /= 2) {
    if (row < half) {
      total = MergeExpSums<C>{}(total, static_cast<ExpSum<C>>(slots[thread_x() + half * lanes]));
      slots[thread_x()] = total;
    }
    sync();
  }
  total = static_cast<ExpSum<C>>(slots[thread_x() & (lanes - 1)]);
  if (!live) return;
  if (logsumexp) {
    if (row == 0) out[outer * inner + column] = narrow<T>(log_of(total));
    return;
  }
  const C factor = softmax_factor(total);
  for (uint64_t i = row; i < n; i += kLoads * rows) {
    GPU_UNROLL
    for (uint32_t k = 0; k < kLoads; ++k) {
      if (i + k * rows >= n) continue;
      const uint64_t at = base + (i + k * rows) * inner;
      out[at] = narrow<T>(math::exp(widen<T>(x[at]) - total.max) * factor);
    }
  }
}

}  // namespace ferrule::gpu
