#include "ops/support.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace ferrule::detail {

std::string describe(const Shape& shape) { return fmt::format("({})", fmt::join(shape.begin(), shape.end(), ", ")); }

std::string describe(const array& a) { return dtype_name(a.dtype()) + " " + describe(a.shape()); }

std::string describe(const std::vector<int>& values) { return fmt::format("({})", fmt::join(values, ", ")); }

void fail(const char* op, const std::string& what, const std::string& got, const std::string& expected) {
  throw error(ErrorCode::invalid_argument, fmt::format("[{}] {}; got {}; expected {}", op, what, got, expected));
}

int checked_axis(const char* op, int axis, int ndim) {
  if (axis < -ndim || axis >= ndim) {
    fail(op, "axis out of bounds", fmt::format("axis {} for {} dimensions", axis, ndim),
         ndim == 0 ? "no axis" : fmt::format("an axis from {} to {}", -ndim, ndim - 1));
  }
  return axis < 0 ? axis + ndim : axis;
}

uint32_t axis_mask(const char* op, const std::vector<int>& axes, int ndim) {
  uint32_t mask = 0;
  for (int axis : axes) {
    uint32_t bit = 1u << checked_axis(op, axis, ndim);
    if (mask & bit) fail(op, "an axis is named twice", "axes " + describe(axes), "distinct axes");
    mask |= bit;
  }
  return mask;
}

std::vector<int> mask_axes(uint32_t mask) {
  std::vector<int> axes;
  for (int i = 0; mask >> i; ++i) {
    if (mask >> i & 1u) axes.push_back(i);
  }
  return axes;
}

int64_t checked_count(const char* op, const Shape& shape) {
  int64_t count = 1;
  bool empty = false;
  for (int64_t extent : shape) {
    if (extent < 0) fail(op, "negative dimension", "shape " + describe(shape), "extents of at least 0");
    if (extent == 0) empty = true;
  }
  if (empty) return 0;
  for (int64_t extent : shape) {
    // 16 bytes per element bound every dtype.
    if (count > std::numeric_limits<int64_t>::max() / 16 / extent) {
      fail(op, "too many elements", "shape " + describe(shape), "fewer than 2^59 elements");
    }
    count *= extent;
  }
  return count;
}

Strides contiguous_strides(const Shape& shape) {
  Strides strides(shape.size());
  int64_t step = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = step;
    step *= std::max<int64_t>(shape[i], 1);
  }
  return strides;
}

array cast(const array& a, Dtype dtype, const Stream& s) { return a.dtype() == dtype ? a : astype(a, dtype, s); }

array expand(const array& a, const Shape& shape, const Stream& s) {
  return a.shape() == shape ? a : broadcast_to(a, shape, s);
}

array unbroadcast(const array& cotangent, const Shape& shape, const Stream& s) {
  const Shape& from = cotangent.shape();
  if (from == shape) return cotangent;
  size_t lead = from.size() - std::min(from.size(), shape.size());
  uint32_t mask = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    if (i < lead || (shape[shape.size() - from.size() + i] == 1 && from[i] != 1)) mask |= 1u << i;
  }
  array total = cotangent;
  if (mask) {
    // A sum over leading axes of extent 1 only is a reshape.
    bool trivial = true;
    for (size_t i = 0; i < from.size(); ++i) trivial = trivial && (!(mask >> i & 1u) || from[i] == 1);
    if (!trivial) total = sum(cotangent, mask_axes(mask), true, s);
  }
  return reshape(total, shape, s);
}

array scalar(double value, Dtype dtype) { return array(value, dtype); }

array conj(const array& a, const Stream& s) { return is_complex(a.dtype()) ? conjugate(a, s) : a; }

array adjoint(const array& a, const Stream& s) { return conj(swapaxes(a, -1, -2, s), s); }

array zeros_as(const array& like, const Stream& s) { return expand(scalar(0, like.dtype()), like.shape(), s); }

std::vector<array> zero_gradients(const std::vector<array>& primals, const std::vector<int>& argnums, const Stream& s) {
  std::vector<array> grads;
  grads.reserve(argnums.size());
  for (int i : argnums) grads.push_back(zeros_as(primals[static_cast<size_t>(i)], s));
  return grads;
}

std::vector<int> axis_last(int axis, int ndim) {
  std::vector<int> order;
  for (int i = 0; i < ndim; ++i) {
    if (i != axis) order.push_back(i);
  }
  order.push_back(axis);
  return order;
}

}  // namespace ferrule::detail
