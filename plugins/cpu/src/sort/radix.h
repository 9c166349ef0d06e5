// Stable radix sort of unsigned keys, alone or with 32-bit indices that follow them. May use the thread pool; the
// result does not depend on the number of threads.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ferrule::cpu {

// The arrays of one fibre, in memory that the caller keeps. Sorting may swap an array with its spare.
template <typename K>
struct SortSpace {
  K *keys, *spare_keys;
  uint32_t *indices, *spare_indices;  // nullptr without indices

  SortSpace(std::byte* memory, int64_t n, bool with_indices)
      : keys(reinterpret_cast<K*>(memory)),
        spare_keys(reinterpret_cast<K*>(memory + part(n, sizeof(K)))),
        indices(with_indices ? reinterpret_cast<uint32_t*>(memory + 2 * part(n, sizeof(K))) : nullptr),
        spare_indices(with_indices ? indices + part(n, sizeof(uint32_t)) / sizeof(uint32_t) : nullptr) {}
  static size_t bytes(int64_t n, bool with_indices) { return bytes(n, sizeof(K), with_indices); }
  static size_t bytes(int64_t n, size_t key_bytes, bool with_indices) {
    return 2 * (part(n, key_bytes) + (with_indices ? part(n, sizeof(uint32_t)) : 0));
  }

 private:
  static size_t part(int64_t n, size_t item) { return (static_cast<size_t>(n) * item + 63) / 64 * 64; }
};

// Sorts space.keys[0 .. n).
template <typename K>
void sort_keys(SortSpace<K>& space, int64_t n);
// Sorts space.keys[0 .. n) and leaves in space.indices[0 .. n) where each key came from.
template <typename K>
void sort_keys_with_indices(SortSpace<K>& space, int64_t n);

}  // namespace ferrule::cpu
