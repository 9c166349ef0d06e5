// Selection in linear time: the key of one rank to its place, smaller ones before it, greater ones behind. May use the
// thread pool; the result does not depend on the number of threads.
#pragma once

#include <cstdint>

#include "sort/radix.h"

namespace ferrule::cpu {

// Of space.keys[0 .. n).
template <typename K>
void select_keys(SortSpace<K>& space, int64_t n, int64_t kth);
// The same, and leaves in space.indices[0 .. n) where each key came from. Equal keys are ranked by that.
template <typename K>
void select_keys_with_indices(SortSpace<K>& space, int64_t n, int64_t kth);

}  // namespace ferrule::cpu
