#include "ops/indexing/indexing.h"

#include <fmt/format.h>

namespace ferrule::detail {

void require_integers(const char* op, const array& indices) {
  if (is_inexact(indices.dtype()) || indices.dtype() == bool_) {
    fail(op, "indices are not integers", describe(indices), "an integer dtype");
  }
}

std::vector<array> checked_indices(const char* op, const array& a, const std::vector<array>& indices,
                                   const std::vector<int>& axes, const Stream& s) {
  if (indices.size() != axes.size()) {
    fail(op, "indices and axes differ in number",
         fmt::format("{} index arrays and {} axes", indices.size(), axes.size()), "one axis per index array");
  }
  axis_mask(op, axes, a.ndim());
  std::vector<array> out;
  if (indices.empty()) return out;
  Dtype dtype = indices[0].dtype();
  Shape shape;
  for (const array& index : indices) {
    require_integers(op, index);
    dtype = promote(dtype, index.dtype());
    shape = broadcast_shapes(shape, index.shape());
  }
  // uint64 with a signed dtype has no common integer dtype.
  if (is_inexact(dtype)) dtype = int64;
  for (const array& index : indices) out.push_back(expand(cast(index, dtype, s), shape, s));
  return out;
}

array clamp_index(const array& index, int64_t extent, int64_t size, const Stream& s) {
  array i = cast(index, int64, s);
  array wrapped = where(less(i, array(int64_t{0}, int64), s), add(i, array(extent, int64), s), i, s);
  return minimum(maximum(wrapped, array(int64_t{0}, int64), s), array(extent - size, int64), s);
}

std::vector<array> element_indices(const array& x, const array& indices, int axis, const Stream& s) {
  std::vector<array> all;
  for (int i = 0; i < x.ndim(); ++i) {
    if (i == axis) {
      all.push_back(cast(indices, int64, s));
      continue;
    }
    Shape along(indices.shape().size(), 1);
    along[static_cast<size_t>(i)] = indices.shape(i);
    array range = arange(0.0, static_cast<double>(indices.shape(i)), 1.0, int64, s);
    all.push_back(expand(reshape(range, along, s), indices.shape(), s));
  }
  return all;
}

AlongAxis::AlongAxis(const char* op, const array& a, const array& index, int axis, const Stream& s)
    : x(a), indices(index) {
  require_integers(op, index);
  if (a.ndim() != index.ndim()) {
    fail(op, "ranks differ", describe(index) + " for " + describe(a),
         fmt::format("indices of {} dimensions", a.ndim()));
  }
  Shape shape = a.shape(), index_shape = index.shape();
  for (int i = 0; i < a.ndim(); ++i) {
    if (i == axis) continue;
    auto k = static_cast<size_t>(i);
    int64_t p = shape[k], q = index_shape[k];
    if (p != q && p != 1 && q != 1) {
      fail(op, "shapes do not broadcast off the axis",
           fmt::format("{} for {}, axis {}", describe(index), describe(a), axis), "equal extents, or 1");
    }
    shape[k] = index_shape[k] = p == 1 ? q : p;
  }
  x = expand(a, shape, s);
  indices = expand(index, index_shape, s);
}

}  // namespace ferrule::detail
