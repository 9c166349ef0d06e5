// Tests of values made of comparisons: finiteness, closeness, clip, nan_to_num.
#include <limits>

#include "ops/support.h"

namespace ferrule {

using namespace detail;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

array everywhere(const array& a, bool value, const Stream& s) { return full(a.shape(), array(value), bool_, s); }

// Of the parts of a complex array, or of a real one.
array either_part(const array& a, array (*test)(const array&, StreamOrDevice), const Stream& s) {
  return logical_or(test(real(a, s), s), test(imag(a, s), s), s);
}

// The greatest finite value.
double greatest(Dtype dtype) {
  switch (dtype.val()) {
    case Dtype::Val::float16:
      return 65504.0;
    case Dtype::Val::bfloat16:
      return 0x1.fep127;
    case Dtype::Val::float64:
      return std::numeric_limits<double>::max();
    default:
      return static_cast<double>(std::numeric_limits<float>::max());
  }
}

}  // namespace

array isnan(const array& a, StreamOrDevice where) {
  Stream s = to_stream(where);
  return is_inexact(a.dtype()) ? not_equal(a, a, s) : everywhere(a, false, s);
}

array isposinf(const array& a, StreamOrDevice where) {
  Stream s = to_stream(where);
  if (is_complex(a.dtype())) fail("isposinf", "complex values have no sign", describe(a), "a real dtype");
  return is_floating(a.dtype()) ? equal(a, scalar(kInf, a.dtype()), s) : everywhere(a, false, s);
}

array isneginf(const array& a, StreamOrDevice where) {
  Stream s = to_stream(where);
  if (is_complex(a.dtype())) fail("isneginf", "complex values have no sign", describe(a), "a real dtype");
  return is_floating(a.dtype()) ? equal(a, scalar(-kInf, a.dtype()), s) : everywhere(a, false, s);
}

array isinf(const array& a, StreamOrDevice where) {
  Stream s = to_stream(where);
  if (is_complex(a.dtype())) return either_part(a, isinf, s);
  return is_floating(a.dtype()) ? equal(abs(a, s), scalar(kInf, a.dtype()), s) : everywhere(a, false, s);
}

array isfinite(const array& a, StreamOrDevice where) {
  Stream s = to_stream(where);
  if (is_complex(a.dtype())) return logical_and(isfinite(real(a, s), s), isfinite(imag(a, s), s), s);
  return is_floating(a.dtype()) ? less(abs(a, s), scalar(kInf, a.dtype()), s) : everywhere(a, true, s);
}

array array_equal(const array& a, const array& b, bool equal_nan, StreamOrDevice where) {
  Stream s = to_stream(where);
  if (a.shape() != b.shape()) return array(false);
  array same = equal(a, b, s);
  if (equal_nan && is_inexact(promote(a.dtype(), b.dtype()))) {
    same = logical_or(same, logical_and(isnan(a, s), isnan(b, s), s), s);
  }
  return all(same, false, s);
}

array isclose(const array& a, const array& b, double rtol, double atol, bool equal_nan, StreamOrDevice where) {
  Stream s = to_stream(where);
  Dtype dtype = at_least_float(promote(a.dtype(), b.dtype()));
  array x = cast(a, dtype, s), y = cast(b, dtype, s);
  Dtype measure = is_complex(dtype) ? float32 : dtype;
  array bound = add(scalar(atol, measure), multiply(scalar(rtol, measure), abs(y, s), s), s);
  array near = less_equal(abs(subtract(x, y, s), s), bound, s);
  // Infinities are close to themselves alone.
  array finite = logical_and(isfinite(x, s), isfinite(y, s), s);
  array close = logical_or(logical_and(near, finite, s), equal(x, y, s), s);
  return equal_nan ? logical_or(close, logical_and(isnan(x, s), isnan(y, s), s), s) : close;
}

array allclose(const array& a, const array& b, double rtol, double atol, bool equal_nan, StreamOrDevice s) {
  return all(isclose(a, b, rtol, atol, equal_nan, s), false, s);
}

array clip(const array& a, const std::optional<array>& a_min, const std::optional<array>& a_max, StreamOrDevice where) {
  if (!a_min && !a_max) fail("clip", "no bounds", "neither a_min nor a_max", "at least one");
  Stream s = to_stream(where);
  array out = a;
  if (a_min) out = maximum(out, *a_min, s);
  if (a_max) out = minimum(out, *a_max, s);
  return out;
}

array nan_to_num(const array& a, float nan, const std::optional<float> posinf, const std::optional<float> neginf,
                 StreamOrDevice where) {
  Stream s = to_stream(where);
  Dtype dtype = a.dtype();
  if (!is_floating(dtype)) {
    if (is_complex(dtype)) fail("nan_to_num", "complex values are not supported", describe(a), "a real dtype");
    return a;
  }
  array high = scalar(posinf ? static_cast<double>(*posinf) : greatest(dtype), dtype);
  array low = scalar(neginf ? static_cast<double>(*neginf) : -greatest(dtype), dtype);
  array out = ferrule::where(isnan(a, s), scalar(static_cast<double>(nan), dtype), a, s);
  out = ferrule::where(isposinf(a, s), high, out, s);
  return ferrule::where(isneginf(a, s), low, out, s);
}

}  // namespace ferrule
