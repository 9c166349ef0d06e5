// Stable radix sort of unsigned keys, alone or with 32-bit indices that follow them. May use the thread pool; the
// result does not depend on the number of threads.
#pragma once

#include <cstdint>
#include <vector>

namespace ferrule::cpu {

// Room that is kept between the sorts of one task.
template <typename K>
struct SortSpace {
  std::vector<K> keys, spare_keys;
  std::vector<uint32_t> indices, spare_indices;
};

// Sorts space.keys[0 .. n). The other vectors are resized as needed.
template <typename K>
void sort_keys(SortSpace<K>& space, int64_t n);
// Sorts space.keys[0 .. n) and leaves in space.indices[0 .. n) where each key came from.
template <typename K>
void sort_keys_with_indices(SortSpace<K>& space, int64_t n);

}  // namespace ferrule::cpu
