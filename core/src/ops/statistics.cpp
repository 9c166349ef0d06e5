// Reductions made of others: mean, var, std, median, count_nonzero, minmax.
#include <cmath>
#include <limits>

#include "ops/axes.h"
#include "ops/slice.h"

namespace ferrule {

using namespace detail;

namespace {

double element_count(const array& a, uint32_t axes) {
  double count = 1;
  for (int i : mask_axes(axes)) count *= static_cast<double>(a.shape(i));
  return count;
}

array mean_of(const array& a, uint32_t axes, bool keepdims, const StreamOrDevice& where) {
  Stream s = to_stream(where);
  Dtype dtype = at_least_float(a.dtype());
  array total = sum(cast(a, dtype, s), mask_axes(axes), keepdims, s);
  return multiply(total, scalar(1.0 / element_count(a, axes), dtype), s);
}

array variance(const array& a, uint32_t axes, bool keepdims, int ddof, const StreamOrDevice& where) {
  Stream s = to_stream(where);
  array x = cast(a, at_least_float(a.dtype()), s);
  array centred = subtract(x, mean_of(x, axes, true, s), s);
  if (is_complex(x.dtype())) centred = abs(centred, s);
  array total = sum(square(centred, s), mask_axes(axes), keepdims, s);
  // As MLX: infinite when no degree of freedom is left.
  double freedom = std::max(element_count(a, axes) - ddof, 0.0);
  return multiply(total, scalar(1.0 / freedom, total.dtype()), s);
}

array deviation(const array& a, uint32_t axes, bool keepdims, int ddof, const StreamOrDevice& where) {
  return sqrt(variance(a, axes, keepdims, ddof, where), where);
}

array median_of(const array& a, uint32_t axes, bool keepdims, const StreamOrDevice& where) {
  Stream s = to_stream(where);
  array x = cast(a, at_least_float(a.dtype()), s);
  array middle = x;
  if (axes != 0) {
    array rows = MergedAxes(x, axes, s).merged;
    int64_t n = rows.shape(-1);
    if (n == 0) fail("median", "no elements", describe(a), "at least one element along the axes");
    array sorted = sort(rows, -1, s);
    int last = rows.ndim() - 1;
    array upper = slice_axis(sorted, last, n / 2, n / 2 + 1, s);
    middle = upper;
    if (n % 2 == 0) {
      array lower = slice_axis(sorted, last, n / 2 - 1, n / 2, s);
      middle = multiply(add(lower, upper, s), scalar(0.5, x.dtype()), s);
    }
  }
  return reshape(middle, keepdims ? kept_shape(a.shape(), axes) : dropped_shape(a.shape(), axes), s);
}

array nonzero_count(const array& a, uint32_t axes, bool keepdims, const StreamOrDevice& where) {
  Stream s = to_stream(where);
  return sum(not_equal(a, scalar(0, a.dtype()), s), mask_axes(axes), keepdims, s);
}

}  // namespace

#define FERRULE_STATISTIC(name, call)                                                                              \
  array name(const array& a, bool keepdims, StreamOrDevice s) { return call(a, all_axes(a.ndim()), keepdims, s); } \
  array name(const array& a, const std::vector<int>& axes, bool keepdims, StreamOrDevice s) {                      \
    return call(a, axis_mask(#name, axes, a.ndim()), keepdims, s);                                                 \
  }                                                                                                                \
  array name(const array& a, int axis, bool keepdims, StreamOrDevice s) {                                          \
    return call(a, 1u << checked_axis(#name, axis, a.ndim()), keepdims, s);                                        \
  }
FERRULE_STATISTIC(mean, mean_of)
FERRULE_STATISTIC(median, median_of)
FERRULE_STATISTIC(count_nonzero, nonzero_count)
#undef FERRULE_STATISTIC

#define FERRULE_SPREAD(name, call)                                                                      \
  array name(const array& a, bool keepdims, int ddof, StreamOrDevice s) {                               \
    return call(a, all_axes(a.ndim()), keepdims, ddof, s);                                              \
  }                                                                                                     \
  array name(const array& a, const std::vector<int>& axes, bool keepdims, int ddof, StreamOrDevice s) { \
    return call(a, axis_mask(#name, axes, a.ndim()), keepdims, ddof, s);                                \
  }                                                                                                     \
  array name(const array& a, int axis, bool keepdims, int ddof, StreamOrDevice s) {                     \
    return call(a, 1u << checked_axis(#name, axis, a.ndim()), keepdims, ddof, s);                       \
  }
FERRULE_SPREAD(var, variance)
FERRULE_SPREAD(std, deviation)
#undef FERRULE_SPREAD

std::tuple<array, array> minmax(const array& a, bool keepdims, StreamOrDevice s) {
  return {min(a, keepdims, s), max(a, keepdims, s)};
}

std::tuple<array, array> minmax(const array& a, const std::vector<int>& axes, bool keepdims, StreamOrDevice s) {
  return {min(a, axes, keepdims, s), max(a, axes, keepdims, s)};
}

std::tuple<array, array> minmax(const array& a, int axis, bool keepdims, StreamOrDevice s) {
  return {min(a, axis, keepdims, s), max(a, axis, keepdims, s)};
}

array number_of_elements(const array& a, std::vector<int> axes, bool inverted, Dtype dtype, StreamOrDevice) {
  double count = element_count(a, axis_mask("number_of_elements", axes, a.ndim()));
  return scalar(inverted ? 1.0 / count : count, dtype);
}

}  // namespace ferrule
