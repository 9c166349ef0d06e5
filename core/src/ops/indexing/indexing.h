// What gathers and scatters share: checking and broadcasting indices.
#pragma once

#include <vector>

#include "ops/slice.h"

namespace ferrule::detail {

// Throws unless `indices` are integers.
void require_integers(const char* op, const array& indices);
// The indices in one integer dtype and one shape; one per axis, axes distinct.
std::vector<array> checked_indices(const char* op, const array& a, const std::vector<array>& indices,
                                   const std::vector<int>& axes, const Stream& s);
// Non-negative indices at which a slice of `size` lies inside an axis of `extent`.
array clamp_index(const array& index, int64_t extent, int64_t size, const Stream& s);
// For every element of `indices` its place in x, one index array per axis.
std::vector<array> element_indices(const array& x, const array& indices, int axis, const Stream& s);

// x and indices of one rank, broadcast to each other except on the axis.
struct AlongAxis {
  AlongAxis(const char* op, const array& x, const array& indices, int axis, const Stream& s);
  array x, indices;
};

}  // namespace ferrule::detail
