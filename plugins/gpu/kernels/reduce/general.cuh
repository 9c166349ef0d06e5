// Reduction over any strides, and the last step of one that was split.
#pragma once

#include "kernels/reduce/columns.cuh"

namespace ferrule::gpu {

// Threads of a block as a table of outputs by terms.
struct TableLane {
  uint64_t output;
  uint32_t term, terms, step;  // step: between the threads of neighbouring terms
};
GPU_DEVICE TableLane table_lane(uint32_t terms, bool terms_inside) {
  const uint32_t outputs = threads_x() / terms;
  const uint32_t term = terms_inside ? thread_x() & (terms - 1) : thread_x() / outputs;
  const uint32_t output = terms_inside ? thread_x() / terms : thread_x() & (outputs - 1);
  return {static_cast<uint64_t>(block_x()) * outputs + output, term, terms, terms_inside ? 1 : outputs};
}

// Grid: outputs in x, splits in y.
template <typename Policy>
GPU_KERNEL GPU_LAUNCH_BOUNDS(tuning::kReduceThreads)
    reduce_general(Policy policy, const typename Policy::Element* x, typename Policy::Out* out,
                   typename Policy::Acc* partials, ReduceShape shape) {
  begin_kernel();
  using T = typename Policy::Element;
  using Acc = typename Policy::Acc;
  constexpr uint32_t kLoads = tuning::kReduceLoads;
  GPU_SHARED(Acc, slots, tuning::kReduceThreads);
  const TableLane lane = table_lane(shape.group, shape.terms_inside != 0);
  const bool live = lane.output < shape.outputs;
  Acc acc[kLoads];
  GPU_UNROLL
  for (uint32_t k = 0; k < kLoads; ++k) acc[k] = policy.start();
  int64_t offset[2] = {0, 0};
  if (live) {
    shape.kept.offsets(lane.output, offset);
    const uint64_t begin = block_y() * shape.terms_per_split;
    const uint64_t end = begin + shape.terms_per_split < shape.terms ? begin + shape.terms_per_split : shape.terms;
    for (uint64_t t = begin + lane.term; t < end; t += kLoads * lane.terms) {
      uint64_t term[kLoads];
      int64_t at[kLoads];
      GPU_UNROLL
      for (uint32_t k = 0; k < kLoads; ++k) term[k] = t + k * lane.terms;
      shape.reduced.offsets_of(term, at);
      T v[kLoads];
      GPU_UNROLL
      for (uint32_t k = 0; k < kLoads; ++k) {
        if (t + k * lane.terms < end) v[k] = x[offset[0] + at[k]];
      }
      GPU_UNROLL
      for (uint32_t k = 0; k < kLoads; ++k) {
        if (t + k * lane.terms < end) policy.take(acc[k], v[k], static_cast<uint32_t>(t + k * lane.terms));
      }
    }
  }
  GPU_UNROLL
  for (uint32_t k = 1; k < kLoads; ++k) acc[0] = policy.combine(acc[0], acc[k]);
  const Acc total = reduce_across(policy, acc[0], lane.term, lane.step, lane.terms, slots);
  if (!live || lane.term != 0) return;
  if (partials)
    partials[block_y() * shape.outputs + lane.output] = total;
  else
    out[offset[1]] = policy.finish(total);
}

// Combines the splits' accumulators: partials[split][output].
template <typename Policy>
GPU_KERNEL GPU_LAUNCH_BOUNDS(tuning::kReduceThreads)
    reduce_partials(Policy policy, const typename Policy::Acc* partials, typename Policy::Out* out, uint32_t splits,
                    uint32_t group, uint64_t outputs, Nest<2> kept) {
  begin_kernel();
  using Acc = typename Policy::Acc;
  GPU_SHARED(Acc, slots, tuning::kReduceThreads);
  const TableLane lane = table_lane(group, false);
  const bool live = lane.output < outputs;
  Acc acc[2] = {policy.start(), policy.start()};
  if (live) {
    for (uint32_t s = lane.term; s < splits; s += 2 * group) {
      acc[0] = policy.combine(acc[0], partials[s * outputs + lane.output]);
      if (s + group < splits) acc[1] = policy.combine(acc[1], partials[(s + group) * outputs + lane.output]);
    }
  }
  const Acc total = reduce_across(policy, policy.combine(acc[0], acc[1]), lane.term, lane.step, lane.terms, slots);
  if (!live || lane.term != 0) return;
  int64_t offset[2];
  kept.offsets(lane.output, offset);
  out[offset[1]] = policy.finish(total);
}

}  // namespace ferrule::gpu
