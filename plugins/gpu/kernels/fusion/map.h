// A fused elementwise expression: Body is generated (host/fusion_source.cpp) and has kInputs, kOutputs, In<V>, Out<V>,
// load, evaluate and store.
#pragma once

#include "kernels/fusion/operands.h"

namespace ferrule::gpu::fused {

// One element; offsets count elements.
template <typename Body>
GPU_DEVICE void single(const Operands<Body::kInputs, Body::kOutputs>& args, const int64_t* offsets) {
  typename Body::template In<1> in;
  typename Body::template Out<1> out;
  Body::template load<1>(args, offsets, in);
  Body::template evaluate<1>(in, 0, out);
  Body::template store<1>(args, offsets + Body::kInputs, out);
}

// A vector that was loaded.
template <typename Body, uint32_t V>
GPU_DEVICE void evaluate_and_store(const Operands<Body::kInputs, Body::kOutputs>& args, const int64_t* offsets,
                                   const typename Body::template In<V>& in) {
  typename Body::template Out<V> out;
  GPU_UNROLL
  for (uint32_t e = 0; e < V; ++e) Body::template evaluate<V>(in, e, out);
  Body::template store<V>(args, offsets + Body::kInputs, out);
}

// Every operand is dense or one element for all: thread i has vector i, which begins at element i V. The last of `count`
// vectors has `last` elements. (With several vectors per thread an H100 took 1 to 7 % longer.)
template <typename Body, uint32_t V>
GPU_DEVICE void flat(const Operands<Body::kInputs, Body::kOutputs>& args, uint32_t count, uint32_t last) {
  constexpr uint32_t kAll = Body::kInputs + Body::kOutputs;
  const uint32_t whole = last == V ? count : count - 1;
  int64_t offsets[kAll];
  const auto place = [&](uint64_t element) {
    GPU_UNROLL
    for (uint32_t k = 0; k < kAll; ++k) {
      const bool repeated = k < Body::kInputs && ((args.repeated >> k) & 1u) != 0;
      offsets[k] = repeated ? 0 : static_cast<int64_t>(element);
    }
  };
  const uint32_t i = block_x() * kThreads + thread_x();
  if (i < whole) {
    place(uint64_t{i} * V);
    typename Body::template In<V> in;
    Body::template load<V>(args, offsets, in);
    evaluate_and_store<Body, V>(args, offsets, in);
  }
  if (whole == count || block_x() + 1 != blocks_x() || thread_x() >= last) return;
  place(uint64_t{whole} * V + thread_x());
  single<Body>(args, offsets);
}

// `lanes` is V where the layout counts vectors, of which the last has `last` elements; else 1. A thread takes a vector or an
// element.
template <typename Body, uint32_t V>
GPU_DEVICE void map(const Operands<Body::kInputs, Body::kOutputs>& args,
                    const Layout32<Body::kInputs + Body::kOutputs>& layout, uint32_t count, uint32_t last,
                    uint32_t lanes) {
  constexpr uint32_t kAll = Body::kInputs + Body::kOutputs;
  const uint32_t whole = lanes == 1 ? 0 : last == V ? count : count - 1;
  int64_t offsets[kAll];
  uint32_t i = block_x() * kThreads + thread_x(), e = 0;
  if (i < whole) {
    layout.offsets(i, offsets);
    typename Body::template In<V> in;
    Body::template load<V>(args, offsets, in);
    evaluate_and_store<Body, V>(args, offsets, in);
  }
  // Single elements: all of them, or those of a last vector that is not whole.
  if (lanes != 1) {
    const bool mine = whole < count && block_x() + 1 == blocks_x() && thread_x() < last;
    i = mine ? whole : count;
    e = thread_x();
  }
  if (i >= count) return;
  layout.offsets(i, offsets);
  if (lanes != 1) {
    GPU_UNROLL
    for (uint32_t k = 0; k < kAll; ++k)
      offsets[k] += static_cast<int64_t>(e) * (layout.stride[0][k] / static_cast<int32_t>(V));
  }
  single<Body>(args, offsets);
}

}  // namespace ferrule::gpu::fused
