// A fused elementwise expression: Body is generated (host/fusion_source.cpp) and has kInputs, kOutputs, In<V>, Out<V>,
// load, evaluate and store.
#pragma once

#include "kernels/fusion/operands.h"

namespace ferrule::gpu::fused {

// V elements per vector, U vectors per thread; element number i of the layout is a vector when V > 1.
template <typename Body, uint32_t V, uint32_t U>
GPU_DEVICE void map(const Operands<Body::kInputs, Body::kOutputs>& args,
                    const Layout32<Body::kInputs + Body::kOutputs>& layout, uint32_t count, uint32_t last) {
  const uint32_t first = block_x() * (kThreads * U) + thread_x();
  typename Body::template In<V> in[U];
  int64_t offsets[U][Body::kInputs + Body::kOutputs];
  GPU_UNROLL
  for (uint32_t u = 0; u < U; ++u) {
    const uint32_t i = first + u * kThreads;
    if (i >= count) continue;
    layout.offsets(i, offsets[u]);
    Body::template load<V>(args, offsets[u], i + 1 == count ? last : V, in[u]);
  }
  GPU_UNROLL
  for (uint32_t u = 0; u < U; ++u) {
    const uint32_t i = first + u * kThreads;
    if (i >= count) continue;
    typename Body::template Out<V> out;
    GPU_UNROLL
    for (uint32_t e = 0; e < V; ++e) Body::template evaluate<V>(in[u], e, out);
    Body::template store<V>(args, offsets[u] + Body::kInputs, i + 1 == count ? last : V, out);
  }
}

}  // namespace ferrule::gpu::fused
