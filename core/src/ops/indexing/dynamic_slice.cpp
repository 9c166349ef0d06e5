// Slices that begin at computed places, as gathers and scatters of one slice.
#include <fmt/format.h>

#include "ops/indexing/indexing.h"

namespace ferrule {

using namespace detail;

namespace {

// One scalar index array per axis.
std::vector<array> start_indices(const char* op, const array& start, const std::vector<int>& axes, const Stream& s) {
  require_integers(op, start);
  if (start.ndim() > 1 || start.size() != axes.size()) {
    fail(op, "starts and axes differ in number", fmt::format("start {} for {} axes", describe(start), axes.size()),
         "a vector with one entry per axis");
  }
  array flat = reshape(start, {static_cast<int64_t>(axes.size())}, s);
  std::vector<array> out;
  for (size_t i = 0; i < axes.size(); ++i) out.push_back(take(flat, static_cast<int>(i), 0, s));
  return out;
}

}  // namespace

array slice(const array& a, const array& start, std::vector<int> axes, Shape slice_size, StreamOrDevice where) {
  Stream s = to_stream(where);
  return gather(a, start_indices("slice", start, axes, s), axes, slice_size, s);
}

array slice_update(const array& src, const array& update, const array& start, std::vector<int> axes,
                   StreamOrDevice where) {
  Stream s = to_stream(where);
  std::vector<array> indices = start_indices("slice_update", start, axes, s);
  if (update.ndim() > src.ndim()) {
    fail("slice_update", "the update does not fit", describe(update) + " for " + describe(src),
         "at most the array's rank");
  }
  Shape shape = update.shape();
  while (shape.size() < src.shape().size()) shape.insert(shape.begin(), 1);
  uint32_t moving = axis_mask("slice_update", axes, src.ndim());
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 1 && !(moving >> i & 1u)) shape[i] = src.shape()[i];
    if (shape[i] > src.shape()[i]) {
      fail("slice_update", "the update does not fit", describe(update) + " for " + describe(src),
           "extents within the array's");
    }
  }
  array value = expand(cast(update, src.dtype(), s), shape, s);
  // As the slice does, clamp so that the whole update lies inside.
  for (size_t k = 0; k < indices.size(); ++k) {
    int axis = checked_axis("slice_update", axes[k], src.ndim());
    indices[k] = clamp_index(indices[k], src.shape(axis), shape[static_cast<size_t>(axis)], s);
  }
  return scatter(src, indices, value, axes, s);
}

}  // namespace ferrule
