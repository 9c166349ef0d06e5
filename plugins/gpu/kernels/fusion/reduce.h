// A fused expression that ends in a reduction and an epilogue. Body is generated (host/fusion_source.cpp) and has
// kInputs, kOutputs, In<V>, load, Total (what is accumulated), identity, value (of one element), combine, Extra and
// load_extra (the epilogue's inputs, asked for before the reduction so that they are there after it) and finish (the epilogue
// and the stores of one result).
#pragma once

#include "kernels/fusion/operands.h"

namespace ferrule::gpu::fused {

struct Reduction {
  uint32_t results;      // numbered by the kept layout (vectors of results for columns)
  uint32_t length;       // elements (or vectors) per result, numbered by the reduced layout
  uint32_t splits;       // blocks that share a result's length; 1: the result is finished at once
  uint32_t first_split;  // where this launch's partial totals begin
  uint32_t all_splits;   // partial totals per result
  uint32_t lanes;        // V where a layout counts vectors, else 1
  uint32_t width;        // threads per result (rows) or vectors of results per block (columns); a power of two
  void* partials;        // Total[result][all_splits], unless everything is finished at once
};

template <typename Body>
inline constexpr uint32_t kAll = Body::kInputs + Body::kOutputs;

// Adds the elements (or vectors) first, first + step, ... of one line to totals[V], U at a time.
template <typename Body, uint32_t V, uint32_t U>
GPU_DEVICE void accumulate(const Operands<Body::kInputs, Body::kOutputs>& args, const Layout32<kAll<Body>>& layout,
                           const int64_t* start, uint32_t first, uint32_t end, uint32_t step,
                           typename Body::Total* totals) {
  for (uint64_t base = first; base < end; base += uint64_t{U} * step) {
    typename Body::template In<V> in[U];
    GPU_UNROLL
    for (uint32_t u = 0; u < U; ++u) {
      const uint64_t i = base + uint64_t{u} * step;
      if (i >= end) continue;
      int64_t offsets[kAll<Body>];
      layout.offsets(static_cast<uint32_t>(i), offsets);
      GPU_UNROLL
      for (uint32_t k = 0; k < Body::kInputs; ++k) offsets[k] += start[k];
      Body::template load<V>(args, offsets, in[u]);
    }
    GPU_UNROLL
    for (uint32_t u = 0; u < U; ++u) {
      if (base + uint64_t{u} * step >= end) continue;
      GPU_UNROLL
      for (uint32_t e = 0; e < V; ++e) totals[e] = Body::combine(totals[e], Body::template value<V>(in[u], e));
    }
  }
}

// The share of a split in a length.
GPU_DEVICE void share(const Reduction& r, uint32_t split, uint32_t& begin, uint32_t& end) {
  const uint32_t each = (r.length + r.splits - 1) / r.splits;
  begin = split * each < r.length ? split * each : r.length;
  end = r.length - begin < each ? r.length : begin + each;
}

template <typename Body>
GPU_DEVICE void leave(const Operands<Body::kInputs, Body::kOutputs>& args, const Reduction& r, uint32_t result,
                      uint32_t split, const int64_t* offsets, typename Body::Total total,
                      const typename Body::Extra& extra) {
  if (r.all_splits == 1) {
    Body::finish(args, offsets, total, extra);
  } else {
    static_cast<typename Body::Total*>(r.partials)[uint64_t{result} * r.all_splits + r.first_split + split] = total;
  }
}

// Neighbouring threads share a result: a warp (width <= warp_width), or the whole block.
template <typename Body, uint32_t V, uint32_t U>
GPU_DEVICE void rows(const Operands<Body::kInputs, Body::kOutputs>& args, const Layout32<kAll<Body>>& kept,
                     const Layout32<kAll<Body>>& reduced, const Reduction& r) {
  using Total = typename Body::Total;
  GPU_SHARED(Total, partials, kMaxWarps);
  const bool by_warp = r.width != kThreads;
  const uint32_t line = by_warp ? block_x() * (kThreads / warp_width) + thread_x() / warp_width : block_x();
  const uint32_t result = line / r.splits, split = line - result * r.splits;
  if (by_warp && result >= r.results) return;
  int64_t offsets[kAll<Body>];
  kept.offsets(result, offsets);
  const bool leads = by_warp ? lane() == 0 : thread_x() == 0;
  typename Body::Extra extra;
  if (leads && r.all_splits == 1) Body::load_extra(args, offsets, extra);
  uint32_t begin, end;
  share(r, split, begin, end);
  Total totals[V];
  GPU_UNROLL
  for (uint32_t e = 0; e < V; ++e) totals[e] = Body::identity();
  const uint32_t first = begin + (by_warp ? lane() : thread_x()), step = by_warp ? warp_width : kThreads;
  if (r.lanes == V) {
    accumulate<Body, V, U>(args, reduced, offsets, first, end, step, totals);
  } else {
    accumulate<Body, 1, U>(args, reduced, offsets, first, end, step, totals);
  }
  GPU_UNROLL
  for (uint32_t e = 1; e < V; ++e) totals[0] = Body::combine(totals[0], totals[e]);
  const auto combine = [](Total a, Total b) { return Body::combine(a, b); };
  if (by_warp) {
    const Total total = warp_reduce(totals[0], combine);
    if (leads) leave<Body>(args, r, result, split, offsets, total, extra);
  } else {
    const Total total = block_reduce<kThreads>(totals[0], combine, Body::identity(), partials);
    if (leads) leave<Body>(args, r, result, split, offsets, total, extra);
  }
}

// Neighbouring threads have neighbouring results (V each, width threads wide); the others share their lengths.
template <typename Body, uint32_t V, uint32_t U>
GPU_DEVICE void columns(const Operands<Body::kInputs, Body::kOutputs>& args, const Layout32<kAll<Body>>& kept,
                        const Layout32<kAll<Body>>& reduced, const Reduction& r) {
  using Total = typename Body::Total;
  constexpr uint32_t kWarps = kThreads / warp_width;
  GPU_SHARED(Total, partials, kWarps * warp_width * V);
  const uint32_t groups = (r.results + r.width - 1) / r.width;
  const uint32_t split = block_x() / groups, group = block_x() - split * groups;
  const uint32_t across = thread_x() & (r.width - 1), down = thread_x() / r.width;
  const uint32_t vector = group * r.width + across;
  // Result number c of the block; false for those past the end.
  const auto locate = [&](uint32_t c, int64_t(&offsets)[kAll<Body>]) {
    const uint32_t place = c / r.lanes, mine = group * r.width + place;
    if (c >= r.width * r.lanes || mine >= r.results) return false;
    kept.offsets(mine, offsets);
    if (r.lanes != 1) {
      GPU_UNROLL
      for (uint32_t k = 0; k < kAll<Body>; ++k) {
        offsets[k] += static_cast<int64_t>(c - place * r.lanes) * (kept.stride[0][k] / static_cast<int32_t>(V));
      }
    }
    return true;
  };
  int64_t home[kAll<Body>];
  typename Body::Extra extra;
  const bool leads = locate(thread_x(), home);
  if (leads && r.all_splits == 1) Body::load_extra(args, home, extra);
  Total totals[V];
  GPU_UNROLL
  for (uint32_t e = 0; e < V; ++e) totals[e] = Body::identity();
  if (vector < r.results) {
    int64_t offsets[kAll<Body>];
    kept.offsets(vector, offsets);
    uint32_t begin, end;
    share(r, split, begin, end);
    if (r.lanes == V) {
      accumulate<Body, V, U>(args, reduced, offsets, begin + down, end, kThreads / r.width, totals);
    } else {
      accumulate<Body, 1, U>(args, reduced, offsets, begin + down, end, kThreads / r.width, totals);
    }
  }
  for (uint32_t mask = warp_width / 2; mask >= r.width; mask /= 2) {
    GPU_UNROLL
    for (uint32_t e = 0; e < V; ++e) totals[e] = Body::combine(totals[e], shuffle_xor(totals[e], mask));
  }
  if (lane() < r.width) {
    GPU_UNROLL
    for (uint32_t e = 0; e < V; ++e) partials[(thread_x() / warp_width * warp_width + lane()) * V + e] = totals[e];
  }
  sync();
  for (uint32_t c = thread_x(); c < r.width * r.lanes; c += kThreads) {
    if (c == thread_x() ? !leads : !locate(c, home)) continue;
    if (c != thread_x() && r.all_splits == 1) Body::load_extra(args, home, extra);
    const uint32_t place = c / r.lanes, e = c - place * r.lanes;
    Total total = partials[place * V + e];
    GPU_UNROLL
    for (uint32_t w = 1; w < kWarps; ++w) total = Body::combine(total, partials[(w * warp_width + place) * V + e]);
    leave<Body>(args, r, (group * r.width + place) * r.lanes + e, split, home, total, extra);
  }
}

// Combines the partial totals of every result: one warp each. The kept layout counts single results.
template <typename Body>
GPU_DEVICE void finish(const Operands<Body::kInputs, Body::kOutputs>& args, const Layout32<kAll<Body>>& kept,
                       const Reduction& r) {
  using Total = typename Body::Total;
  const uint32_t result = block_x() * (kThreads / warp_width) + thread_x() / warp_width;
  if (result >= r.results) return;
  int64_t offsets[kAll<Body>];
  kept.offsets(result, offsets);
  typename Body::Extra extra;
  if (lane() == 0) Body::load_extra(args, offsets, extra);
  const Total* from = static_cast<const Total*>(r.partials) + uint64_t{result} * r.all_splits;
  Total total = Body::identity();
  for (uint32_t i = lane(); i < r.all_splits; i += warp_width) total = Body::combine(total, from[i]);
  total = warp_reduce(total, [](Total a, Total b) { return Body::combine(a, b); });
  if (lane() == 0) Body::finish(args, offsets, total, extra);
}

}  // namespace ferrule::gpu::fused
