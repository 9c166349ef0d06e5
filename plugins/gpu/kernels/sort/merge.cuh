// Merge sort in shared memory and beyond: threads sort a few entries in registers, then neighbours merge along the merge
// path (Odeh et al., "Merge Path - Parallel Merging Made Simple", IPDPSW 2012). Entries of a line are all different where
// they carry indices, which makes the order stable.
#pragma once

#include "host/launch.h"
#include "kernels/sort/order.h"
#include "kernels/tuning.h"

namespace ferrule::gpu::sort {

inline constexpr uint32_t kThreads = tuning::kSortThreads;

// 64-bit keys with indices; all others are plain integers.
struct Pair64 {
  uint64_t key;
  uint32_t index;
};

template <typename E>
struct Entry {  // keys
  static GPU_DEVICE E make(uint64_t key, uint64_t) { return static_cast<E>(key); }
  static GPU_DEVICE E last() { return static_cast<E>(~uint64_t{0}); }
  static GPU_DEVICE bool less(E a, E b) { return a < b; }
  static GPU_DEVICE uint64_t key(E e) { return e; }
  static GPU_DEVICE uint32_t index(E) { return 0; }
};
// 32-bit keys with indices, the key in the upper half.
struct Pair32 {
  uint64_t both;
};
template <>
struct Entry<Pair32> {
  static GPU_DEVICE Pair32 make(uint64_t key, uint64_t i) { return {key << 32 | i}; }
  static GPU_DEVICE Pair32 last() { return {~uint64_t{0}}; }
  static GPU_DEVICE bool less(Pair32 a, Pair32 b) { return a.both < b.both; }
  static GPU_DEVICE uint64_t key(Pair32 e) { return e.both >> 32; }
  static GPU_DEVICE uint32_t index(Pair32 e) { return static_cast<uint32_t>(e.both); }
};
template <>
struct Entry<Pair64> {
  static GPU_DEVICE Pair64 make(uint64_t key, uint64_t i) { return {key, static_cast<uint32_t>(i)}; }
  static GPU_DEVICE Pair64 last() { return {~uint64_t{0}, ~0u}; }
  static GPU_DEVICE bool less(Pair64 a, Pair64 b) { return a.key < b.key || (a.key == b.key && a.index < b.index); }
  static GPU_DEVICE uint64_t key(Pair64 e) { return e.key; }
  static GPU_DEVICE uint32_t index(Pair64 e) { return e.index; }
};

template <typename E>
GPU_DEVICE void exchange(E& a, E& b) {
  const bool swap = Entry<E>::less(b, a);
  const E low = swap ? b : a, high = swap ? a : b;
  a = low;
  b = high;
}

// Odd-even transposition.
template <typename E, uint32_t N>
GPU_DEVICE void sort_registers(E (&e)[N]) {
  GPU_UNROLL
  for (uint32_t round = 0; round < N; ++round) {
    GPU_UNROLL
    for (uint32_t i = 0; i + 1 < N; ++i)
      if (i % 2 == round % 2) exchange(e[i], e[i + 1]);
  }
}

// How many of the first `diagonal` entries of the merged sequence come from a; A and B are accessors.
template <typename E, typename A, typename B>
GPU_DEVICE uint64_t merge_path(const A& a, uint64_t a_count, const B& b, uint64_t b_count, uint64_t diagonal) {
  uint64_t low = diagonal > b_count ? diagonal - b_count : 0;
  uint64_t high = diagonal < a_count ? diagonal : a_count;
  while (low < high) {
    const uint64_t middle = (low + high) / 2;
    if (Entry<E>::less(b(diagonal - 1 - middle), a(middle)))
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

// The next N entries of the merge of two sorted runs of a shared array, [a, a_end) and [b, b_end).
template <typename E, uint32_t N>
GPU_DEVICE void merge_next(shared<E> from, uint32_t a, uint32_t a_end, uint32_t b, uint32_t b_end, E (&out)[N]) {
  E next_a = a < a_end ? static_cast<E>(from[a]) : Entry<E>::last();
  E next_b = b < b_end ? static_cast<E>(from[b]) : Entry<E>::last();
  GPU_UNROLL
  for (uint32_t i = 0; i < N; ++i) {
    const bool take_b = b < b_end && (a >= a_end || Entry<E>::less(next_b, next_a));
    out[i] = take_b ? next_b : next_a;
    if (take_b) {
      ++b;
      next_b = b < b_end ? static_cast<E>(from[b]) : Entry<E>::last();
    } else {
      ++a;
      next_a = a < a_end ? static_cast<E>(from[a]) : Entry<E>::last();
    }
  }
}

template <uint32_t kGroup>
GPU_DEVICE void sync_group() {
  if constexpr (kGroup == warp_width)
    sync_warp();
  else
    sync();
}

// Groups of kGroup threads (a warp or the block) sort kGroup * N entries of a line each. buffer == nullptr: the group has
// the whole line and writes it to out; else tiles of lines are left in buffer.
template <typename E, uint32_t kGroup, uint32_t N>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads) sort_tiles(Order order, uint64_t tiles, uint64_t tiles_per_line, E* buffer) {
  begin_kernel();
  constexpr uint32_t kTile = kGroup * N;
  GPU_SHARED(E, entries, kThreads * N);
  const uint32_t group = thread_x() / kGroup, member = thread_x() % kGroup;
  const uint64_t task = static_cast<uint64_t>(block_x()) * (kThreads / kGroup) + group;
  if (task >= tiles) return;
  const shared<E> mine = entries.from(group * kTile);
  const uint64_t line = tiles_per_line == 1 ? task : task / tiles_per_line;
  const uint64_t begin = (task - line * tiles_per_line) * kTile;
  int64_t first[2];
  order.lines.offsets(line, first);
  E e[N];
  GPU_UNROLL
  for (uint32_t k = 0; k < N; ++k) {
    const uint64_t i = begin + k * kGroup + member;
    e[k] = Entry<E>::last();
    if (i < order.length)
      e[k] = Entry<E>::make(order.code.load(order.x, first[0] + static_cast<int64_t>(i) * order.stride[0]), i);
  }
  sort_registers(e);
  for (uint32_t width = N; width < kTile; width *= 2) {
    GPU_UNROLL
    for (uint32_t k = 0; k < N; ++k) mine[member * N + k] = e[k];
    sync_group<kGroup>();
    const uint32_t a = member * N / (2 * width) * (2 * width), b = a + width, diagonal = member * N - a;
    const auto from_a =
        merge_path<E>([&](uint64_t i) { return static_cast<E>(mine[a + static_cast<uint32_t>(i)]); }, width,
                      [&](uint64_t i) { return static_cast<E>(mine[b + static_cast<uint32_t>(i)]); }, width, diagonal);
    const auto at = static_cast<uint32_t>(from_a);
    merge_next(mine, a + at, b, b + diagonal - at, b + width, e);
    sync_group<kGroup>();
  }
  GPU_UNROLL
  for (uint32_t k = 0; k < N; ++k) mine[member * N + k] = e[k];
  sync_group<kGroup>();
  GPU_UNROLL
  for (uint32_t k = 0; k < N; ++k) {
    const uint64_t i = begin + k * kGroup + member;
    if (i >= order.length) continue;
    const E entry = mine[k * kGroup + member];
    if (buffer != nullptr)
      buffer[line * order.length + i] = entry;
    else
      order.store(first[1] + static_cast<int64_t>(i) * order.stride[1], Entry<E>::key(entry), Entry<E>::index(entry));
  }
}

// Merges neighbouring runs of `width` entries of each line; a block writes kThreads * N entries. to == nullptr: into out.
template <typename E, uint32_t N>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads)
    merge_runs(Order order, const E* from, E* to, uint64_t width, uint64_t tiles_per_line) {
  begin_kernel();
  constexpr uint32_t kTile = kThreads * N;
  GPU_SHARED(E, entries, kTile);
  GPU_SHARED(uint64_t, cut, 2);
  const uint64_t line = block_x() / tiles_per_line;
  const uint64_t begin = (block_x() - line * tiles_per_line) * kTile;
  const E* run = from + line * order.length;
  const uint64_t a = begin / (2 * width) * (2 * width);
  const uint64_t a_count = order.length - a < width ? order.length - a : width;
  const uint64_t b = a + a_count;
  const uint64_t b_count = order.length - b < width ? order.length - b : width;
  const uint64_t diagonal = begin - a;
  const uint64_t end = diagonal + kTile < a_count + b_count ? diagonal + kTile : a_count + b_count;
  if (thread_x() < 2)
    cut[thread_x()] = merge_path<E>([&](uint64_t i) { return run[a + i]; }, a_count,
                                    [&](uint64_t i) { return run[b + i]; }, b_count, thread_x() == 0 ? diagonal : end);
  sync();
  const uint64_t a_first = cut[0];
  const auto a_here = static_cast<uint32_t>(cut[1] - a_first), count = static_cast<uint32_t>(end - diagonal);
  const uint64_t b_first = diagonal - a_first;
  for (uint32_t i = thread_x(); i < count; i += kThreads)
    entries[i] = i < a_here ? run[a + a_first + i] : run[b + b_first + (i - a_here)];
  sync();
  const uint32_t mine = thread_x() * N < count ? thread_x() * N : count;
  const auto at = static_cast<uint32_t>(merge_path<E>(
      [&](uint64_t i) { return static_cast<E>(entries[static_cast<uint32_t>(i)]); }, a_here,
      [&](uint64_t i) { return static_cast<E>(entries[a_here + static_cast<uint32_t>(i)]); }, count - a_here, mine));
  E e[N];
  merge_next(entries, at, a_here, a_here + mine - at, count, e);
  sync();
  GPU_UNROLL
  for (uint32_t k = 0; k < N; ++k)
    if (mine + k < count) entries[mine + k] = e[k];
  sync();
  int64_t first[2];
  if (to == nullptr) order.lines.offsets(line, first);
  for (uint32_t i = thread_x(); i < count; i += kThreads) {
    const E entry = entries[i];
    if (to != nullptr)
      to[line * order.length + begin + i] = entry;
    else
      order.store(first[1] + static_cast<int64_t>(begin + i) * order.stride[1], Entry<E>::key(entry),
                  Entry<E>::index(entry));
  }
}

inline constexpr uint32_t kTileEntries = 8;  // of a thread, in the widest tile
inline constexpr uint32_t kWidestTile = kThreads * kTileEntries;
static_assert(kWidestTile == tuning::kSortTile);

template <typename E, uint32_t kGroup, uint32_t N>
void launch_tiles(const Order& order, uint64_t per_line, E* buffer, CommandList& commands) {
  const uint64_t tiles = order.n_lines * per_line;
  commands.launch<&sort_tiles<E, kGroup, N>>(grid_for(tiles * kGroup, kThreads), order, tiles, per_line, buffer);
}

template <typename E>
void launch_tile_of(const Order& order, CommandList& commands) {
  E* none = nullptr;
  if (order.length <= warp_width) return launch_tiles<E, warp_width, 1>(order, 1, none, commands);
  if (order.length <= warp_width * 4) return launch_tiles<E, warp_width, 4>(order, 1, none, commands);
  if (order.length <= kThreads * 2) return launch_tiles<E, kThreads, 2>(order, 1, none, commands);
  launch_tiles<E, kThreads, kTileEntries>(order, 1, none, commands);
}

template <typename E>
void launch_merge_of(const Order& order, void* scratch, CommandList& commands) {
  const uint64_t total = order.n_lines * order.length;
  Scratch memory(scratch);
  E* buffers[2] = {memory.take<E>(total), memory.take<E>(total)};
  const uint64_t per_line = ceil_div(order.length, kWidestTile);
  launch_tiles<E, kThreads, kTileEntries>(order, per_line, buffers[0], commands);
  const vendor::LaunchShape shape = grid_for(order.n_lines * per_line * kThreads, kThreads);
  uint32_t at = 0;
  for (uint64_t width = kWidestTile; width < order.length; width *= 2, at ^= 1) {
    E* to = 2 * width >= order.length ? nullptr : buffers[at ^ 1];
    commands.launch<&merge_runs<E, kTileEntries>>(shape, order, static_cast<const E*>(buffers[at]), to, width,
                                                  per_line);
  }
}

}  // namespace ferrule::gpu::sort
