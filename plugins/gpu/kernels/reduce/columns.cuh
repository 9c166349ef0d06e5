// Reduction along an outer axis: neighbouring threads own neighbouring columns of contiguous memory and walk down the rows.
#pragma once

#include "kernels/reduce/policy.h"
#include "kernels/reduce/shape.h"
#include "kernels/tuning.h"

namespace ferrule::gpu {

// Combines value `v` of threads whose numbers differ by multiples of `step` below step * count; thread `row` of 0 .. count
// gets ever larger shares, row 0 all. `slots` holds an element per thread. Every thread of the block takes part.
template <typename Policy, typename Acc>
GPU_DEVICE Acc reduce_across(const Policy& policy, Acc v, uint32_t row, uint32_t step, uint32_t count,
                             shared<Acc> slots) {
  for (uint32_t half = count / 2; half > 0; half /= 2) {
    if (row >= half && row < 2 * half) slots[thread_x()] = v;
    sync();
    if (row < half) v = policy.combine(v, static_cast<Acc>(slots[thread_x() + half * step]));
    sync();
  }
  return v;
}

// A block has threads_x() / group column lanes and `group` rows of them; a lane has kLanes columns. Grid: outer outputs
// times column tiles in x, splits in y.
template <typename Policy>
GPU_KERNEL GPU_LAUNCH_BOUNDS(tuning::kReduceThreads)
    reduce_columns(Policy policy, const typename Policy::Element* x, typename Policy::Out* out,
                   typename Policy::Acc* partials, ReduceShape shape) {
  begin_kernel();
  using T = typename Policy::Element;
  using Acc = typename Policy::Acc;
  constexpr uint32_t kLanes = kWide<T>, kLoads = loads_of<T>;
  using V = Vec<T, kLanes>;
  GPU_SHARED(Acc, slots, tuning::kReduceThreads);
  const uint32_t rows = shape.group, lanes = threads_x() / rows;
  const uint32_t lane_column = thread_x() & (lanes - 1), row = thread_x() / lanes;
  const uint64_t outer = block_x() / shape.tiles, tile = block_x() - outer * shape.tiles;
  const uint64_t tile_base = tile * lanes * kLanes;

  int64_t offset[2];
  shape.kept.offsets(outer * shape.columns, offset);
  const T* base = x + offset[0];
  const bool wide = shape.wide && reinterpret_cast<uintptr_t>(base) % sizeof(V) == 0;
  const uint64_t column = tile_base + (wide ? lane_column * kLanes : lane_column);
  const uint64_t stride = wide ? 1 : lanes;  // between the columns of this thread
  Acc acc[kLanes];
  GPU_UNROLL
  for (uint32_t j = 0; j < kLanes; ++j) acc[j] = policy.start();
  uint64_t r = block_y() * shape.terms_per_split;
  const uint64_t end = r + shape.terms_per_split < shape.terms ? r + shape.terms_per_split : shape.terms;
  r += row;
  if (wide) {
    if (column < shape.columns) {
      for (; r < end; r += kLoads * rows) {
        uint64_t at[kLoads];
        int64_t start[kLoads];
        GPU_UNROLL
        for (uint32_t k = 0; k < kLoads; ++k) at[k] = r + k * rows;
        shape.reduced.offsets_of(at, start);
        V v[kLoads];
        GPU_UNROLL
        for (uint32_t k = 0; k < kLoads; ++k) {
          if (r + k * rows < end) v[k] = load_wide<V>(base + start[k] + column);
        }
        GPU_UNROLL
        for (uint32_t k = 0; k < kLoads; ++k) {
          if (r + k * rows >= end) continue;
          GPU_UNROLL
          for (uint32_t j = 0; j < kLanes; ++j) policy.take(acc[j], v[k][j], static_cast<uint32_t>(r + k * rows));
        }
      }
    }
  } else {
    for (; r < end; r += rows) {
      int64_t start[1];
      shape.reduced.offsets(r, start);
      const T* p = base + start[0] + column;
      T v[kLanes];
      GPU_UNROLL
      for (uint32_t j = 0; j < kLanes; ++j) {
        if (column + j * stride < shape.columns) v[j] = p[j * stride];
      }
      GPU_UNROLL
      for (uint32_t j = 0; j < kLanes; ++j) {
        if (column + j * stride < shape.columns) policy.take(acc[j], v[j], static_cast<uint32_t>(r));
      }
    }
  }
  if (rows > 1) {
    GPU_UNROLL
    for (uint32_t j = 0; j < kLanes; ++j) acc[j] = reduce_across(policy, acc[j], row, lanes, rows, slots);
  }
  if (row != 0) return;
  const int64_t out_stride = shape.kept.stride[0][1];
  GPU_UNROLL
  for (uint32_t j = 0; j < kLanes; ++j) {
    const uint64_t c = column + j * stride;
    if (c >= shape.columns) continue;
    if (partials)
      partials[block_y() * shape.outputs + outer * shape.columns + c] = acc[j];
    else
      out[offset[1] + static_cast<int64_t>(c) * out_stride] = policy.finish(acc[j]);
  }
}

}  // namespace ferrule::gpu
