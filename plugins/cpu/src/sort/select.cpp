// From the most significant digit down: keys are counted by digit, then those below and above the digit of the wanted
// rank move to their side for good, and the rest is searched by its next digit until it is short.
#include "sort/select.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "parallel.h"

namespace ferrule::cpu {
namespace {

constexpr int64_t kShort = 1 << 13;  // below, std::nth_element
constexpr int64_t kTile = 1 << 16;   // least elements per tile
constexpr int64_t kMaxTiles = 64;
constexpr size_t kDigitBits = 11;
constexpr size_t kDigits = size_t{1} << kDigitBits;
constexpr size_t kWays = 4;      // counters per digit: neighbours often share one, and would wait for each other
constexpr size_t kBlock = 1024;  // elements told apart at a time

using Histogram = std::array<uint32_t, kDigits>;

template <typename K>
struct KeyedIndex {
  K key;
  uint32_t index;
};

template <typename K, bool kIndices>
class Selection {
 public:
  Selection(SortSpace<K>& space, int64_t n, int64_t kth) : space_(space), n_(n), kth_(kth) {}

  void run() {
    int64_t n = n_;
    size_t bits = 8 * sizeof(K);  // not yet looked at
    int64_t first = 0;
    while (n >= kShort && bits > 0) {
      const size_t width = std::min(kDigitBits, bits);
      bits -= width;
      narrow(first, n, bits, (uint32_t{1} << width) - 1);
    }
    if (n < kShort) finish(first, n);  // else all are equal, and in the order of their indices
  }

 private:
  K* keys() { return space_.keys; }
  uint32_t* indices() { return space_.indices; }

  // Leaves in [first, first + n) the keys that share the wanted digit.
  void narrow(int64_t& first, int64_t& n, size_t shift, uint32_t mask) {
    const auto digit_of = [=](K key) { return static_cast<uint32_t>(key >> shift) & mask; };
    const int64_t tile = std::max(kTile, (n + kMaxTiles - 1) / kMaxTiles), tiles = (n + tile - 1) / tile;
    std::vector<Histogram> counts(static_cast<size_t>(tiles));
    const K* from = keys() + first;
    parallel_for(tiles, 1, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t)
        count(from, t * tile, std::min(n, (t + 1) * tile), digit_of, counts[static_cast<size_t>(t)]);
    });
    uint32_t wanted = 0;
    int64_t below = 0, equal = 0;  // the wanted digit
    for (;; ++wanted, below += equal) {
      equal = 0;
      for (const Histogram& c : counts) equal += c[wanted];
      if (first + below + equal > kth_) break;
    }
    if (equal == n) return;

    // Where each tile puts its keys below, at and above the wanted digit.
    std::vector<std::array<int64_t, 3>> places(static_cast<size_t>(tiles));
    std::array<int64_t, 3> next = {0, below, below + equal};
    for (size_t t = 0; t < places.size(); ++t) {
      places[t] = next;
      const auto size = std::min(tile, n - static_cast<int64_t>(t) * tile);
      const Histogram& c = counts[t];
      int64_t before = 0;
      for (uint32_t d = 0; d < wanted; ++d) before += c[d];
      next[0] += before, next[1] += c[wanted], next[2] += size - before - c[wanted];
    }
    parallel_for(tiles, 1, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) {
        move(first, t * tile, std::min(n, (t + 1) * tile), places[static_cast<size_t>(t)], digit_of, wanted);
      }
    });
    if (n == n_) {
      std::swap(space_.keys, space_.spare_keys);
      if (kIndices) std::swap(space_.indices, space_.spare_indices);
    } else {
      std::copy_n(space_.spare_keys, n, keys() + first);
      if (kIndices) std::copy_n(space_.spare_indices, n, indices() + first);
    }
    first += below, n = equal;
  }

  template <class F>
  static void count(const K* from, int64_t begin, int64_t end, const F& digit_of, Histogram& out) {
    std::array<Histogram, kWays> ways{};
    int64_t i = begin;
    for (; i + static_cast<int64_t>(kWays) <= end; i += kWays) {
      for (size_t w = 0; w < kWays; ++w) ++ways[w][digit_of(from[i + static_cast<int64_t>(w)])];
    }
    for (; i < end; ++i) ++ways[0][digit_of(from[i])];
    for (size_t d = 0; d < kDigits; ++d) out[d] = ways[0][d] + ways[1][d] + ways[2][d] + ways[3][d];
  }

  // Without branches: every key is written to all three sides, of which one then counts it.
  template <class F>
  void move(int64_t first, int64_t begin, int64_t end, std::array<int64_t, 3> places, const F& digit_of,
            uint32_t wanted) {
    K side[3][kBlock];
    uint32_t side_indices[3][kIndices ? kBlock : 1];
    for (int64_t at = begin; at < end; at += kBlock) {
      const auto count = static_cast<size_t>(std::min<int64_t>(kBlock, end - at));
      const K* from = keys() + first + at;
      size_t below = 0, equal = 0, above = 0;
      for (size_t i = 0; i < count; ++i) {
        const K key = from[i];
        const uint32_t digit = digit_of(key);
        side[0][below] = side[1][equal] = side[2][above] = key;
        if constexpr (kIndices) {
          const uint32_t index = indices()[first + at + static_cast<int64_t>(i)];
          side_indices[0][below] = side_indices[1][equal] = side_indices[2][above] = index;
        }
        below += (digit < wanted) ? 1 : 0;
        equal += (digit == wanted) ? 1 : 0;
        above += (digit > wanted) ? 1 : 0;
      }
      const size_t counts[3] = {below, equal, above};
      for (size_t s = 0; s < 3; ++s) {
        std::memcpy(space_.spare_keys + places[s], side[s], counts[s] * sizeof(K));
        if constexpr (kIndices) {
          std::memcpy(space_.spare_indices + places[s], side_indices[s], counts[s] * sizeof(uint32_t));
        }
        places[s] += static_cast<int64_t>(counts[s]);
      }
    }
  }

  // Whatever is left between the sides.
  void finish(int64_t first, int64_t n) {
    K* key = keys() + first;
    if constexpr (!kIndices) {
      std::nth_element(key, keys() + kth_, key + n);
    } else {
      uint32_t* index = indices() + first;
      std::vector<KeyedIndex<K>> pairs(static_cast<size_t>(n));
      for (size_t i = 0; i < pairs.size(); ++i) pairs[i] = {key[i], index[i]};
      std::nth_element(pairs.begin(), pairs.begin() + (kth_ - first), pairs.end(), [](const auto& a, const auto& b) {
        return a.key < b.key || (a.key == b.key && a.index < b.index);
      });
      for (size_t i = 0; i < pairs.size(); ++i) key[i] = pairs[i].key, index[i] = pairs[i].index;
    }
  }

  SortSpace<K>& space_;
  const int64_t n_, kth_;
};

}  // namespace

template <typename K>
void select_keys(SortSpace<K>& space, int64_t n, int64_t kth) {
  Selection<K, false>(space, n, kth).run();
}

template <typename K>
void select_keys_with_indices(SortSpace<K>& space, int64_t n, int64_t kth) {
  uint32_t* indices = space.indices;
  parallel_for(n, kTile, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) indices[i] = static_cast<uint32_t>(i);
  });
  Selection<K, true>(space, n, kth).run();
}

#define FERRULE_SELECT_INSTANCE(K)                               \
  template void select_keys<K>(SortSpace<K>&, int64_t, int64_t); \
  template void select_keys_with_indices<K>(SortSpace<K>&, int64_t, int64_t);
FERRULE_SELECT_INSTANCE(uint8_t)
FERRULE_SELECT_INSTANCE(uint16_t)
FERRULE_SELECT_INSTANCE(uint32_t)
FERRULE_SELECT_INSTANCE(uint64_t)
#undef FERRULE_SELECT_INSTANCE

}  // namespace ferrule::cpu
