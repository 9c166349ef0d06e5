// Least significant digit first, 8 bits at a time, passes in which all keys share the digit skipped. Long inputs are
// cut into fixed tiles that count and move in parallel.
#include "sort/radix.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "parallel.h"

namespace ferrule::cpu {
namespace {

constexpr int64_t kInsertion = 48;  // below: insertion sort
constexpr int64_t kTile = 1 << 16;  // least elements per tile
constexpr int64_t kMaxTiles = 64;
constexpr int kDigits = 256;

template <typename K, bool kIndices>
void insertion_sort(K* keys, uint32_t* indices, int64_t n) {
  for (int64_t i = 1; i < n; ++i) {
    const K key = keys[i];
    const uint32_t index = kIndices ? indices[i] : 0;
    int64_t j = i;
    for (; j > 0 && key < keys[j - 1]; --j) {
      keys[j] = keys[j - 1];
      if constexpr (kIndices) indices[j] = indices[j - 1];
    }
    keys[j] = key;
    if constexpr (kIndices) indices[j] = index;
  }
}

using Histogram = std::array<int64_t, kDigits>;

template <typename K, bool kIndices>
void radix_sort(SortSpace<K>& space, int64_t n) {
  const int64_t tile = std::max(kTile, (n + kMaxTiles - 1) / kMaxTiles);
  const int64_t tiles = (n + tile - 1) / tile;
  std::vector<Histogram> counts(static_cast<size_t>(tiles));
  for (size_t byte = 0; byte < sizeof(K); ++byte) {
    const auto digit_of = [shift = 8 * byte](K key) { return static_cast<size_t>((key >> shift) & 0xff); };
    const K* from = space.keys;
    K* to = space.spare_keys;
    const uint32_t* from_index = space.indices;
    uint32_t* to_index = space.spare_indices;
    parallel_for(tiles, 1, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) {
        Histogram& count = counts[static_cast<size_t>(t)];
        count.fill(0);
        for (int64_t i = t * tile; i < std::min(n, (t + 1) * tile); ++i) ++count[digit_of(from[i])];
      }
    });
    // Where each tile puts its next element of each digit.
    int64_t next = 0;
    bool moves = true;
    for (size_t digit = 0; digit < kDigits; ++digit) {
      const int64_t before = next;
      for (Histogram& count : counts) next += std::exchange(count[digit], next);
      moves = moves && next - before != n;
    }
    if (!moves) continue;
    parallel_for(tiles, 1, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) {
        Histogram at = counts[static_cast<size_t>(t)];
        for (int64_t i = t * tile; i < std::min(n, (t + 1) * tile); ++i) {
          const int64_t place = at[digit_of(from[i])]++;
          to[place] = from[i];
          if constexpr (kIndices) to_index[place] = from_index[i];
        }
      }
    });
    std::swap(space.keys, space.spare_keys);
    if constexpr (kIndices) std::swap(space.indices, space.spare_indices);
  }
}

}  // namespace

template <typename K>
void sort_keys(SortSpace<K>& space, int64_t n) {
  if (n <= kInsertion) return insertion_sort<K, false>(space.keys, nullptr, n);
  // Equal keys are the same value, so an unstable sort will do where the passes of a radix sort cost more.
  if (n < static_cast<int64_t>(sizeof(K)) * 64) return std::sort(space.keys, space.keys + n);
  radix_sort<K, false>(space, n);
}

template <typename K>
void sort_keys_with_indices(SortSpace<K>& space, int64_t n) {
  for (int64_t i = 0; i < n; ++i) space.indices[i] = static_cast<uint32_t>(i);
  if (n <= kInsertion) return insertion_sort<K, true>(space.keys, space.indices, n);
  radix_sort<K, true>(space, n);
}

#define FERRULE_SORT_INSTANCE(K)                      \
  template void sort_keys<K>(SortSpace<K>&, int64_t); \
  template void sort_keys_with_indices<K>(SortSpace<K>&, int64_t);
FERRULE_SORT_INSTANCE(uint8_t)
FERRULE_SORT_INSTANCE(uint16_t)
FERRULE_SORT_INSTANCE(uint32_t)
FERRULE_SORT_INSTANCE(uint64_t)
#undef FERRULE_SORT_INSTANCE

}  // namespace ferrule::cpu
