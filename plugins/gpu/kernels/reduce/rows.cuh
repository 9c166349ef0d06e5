// Reduction of contiguous runs: a group of threads per output reads each run by wide accesses, whatever its alignment.
#pragma once

#include "kernels/reduce/group.h"
#include "kernels/reduce/policy.h"
#include "kernels/reduce/shape.h"
#include "kernels/tuning.h"

namespace ferrule::gpu {

// Adds x[0 .. n), whose first element has number `first`, to the accumulators, one per element of a wide access. The
// group's threads share the elements out.
template <uint32_t kLanes, typename Policy>
GPU_DEVICE void fold_run(const Policy& policy, typename Policy::Acc (&acc)[kLanes], const typename Policy::Element* x,
                         uint32_t n, uint32_t first, uint32_t member, uint32_t group, bool scalar) {
  using T = typename Policy::Element;
  using V = Vec<T, kLanes>;
  constexpr uint32_t kLoads = loads_of<T>;
  uint32_t head = static_cast<uint32_t>(0 - reinterpret_cast<uintptr_t>(x) / sizeof(T)) % kLanes;
  if (scalar || head > n) head = n;
  for (uint32_t i = member; i < head; i += group) policy.take(acc[0], x[i], first + i);
  if (head == n) return;
  const T* body = x + head;
  const uint32_t wide = (n - head) / kLanes;
  for (uint32_t i = member; i < wide; i += kLoads * group) {
    V v[kLoads];
    GPU_UNROLL
    for (uint32_t k = 0; k < kLoads; ++k) {
      if (i + k * group < wide) v[k] = load_wide<V>(body + static_cast<uint64_t>(i + k * group) * kLanes);
    }
    GPU_UNROLL
    for (uint32_t k = 0; k < kLoads; ++k) {
      if (i + k * group >= wide) continue;
      GPU_UNROLL
      for (uint32_t j = 0; j < kLanes; ++j) policy.take(acc[j], v[k][j], first + head + (i + k * group) * kLanes + j);
    }
  }
  for (uint32_t t = head + wide * kLanes + member; t < n; t += group) policy.take(acc[0], x[t], first + t);
}

// Grid: outputs in x, splits in y. Writes the outputs, or with `partials` the accumulators of each split.
template <typename Policy>
GPU_KERNEL GPU_LAUNCH_BOUNDS(tuning::kReduceMaxThreads)
    reduce_rows(Policy policy, const typename Policy::Element* x, typename Policy::Out* out,
                typename Policy::Acc* partials, ReduceShape shape) {
  begin_kernel();
  using Acc = typename Policy::Acc;
  constexpr uint32_t kLanes = kWide<typename Policy::Element>;
  GPU_SHARED(Acc, warps, kMaxWarps);
  const uint32_t group = shape.group, member = thread_x() & (group - 1), per_block = threads_x() / group;
  for (uint64_t base = static_cast<uint64_t>(block_x()) * per_block; base < shape.outputs;
       base += static_cast<uint64_t>(blocks_x()) * per_block) {
    const uint64_t output = base + thread_x() / group;
    const bool live = output < shape.outputs;
    Acc acc[kLanes];
    GPU_UNROLL
    for (uint32_t j = 0; j < kLanes; ++j) acc[j] = policy.start();
    int64_t offset[2] = {0, 0};
    if (live) {
      shape.kept.offsets(output, offset);
      const uint64_t pieces = shape.terms * shape.pieces_per_run;
      uint64_t p = block_y() * shape.pieces_per_split;
      const uint64_t end = p + shape.pieces_per_split < pieces ? p + shape.pieces_per_split : pieces;
      for (; p < end; ++p) {
        uint64_t run = p, within = 0;
        if (shape.pieces_per_run > 1) {
          run = shape.terms == 1 ? 0 : p / shape.pieces_per_run;
          within = (p - run * shape.pieces_per_run) * shape.piece;
        }
        int64_t at[1];
        shape.reduced.offsets(run, at);
        const uint64_t left = shape.run - within;
        fold_run<kLanes>(policy, acc, x + offset[0] + at[0] + within,
                         left < shape.piece ? static_cast<uint32_t>(left) : shape.piece, static_cast<uint32_t>(within),
                         member, group, shape.scalar != 0);
      }
    }
    GPU_UNROLL
    for (uint32_t j = 1; j < kLanes; ++j) acc[0] = policy.combine(acc[0], acc[j]);
    const auto combine = [&](Acc a, Acc b) { return policy.combine(a, b); };
    const Acc total = group_reduce(acc[0], combine, group, warps);
    if (live && member == 0) {
      if (partials)
        partials[block_y() * shape.outputs + output] = total;
      else
        out[offset[1]] = policy.finish(total);
    }
    if (group > warp_width) sync();
  }
}

}  // namespace ferrule::gpu
