// Parts of a radix selection: the digits of a line's kth key are found from the highest on, each from a histogram of the
// keys that share the digits before it.
#pragma once

#include "kernels/sort/order.h"
#include "kernels/tuning.h"

namespace ferrule::gpu::sort {

inline constexpr uint32_t kSelectThreads = tuning::kSelectThreads;
inline constexpr uint32_t kDigitBits = 11, kBins = 1 << kDigitBits;
inline constexpr uint32_t kBinsEach = kBins / kSelectThreads;
inline constexpr uint32_t kSelectEach = 4;  // neighbouring elements of a thread
inline constexpr uint32_t kSelectTile = kSelectThreads * kSelectEach;

// What is known of the kth key: its bits from `known` on, its rank among the keys that share them, how many there are.
struct Found {
  uint64_t prefix;  // key >> known
  uint64_t rank;
  uint64_t count;
  uint32_t known;
  uint32_t reserved;
};

struct AddCounts {
  GPU_DEVICE uint64_t operator()(uint64_t a, uint64_t b) const { return a + b; }
};

// The next digit: bits [low, known) of keys.
GPU_DEVICE uint32_t digit_low(uint32_t known) { return known > kDigitBits ? known - kDigitBits : 0; }

GPU_DEVICE bool shares_prefix(uint64_t key, const Found& found) {
  return found.known >= 64 || key >> found.known == found.prefix;
}

// Elements [i, i + kSelectEach) of a line as far as `end`; `wide` by KeyCode::is_wide, i is a multiple of kSelectEach.
GPU_DEVICE void load_each(const Order& order, int64_t first, bool wide, uint64_t i, uint64_t end,
                          uint64_t (&bits)[kSelectEach]) {
  if (wide && i + kSelectEach <= end) return order.code.load_four(order.x, first + static_cast<int64_t>(i), bits);
  GPU_UNROLL
  for (uint32_t k = 0; k < kSelectEach; ++k) {
    bits[k] = 0;
    if (i + k < end) bits[k] = order.code.load_bits(order.x, first + static_cast<int64_t>(i + k) * order.stride[0]);
  }
}

// Adds the digits of elements [begin, end) of a line to the block's bins; begin is a multiple of the tile.
GPU_DEVICE void count_digits(const Order& order, int64_t first, uint64_t begin, uint64_t end, const Found& found,
                             shared<uint32_t> bins) {
  const uint32_t low = digit_low(found.known);
  const uint32_t mask = (1u << (found.known - low)) - 1;
  const bool wide = order.code.is_wide(order.x, first, order.stride[0]);
  for (uint64_t i = begin + thread_x() * kSelectEach; i < end; i += 2 * kSelectTile) {
    uint64_t bits[2][kSelectEach];
    load_each(order, first, wide, i, end, bits[0]);
    load_each(order, first, wide, i + kSelectTile, end, bits[1]);
    GPU_UNROLL
    for (uint32_t k = 0; k < 2 * kSelectEach; ++k) {
      const uint64_t key = order.code.encode(bits[k / kSelectEach][k % kSelectEach]);
      if (i + k / kSelectEach * kSelectTile + k % kSelectEach < end && shares_prefix(key, found))
        atomic_add(&bins[static_cast<uint32_t>(key >> low) & mask], 1u);
    }
  }
}

// The bin in which the rank lies; every thread of the block calls it with its kBinsEach counts and gets the answer.
GPU_DEVICE Found pick_bin(const Found& found, const uint64_t (&count)[kBinsEach], shared<uint64_t> partials,
                          shared<Found> answer) {
  uint64_t mine = 0;
  GPU_UNROLL
  for (uint32_t k = 0; k < kBinsEach; ++k) mine += count[k];
  uint64_t before = block_scan<kSelectThreads>(mine, AddCounts{}, uint64_t{0}, partials) - mine;
  const uint32_t low = digit_low(found.known);
  GPU_UNROLL
  for (uint32_t k = 0; k < kBinsEach; ++k) {
    if (found.rank >= before && found.rank < before + count[k]) {
      const uint64_t above = found.known >= 64 ? 0 : found.prefix << (found.known - low);
      answer[0] = {above | (thread_x() * kBinsEach + k), found.rank - before, count[k], low, 0};
    }
    before += count[k];
  }
  sync();
  return answer[0];
}

// Places of a three-way partition: smaller ones first, then all equal to the kth, then greater ones.
struct Places {
  uint64_t less, equal, greater;
};

// How many elements of [begin, end) are less than the key, and equal, in the halves of the result; counts stay below 2^32.
GPU_DEVICE uint64_t count_sides(const Order& order, int64_t first, uint64_t begin, uint64_t end, uint64_t kth_key,
                                shared<uint64_t> partials) {
  uint64_t count = 0;
  const bool wide = order.code.is_wide(order.x, first, order.stride[0]);
  for (uint64_t i = begin + thread_x() * kSelectEach; i < end; i += kSelectTile) {
    uint64_t bits[kSelectEach];
    load_each(order, first, wide, i, end, bits);
    GPU_UNROLL
    for (uint32_t k = 0; k < kSelectEach; ++k) {
      const uint64_t key = order.code.encode(bits[k]);
      if (i + k < end) count += key < kth_key ? 1 : key == kth_key ? uint64_t{1} << 32 : 0;
    }
  }
  return block_reduce<kSelectThreads>(count, AddCounts{}, uint64_t{0}, partials);
}

// Writes elements [begin, end) at the places, which move on; the order within each side is kept.
GPU_DEVICE void write_sides(const Order& order, const int64_t (&first)[2], uint64_t begin, uint64_t end,
                            uint64_t kth_key, Places places, shared<uint64_t> partials) {
  const bool wide = order.code.is_wide(order.x, first[0], order.stride[0]);
  for (uint64_t tile = begin; tile < end; tile += kSelectTile) {
    const uint64_t i = tile + thread_x() * kSelectEach;
    uint64_t bits[kSelectEach], count = 0;
    uint32_t side[kSelectEach];
    load_each(order, first[0], wide, i, end, bits);
    GPU_UNROLL
    for (uint32_t k = 0; k < kSelectEach; ++k) {
      side[k] = 3;
      if (i + k >= end) continue;
      const uint64_t key = order.code.encode(bits[k]);
      side[k] = key < kth_key ? 0 : key == kth_key ? 1 : 2;
      count += side[k] < 2 ? uint64_t{1} << (32 * side[k]) : 0;
    }
    uint64_t total;
    const uint64_t before = block_scan<kSelectThreads>(count, AddCounts{}, uint64_t{0}, partials, &total) - count;
    uint64_t less = before & 0xffffffffu, equal = before >> 32;
    uint64_t greater = thread_x() * kSelectEach - less - equal;
    GPU_UNROLL
    for (uint32_t k = 0; k < kSelectEach; ++k) {
      if (side[k] > 2) continue;
      const uint64_t place = side[k] == 0   ? places.less + less++
                             : side[k] == 1 ? places.equal + equal++
                                            : places.greater + greater++;
      const int64_t at = first[1] + static_cast<int64_t>(place) * order.stride[1];
      if (order.indices)
        static_cast<uint32_t*>(order.out)[at] = static_cast<uint32_t>(i + k);
      else
        order.code.store_bits(order.out, at, bits[k]);
    }
    const uint64_t size = end - tile < kSelectTile ? end - tile : kSelectTile;
    const uint64_t all_less = total & 0xffffffffu, all_equal = total >> 32;
    places.less += all_less;
    places.equal += all_equal;
    places.greater += size - all_less - all_equal;
    sync();
  }
}

}  // namespace ferrule::gpu::sort
