// Scans along one axis. An exclusive scan is the inclusive one, shifted by one; a reversed one runs on the flipped
// axis.
#include <limits>

#include "ops/slice.h"

namespace ferrule {

using namespace detail;

namespace {

array scan(uint32_t code, const array& x, int axis, bool reverse, bool inclusive, const Stream& s);

// The cotangent of the inclusive scan, given that of the exclusive one.
array shift_to_inclusive(const array& g, int axis, bool reverse, const Stream& s) {
  int64_t n = g.shape(axis);
  array zero = zeros_as(slice_axis(g, axis, 0, 1, s), s);
  return reverse ? concatenate({zero, slice_axis(g, axis, 0, n - 1, s)}, axis, s)
                 : concatenate({slice_axis(g, axis, 1, n, s), zero}, axis, s);
}

// Sum over i >= k of g_i * prod of x_j, j <= i, j != k. Before the first zero of a row this is a quotient; at the first
// zero the product is taken with a 1 in its place; after it nothing is left.
array cumprod_vjp(const array& x, const array& y, const array& g, int axis, bool reverse, const Stream& s) {
  array one = scalar(1, x.dtype());
  array is_zero = equal(x, scalar(0, x.dtype()), s);
  array seen = cumsum(cast(is_zero, int32, s), axis, reverse, true, s);
  array first_zero = logical_and(is_zero, equal(seen, array(1), s), s);
  array patched = where(first_zero, one, x, s);
  array without = scan(FRL_OP_cumprod, patched, axis, reverse, true, s);
  array at_zero = scan(FRL_OP_cumsum, multiply(g, conj(without, s), s), axis, !reverse, true, s);
  array sums = scan(FRL_OP_cumsum, multiply(g, conj(y, s), s), axis, !reverse, true, s);
  array elsewhere = divide(sums, conj(where(is_zero, one, x, s), s), s);
  return where(first_zero, at_zero, where(is_zero, scalar(0, x.dtype()), elsewhere, s), s);
}

// To where the running extreme was set last.
array cumulative_extreme_vjp(const array& x, const array& y, const array& g, int axis, bool reverse, const Stream& s) {
  Shape along(x.shape().size(), 1);
  along[static_cast<size_t>(axis)] = x.shape(axis);
  array position = reshape(arange(0.0, static_cast<double>(x.shape(axis)), 1.0, int64, s), along, s);
  array hit = equal(x, y, s);
  array none = array(reverse ? x.shape(axis) : int64_t{-1}, int64);
  array set = where(hit, position, none, s);
  array last = reverse ? cummin(set, axis, true, true, s) : cummax(set, axis, false, true, s);
  return scatter_add_axis(zeros_as(x, s), last, g, axis, s);
}

// Sum over i >= k of g_i * exp(x_k - y_i), for the positive and the negative cotangents apart so that each sum can be
// taken in logarithms and nothing overflows.
array logcumsumexp_vjp(const array& x, const array& y, const array& g, int axis, bool reverse, const Stream& s) {
  array zero = scalar(0, x.dtype()), one = scalar(1, x.dtype());
  array least = scalar(x.dtype() == float16 ? -3e4 : -1e30, x.dtype());
  auto part = [&](const array& magnitude) {
    array some = greater(magnitude, zero, s);
    array logs = where(some, log(where(some, magnitude, one, s), s), least, s);
    array sums = scan(FRL_OP_logcumsumexp, subtract(logs, y, s), axis, !reverse, true, s);
    return exp(add(sums, x, s), s);
  };
  return subtract(part(g), part(negative(g, s)), s);
}

class Scan final : public AttributedPrimitive<frl_scan_attrs> {
 public:
  using AttributedPrimitive::AttributedPrimitive;
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>&, const std::vector<array>& outputs) override {
    const Stream& s = stream();
    const array& x = primals[0];
    int axis = attrs().axis;
    bool reverse = attrs().reverse != 0, exclusive = attrs().exclusive != 0;
    if (x.size() == 0) return {zeros_as(x, s)};
    if (code() == FRL_OP_cumsum) return {scan(code(), cotangents[0], axis, !reverse, !exclusive, s)};
    array g = exclusive ? shift_to_inclusive(cotangents[0], axis, reverse, s) : cotangents[0];
    array y = exclusive ? scan(code(), x, axis, reverse, true, s) : outputs[0];
    switch (code()) {
      case FRL_OP_cumprod:
        return {cumprod_vjp(x, y, g, axis, reverse, s)};
      case FRL_OP_logcumsumexp:
        return {logcumsumexp_vjp(x, y, g, axis, reverse, s)};
      default:
        return {cumulative_extreme_vjp(x, y, g, axis, reverse, s)};
    }
  }
};

array scan(uint32_t code, const array& x, int axis, bool reverse, bool inclusive, const Stream& s) {
  frl_scan_attrs attrs{axis, reverse, !inclusive};
  return make<Scan>(x.shape(), x.dtype(), {x}, s, code, attrs);
}

array checked_scan(const char* op, uint32_t code, const array& a, int axis, bool reverse, bool inclusive, Dtype dtype,
                   const StreamOrDevice& where) {
  int at = checked_axis(op, axis, a.ndim());
  bool sums = code == FRL_OP_cumsum || code == FRL_OP_cumprod;
  if (is_complex(dtype) && !sums) fail(op, "complex values are not supported", describe(a), "a real dtype");
  Stream s = to_stream(where);
  return scan(code, cast(a, dtype, s), at, reverse, inclusive, s);
}

}  // namespace

array cumsum(const array& a, int axis, bool reverse, bool inclusive, std::optional<Dtype> dtype, StreamOrDevice s) {
  Dtype sums = dtype.value_or(a.dtype() == bool_ ? int32 : a.dtype());
  return checked_scan("cumsum", FRL_OP_cumsum, a, axis, reverse, inclusive, sums, s);
}

array cumsum(const array& a, bool reverse, bool inclusive, std::optional<Dtype> dtype, StreamOrDevice s) {
  return cumsum(flatten(a, s), 0, reverse, inclusive, dtype, s);
}

array cumprod(const array& a, int axis, bool reverse, bool inclusive, std::optional<Dtype> dtype, StreamOrDevice s) {
  return checked_scan("cumprod", FRL_OP_cumprod, a, axis, reverse, inclusive, dtype.value_or(a.dtype()), s);
}

array cumprod(const array& a, bool reverse, bool inclusive, std::optional<Dtype> dtype, StreamOrDevice s) {
  return cumprod(flatten(a, s), 0, reverse, inclusive, dtype, s);
}

#define FERRULE_SCAN(name, dtype)                                                        \
  array name(const array& a, int axis, bool reverse, bool inclusive, StreamOrDevice s) { \
    return checked_scan(#name, FRL_OP_##name, a, axis, reverse, inclusive, dtype, s);    \
  }                                                                                      \
  array name(const array& a, bool reverse, bool inclusive, StreamOrDevice s) {           \
    return name(flatten(a, s), 0, reverse, inclusive, s);                                \
  }
FERRULE_SCAN(cummax, a.dtype())
FERRULE_SCAN(cummin, a.dtype())
FERRULE_SCAN(logcumsumexp, at_least_float(a.dtype()))
#undef FERRULE_SCAN

array diff(const array& a, int n, int axis, StreamOrDevice where) {
  if (n < 0) fail("diff", "negative count", std::to_string(n), "at least 0");
  int at = checked_axis("diff", axis, a.ndim());
  Stream s = to_stream(where);
  array out = a;
  for (int i = 0; i < n && out.shape(at) > 0; ++i) {
    int64_t extent = out.shape(at);
    array tail = slice_axis(out, at, 1, extent, s), head = slice_axis(out, at, 0, extent - 1, s);
    out = subtract(tail, head, s);
  }
  return out;
}

}  // namespace ferrule
