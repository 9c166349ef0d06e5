// partition and argpartition of long lines: radix selection of the kth key, then a three-way partition. Many lines: a
// block each, in one launch. Few lines: many blocks for each, which add to histograms in scratch.
#include <algorithm>

#include "host/launch.h"
#include "kernels/sort/select.cuh"

namespace ferrule::gpu::sort {
namespace {

GPU_DEVICE Found start(const Order& order, uint64_t kth) {
  return {0, kth, order.length, order.code.kind == KeyCode::kBool ? 1 : 8 * order.code.item, 0};
}

GPU_KERNEL GPU_LAUNCH_BOUNDS(kSelectThreads) select_line(Order order, uint64_t kth) {
  begin_kernel();
  GPU_SHARED(uint32_t, bins, kBins);
  GPU_SHARED(uint64_t, partials, kMaxWarps);
  GPU_SHARED(Found, answer, 1);
  int64_t first[2];
  order.lines.offsets(block_x(), first);
  Found found = start(order, kth);
  while (found.known > 0) {
    for (uint32_t i = thread_x(); i < kBins; i += kSelectThreads) bins[i] = 0;
    sync();
    count_digits(order, first[0], 0, order.length, found, bins);
    sync();
    uint64_t count[kBinsEach];
    GPU_UNROLL
    for (uint32_t k = 0; k < kBinsEach; ++k) count[k] = bins[thread_x() * kBinsEach + k];
    found = pick_bin(found, count, partials, answer);
    sync();
  }
  const uint64_t less = kth - found.rank;
  write_sides(order, first, 0, order.length, found.prefix, {0, less, less + found.count}, partials);
}

// Scratch of a line of many blocks.
struct Spread {
  Found* found;      // per line
  uint64_t* bins;    // kBins per line
  uint64_t* counts;  // per line and chunk: less and equal, later the places before the chunk
  uint64_t* equal;
  uint64_t chunk;
  uint32_t chunks;
};

GPU_KERNEL GPU_LAUNCH_BOUNDS(kSelectThreads) spread_start(Order order, uint64_t kth, Spread s) {
  begin_kernel();
  const uint64_t line = block_x();
  for (uint32_t i = thread_x(); i < kBins; i += kSelectThreads) s.bins[line * kBins + i] = 0;
  if (thread_x() == 0) s.found[line] = start(order, kth);
}

GPU_KERNEL GPU_LAUNCH_BOUNDS(kSelectThreads) spread_count(Order order, Spread s) {
  begin_kernel();
  GPU_SHARED(uint32_t, bins, kBins);
  const uint64_t line = block_x() / s.chunks, begin = (block_x() - line * s.chunks) * s.chunk;
  const uint64_t end = begin + s.chunk < order.length ? begin + s.chunk : order.length;
  int64_t first[2];
  order.lines.offsets(line, first);
  for (uint32_t i = thread_x(); i < kBins; i += kSelectThreads) bins[i] = 0;
  sync();
  count_digits(order, first[0], begin, end, s.found[line], bins);
  sync();
  for (uint32_t i = thread_x(); i < kBins; i += kSelectThreads)
    if (bins[i] != 0) atomic_add(&s.bins[line * kBins + i], static_cast<uint64_t>(bins[i]));
}

GPU_KERNEL GPU_LAUNCH_BOUNDS(kSelectThreads) spread_pick(Spread s) {
  begin_kernel();
  GPU_SHARED(uint64_t, partials, kMaxWarps);
  GPU_SHARED(Found, answer, 1);
  uint64_t* bins = s.bins + static_cast<uint64_t>(block_x()) * kBins;
  uint64_t count[kBinsEach];
  GPU_UNROLL
  for (uint32_t k = 0; k < kBinsEach; ++k) {
    count[k] = bins[thread_x() * kBinsEach + k];
    bins[thread_x() * kBinsEach + k] = 0;
  }
  const Found before = s.found[block_x()];
  const Found found = pick_bin(before, count, partials, answer);
  if (thread_x() == 0) s.found[block_x()] = found;
}

GPU_KERNEL GPU_LAUNCH_BOUNDS(kSelectThreads) spread_sides(Order order, Spread s) {
  begin_kernel();
  GPU_SHARED(uint64_t, partials, kMaxWarps);
  const uint64_t line = block_x() / s.chunks, begin = (block_x() - line * s.chunks) * s.chunk;
  const uint64_t end = begin + s.chunk < order.length ? begin + s.chunk : order.length;
  int64_t first[2];
  order.lines.offsets(line, first);
  const uint64_t count = count_sides(order, first[0], begin, end, s.found[line].prefix, partials);
  if (thread_x() != 0) return;
  s.counts[block_x()] = count & 0xffffffffu;
  s.equal[block_x()] = count >> 32;
}

GPU_KERNEL GPU_LAUNCH_BOUNDS(kSelectThreads) spread_places(Spread s) {
  begin_kernel();
  GPU_SHARED(uint64_t, partials, kMaxWarps);
  for (uint32_t which = 0; which < 2; ++which) {
    uint64_t* counts = (which == 0 ? s.counts : s.equal) + static_cast<uint64_t>(block_x()) * s.chunks;
    uint64_t before = 0;
    for (uint32_t tile = 0; tile < s.chunks; tile += kSelectThreads) {
      const uint32_t i = tile + thread_x();
      const uint64_t count = i < s.chunks ? counts[i] : 0;
      uint64_t total;
      const uint64_t sum = block_scan<kSelectThreads>(count, AddCounts{}, uint64_t{0}, partials, &total);
      if (i < s.chunks) counts[i] = before + sum - count;
      before += total;
      sync();
    }
  }
}

GPU_KERNEL GPU_LAUNCH_BOUNDS(kSelectThreads) spread_write(Order order, uint64_t kth, Spread s) {
  begin_kernel();
  GPU_SHARED(uint64_t, partials, kMaxWarps);
  const uint64_t line = block_x() / s.chunks, begin = (block_x() - line * s.chunks) * s.chunk;
  const uint64_t end = begin + s.chunk < order.length ? begin + s.chunk : order.length;
  int64_t first[2];
  order.lines.offsets(line, first);
  const Found found = s.found[line];
  const uint64_t all_less = kth - found.rank, less = s.counts[block_x()], equal = s.equal[block_x()];
  write_sides(order, first, begin, end, found.prefix,
              {less, all_less + equal, all_less + found.count + (begin - less - equal)}, partials);
}

Spread arrays(const Order& order, Scratch& scratch) {
  Spread s{};
  const uint64_t wanted = std::max<uint64_t>(1, tuning::kSelectBlocks / order.n_lines);
  s.chunk = ceil_div(ceil_div(order.length, wanted), kSelectTile) * kSelectTile;
  s.chunks = static_cast<uint32_t>(ceil_div(order.length, s.chunk));
  s.found = scratch.take<Found>(order.n_lines);
  s.bins = scratch.take<uint64_t>(order.n_lines * kBins);
  s.counts = scratch.take<uint64_t>(order.n_lines * s.chunks);
  s.equal = scratch.take<uint64_t>(order.n_lines * s.chunks);
  return s;
}

vendor::LaunchShape blocks(uint64_t count) { return grid_for(count * kSelectThreads, kSelectThreads); }

}  // namespace

uint64_t spread_bytes(const Order& order) {
  Scratch counted;
  arrays(order, counted);
  return counted.bytes();
}

void launch_select(const Order& order, uint64_t kth, CommandList& commands) {
  commands.launch<&select_line>(blocks(order.n_lines), order, kth);
}

void launch_spread(const Order& order, uint64_t kth, void* scratch, CommandList& commands) {
  Scratch memory(scratch);
  const Spread s = arrays(order, memory);
  const vendor::LaunchShape lines = blocks(order.n_lines), chunks = blocks(order.n_lines * s.chunks);
  commands.launch<&spread_start>(lines, order, kth, s);
  for (uint32_t known = order.code.bits(); known > 0; known = known > kDigitBits ? known - kDigitBits : 0) {
    commands.launch<&spread_count>(chunks, order, s);
    commands.launch<&spread_pick>(lines, s);
  }
  commands.launch<&spread_sides>(chunks, order, s);
  commands.launch<&spread_places>(lines, s);
  commands.launch<&spread_write>(chunks, order, kth, s);
}

}  // namespace ferrule::gpu::sort
