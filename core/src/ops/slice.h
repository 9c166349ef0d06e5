// Slices with bounds already checked, for op bodies and gradients.
#pragma once

#include "ops/support.h"

namespace ferrule::detail {

struct SliceBounds {
  Shape start;    // inside the array
  Shape strides;  // not 0
  Shape shape;    // of the slice
  friend bool operator==(const SliceBounds&, const SliceBounds&) = default;
};
// NumPy's rules for start:stop:strides.
SliceBounds normalize_slice(const char* op, const array& a, Shape start, Shape stop, Shape strides);
array make_slice(const array& a, const SliceBounds& bounds, const Stream& s);
// update has src's dtype and the slice's shape.
array make_slice_update(const array& src, const array& update, const SliceBounds& bounds, const Stream& s);
// a[.., start:stop, ..] on one axis.
array slice_axis(const array& a, int axis, int64_t start, int64_t stop, const Stream& s);

}  // namespace ferrule::detail
