// Products made of matmul and multiply: inner, outer, vecdot, tensordot, kron.
#include <fmt/format.h>

#include <numeric>

#include "ops/support.h"

namespace ferrule {

using namespace detail;

array inner(const array& a, const array& b, StreamOrDevice s) {
  if (a.ndim() == 0 || b.ndim() == 0) return multiply(a, b, s);
  if (a.shape(-1) != b.shape(-1)) {
    fail("inner", "last extents differ", describe(a) + " and " + describe(b), "equal last extents");
  }
  return tensordot(a, b, {-1}, {-1}, s);
}

array outer(const array& a, const array& b, StreamOrDevice s) {
  return multiply(reshape(a, {static_cast<int64_t>(a.size()), 1}, s), flatten(b, s), s);
}

array vecdot(const array& a, const array& b, int axis, StreamOrDevice where) {
  Stream s = to_stream(where);
  if (a.ndim() == 0 || b.ndim() == 0)
    fail("vecdot", "scalars have no axis", describe(a) + " and " + describe(b), "at least 1 dimension");
  int i = checked_axis("vecdot", axis, a.ndim()), j = checked_axis("vecdot", axis, b.ndim());
  if (a.shape(i) != b.shape(j)) {
    fail("vecdot", "extents along the axis differ", fmt::format("{} and {}, axis {}", describe(a), describe(b), axis),
         "equal extents");
  }
  array x = moveaxis(a, i, -1, s), y = moveaxis(b, j, -1, s);
  return sum(multiply(conj(x, s), y, s), -1, false, s);
}

array tensordot(const array& a, const array& b, const std::vector<int>& axes_a, const std::vector<int>& axes_b,
                StreamOrDevice where) {
  Stream s = to_stream(where);
  if (axes_a.size() != axes_b.size()) {
    fail("tensordot", "different numbers of axes", describe(axes_a) + " and " + describe(axes_b), "one per pair");
  }
  uint32_t sum_a = axis_mask("tensordot", axes_a, a.ndim()), sum_b = axis_mask("tensordot", axes_b, b.ndim());
  std::vector<int> order_a, order_b;
  Shape shape;
  int64_t rows = 1, columns = 1, depth = 1;
  for (int i = 0; i < a.ndim(); ++i) {
    if (sum_a >> i & 1u) continue;
    order_a.push_back(i);
    rows *= a.shape(i);
    shape.push_back(a.shape(i));
  }
  for (size_t k = 0; k < axes_a.size(); ++k) {
    int i = checked_axis("tensordot", axes_a[k], a.ndim()), j = checked_axis("tensordot", axes_b[k], b.ndim());
    if (a.shape(i) != b.shape(j)) {
      fail("tensordot", "paired extents differ",
           fmt::format("axis {} of {} and axis {} of {}", i, describe(a), j, describe(b)), "equal extents");
    }
    depth *= a.shape(i);
    order_a.push_back(i);
    order_b.push_back(j);
  }
  for (int j = 0; j < b.ndim(); ++j) {
    if (sum_b >> j & 1u) continue;
    order_b.push_back(j);
    columns *= b.shape(j);
    shape.push_back(b.shape(j));
  }
  array x = reshape(transpose(a, order_a, s), {rows, depth}, s);
  array y = reshape(transpose(b, order_b, s), {depth, columns}, s);
  return reshape(matmul(x, y, s), shape, s);
}

array tensordot(const array& a, const array& b, const int axis, StreamOrDevice s) {
  if (axis < 0 || axis > std::min(a.ndim(), b.ndim())) {
    fail("tensordot", "number of axes out of bounds", fmt::format("{} for {} and {}", axis, describe(a), describe(b)),
         fmt::format("from 0 to {}", std::min(a.ndim(), b.ndim())));
  }
  std::vector<int> last(static_cast<size_t>(axis)), first(static_cast<size_t>(axis));
  std::iota(last.begin(), last.end(), a.ndim() - axis);
  std::iota(first.begin(), first.end(), 0);
  return tensordot(a, b, last, first, s);
}

array kron(const array& a, const array& b, StreamOrDevice where) {
  Stream s = to_stream(where);
  size_t ndim = std::max(a.shape().size(), b.shape().size());
  if (2 * ndim > static_cast<size_t>(kMaxDims)) {
    fail("kron", "too many dimensions", describe(a) + " and " + describe(b), "at most 5 dimensions");
  }
  Shape left(2 * ndim, 1), right(2 * ndim, 1), shape(ndim, 1);
  for (size_t i = 0; i < a.shape().size(); ++i) left[2 * (ndim - a.shape().size() + i)] = a.shape()[i];
  for (size_t i = 0; i < b.shape().size(); ++i) right[2 * (ndim - b.shape().size() + i) + 1] = b.shape()[i];
  for (size_t i = 0; i < ndim; ++i) shape[i] = left[2 * i] * right[2 * i + 1];
  checked_count("kron", shape);
  return reshape(multiply(reshape(a, left, s), reshape(b, right, s), s), shape, s);
}

}  // namespace ferrule
