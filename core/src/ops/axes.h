// Ops along one axis applied to several: the axes are moved to the end and merged, and the result put back.
#pragma once

#include "ops/support.h"

namespace ferrule::detail {

// a with the axes of mask at the end, merged into one.
struct MergedAxes {
  MergedAxes(const array& a, uint32_t mask, const Stream& s);
  // A result of the merged array's shape, back in a's shape.
  array restore(const array& result, const Stream& s) const;

  array merged;
  std::vector<int> order;  // the permutation applied to a
  Shape permuted;          // a's shape under it
};

// The shape with the axes of mask at extent 1, and without them.
Shape kept_shape(const Shape& shape, uint32_t mask);
Shape dropped_shape(const Shape& shape, uint32_t mask);

}  // namespace ferrule::detail
