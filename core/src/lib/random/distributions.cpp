// Distributions on top of random bits, with MLX's formulas, so that equal keys give equal numbers.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "ferrule/ops.h"
#include "ferrule/random.h"

namespace ferrule::random {

namespace {

void require(bool ok, const char* op, const char* expected, Dtype got) {
  if (!ok) {
    throw error(ErrorCode::invalid_argument,
                fmt::format("[{}] dtype; got {}; expected {}", op, dtype_name(got), expected));
  }
}

void require_broadcast(const char* op, const Shape& from, const Shape& shape) {
  bool ok = from.size() <= shape.size();
  for (size_t i = 0; ok && i < from.size(); ++i) {
    int64_t extent = from[from.size() - 1 - i];
    ok = extent == 1 || extent == shape[shape.size() - 1 - i];
  }
  if (!ok) {
    throw error(ErrorCode::invalid_argument,
                fmt::format("[{}] parameters of shape ({}) do not broadcast; got shape ({})", op, fmt::join(from, ", "),
                            fmt::join(shape, ", ")));
  }
}

// The largest value below 1 in `dtype`.
float below_one(Dtype dtype) {
  if (dtype == float16) return 1.0f - 0x1p-11f;
  if (dtype == bfloat16) return 1.0f - 0x1p-8f;
  return std::nextafter(1.0f, 0.0f);
}

// In (-1, 1): what erfinv and log1p take.
array symmetric(const Shape& shape, Dtype dtype, const std::optional<array>& key, const Stream& s) {
  return uniform(array(std::nextafter(-1.0f, 0.0f), dtype), array(1.0f, dtype), shape, dtype, key, s);
}

int valid_axis(const array& logits, int axis) {
  int actual = axis < 0 ? axis + logits.ndim() : axis;
  if (actual < 0 || actual >= logits.ndim()) {
    throw error(ErrorCode::invalid_argument,
                fmt::format("[categorical] axis; got {} for {} dimensions", axis, logits.ndim()));
  }
  return actual;
}

Shape without_axis(Shape shape, int axis) {
  shape.erase(shape.begin() + axis);
  return shape;
}

// The Gumbel-max trick: the samples' shape with the logits' axis put back in.
array categorical_impl(const array& logits, int axis, const Shape& shape, const std::optional<array>& key,
                       const Stream& s) {
  Shape gumbel_shape = shape;
  int offset = axis + static_cast<int>(shape.size()) - logits.ndim() + 1;
  gumbel_shape.insert(gumbel_shape.begin() + offset, logits.shape(axis));
  return argmax(add(gumbel(gumbel_shape, float32, key, s), logits, s), offset, false, s);
}

}  // namespace

array uniform(const array& low, const array& high, const Shape& shape, Dtype dtype, const std::optional<array>& key,
              StreamOrDevice where) {
  require(dtype == float32 || dtype == float16 || dtype == bfloat16, "uniform", "float16, bfloat16 or float32", dtype);
  Stream s = to_stream(where);
  array lo = astype(low, dtype, s);
  array range = subtract(astype(high, dtype, s), lo, s);
  require_broadcast("uniform", range.shape(), shape);
  array scale(static_cast<float>(std::numeric_limits<uint32_t>::max()), float32);
  array unit = astype(divide(bits(shape, 4, key, s), scale, s), dtype, s);
  // Rounding may reach 1.
  unit = minimum(unit, array(below_one(dtype), dtype), s);
  return add(multiply(range, unit, s), lo, s);
}

array uniform(const Shape& shape, Dtype dtype, const std::optional<array>& key, StreamOrDevice s) {
  return uniform(array(0.0f, dtype), array(1.0f, dtype), shape, dtype, key, s);
}

array normal(const Shape& shape, Dtype dtype, const std::optional<array>& loc, const std::optional<array>& scale,
             const std::optional<array>& key, StreamOrDevice where) {
  Stream s = to_stream(where);
  if (dtype == complex64) {
    Shape parts = shape;
    parts.push_back(2);
    array samples = squeeze(view(erfinv(symmetric(parts, float32, key, s), s), complex64, s), -1, s);
    if (scale) samples = multiply(*scale, samples, s);
    return loc ? add(samples, *loc, s) : samples;
  }
  require(issubdtype(dtype, floating), "normal", "a floating dtype or complex64", dtype);
  array factor(std::sqrt(2.0f), dtype);
  if (scale) factor = multiply(factor, astype(*scale, dtype, s), s);
  array samples = multiply(factor, erfinv(symmetric(shape, dtype, key, s), s), s);
  return loc ? add(astype(*loc, dtype, s), samples, s) : samples;
}

array randint(const array& low, const array& high, const Shape& shape, Dtype dtype, const std::optional<array>& key,
              StreamOrDevice where) {
  require(!issubdtype(dtype, inexact), "randint", "an integer dtype or bool", dtype);
  Stream s = to_stream(where);
  array u = uniform(low, high, shape, float32, key, s);
  return astype(maximum(floor(u, s), low, s), dtype, s);
}

array bernoulli(const array& p, const Shape& shape, const std::optional<array>& key, StreamOrDevice where) {
  require(issubdtype(p.dtype(), floating), "bernoulli", "a floating probability", p.dtype());
  require_broadcast("bernoulli", p.shape(), shape);
  Stream s = to_stream(where);
  Dtype dtype = p.dtype() == float64 ? Dtype(float32) : p.dtype();
  return less(uniform(shape, dtype, key, s), p, s);
}

array bernoulli(const array& p, const std::optional<array>& key, StreamOrDevice s) {
  return bernoulli(p, p.shape(), key, s);
}

array bernoulli(const std::optional<array>& key, StreamOrDevice s) { return bernoulli(array(0.5f), Shape{}, key, s); }

array truncated_normal(const array& lower, const array& upper, const Shape& shape, Dtype dtype,
                       const std::optional<array>& key, StreamOrDevice where) {
  require(issubdtype(dtype, floating), "truncated_normal", "a floating dtype", dtype);
  Stream s = to_stream(where);
  array root2(std::sqrt(2.0f), dtype);
  array lo = astype(lower, dtype, s), hi = astype(upper, dtype, s);
  array u = uniform(erf(divide(lo, root2, s), s), erf(divide(hi, root2, s), s), shape, dtype, key, s);
  // erfinv is infinite at the ends of what erf rounds to.
  return maximum(minimum(multiply(root2, erfinv(u, s), s), hi, s), lo, s);
}

array truncated_normal(const array& lower, const array& upper, Dtype dtype, const std::optional<array>& key,
                       StreamOrDevice s) {
  Shape shape = broadcast_arrays({lower, upper}, s)[0].shape();
  return truncated_normal(lower, upper, shape, dtype, key, s);
}

array gumbel(const Shape& shape, Dtype dtype, const std::optional<array>& key, StreamOrDevice where) {
  Stream s = to_stream(where);
  return negative(log(negative(log(uniform(shape, dtype, key, s), s), s), s), s);
}

array categorical(const array& logits, int axis, const Shape& shape, const std::optional<array>& key,
                  StreamOrDevice s) {
  axis = valid_axis(logits, axis);
  require_broadcast("categorical", without_axis(logits.shape(), axis), shape);
  return categorical_impl(logits, axis, shape, key, to_stream(s));
}

array categorical(const array& logits, int axis, int num_samples, const std::optional<array>& key, StreamOrDevice s) {
  axis = valid_axis(logits, axis);
  Shape shape = without_axis(logits.shape(), axis);
  shape.push_back(num_samples);
  return categorical_impl(expand_dims(logits, -1, s), axis, shape, key, to_stream(s));
}

array categorical(const array& logits, int axis, const std::optional<array>& key, StreamOrDevice s) {
  axis = valid_axis(logits, axis);
  return categorical_impl(logits, axis, without_axis(logits.shape(), axis), key, to_stream(s));
}

array laplace(const Shape& shape, Dtype dtype, const float loc, const float scale, const std::optional<array>& key,
              StreamOrDevice where) {
  require(issubdtype(dtype, floating), "laplace", "a real floating dtype", dtype);
  Stream s = to_stream(where);
  array u = symmetric(shape, dtype, key, s);
  array samples = multiply(sign(u, s), log1p(negative(abs(u, s), s), s), s);
  if (scale != 1.0f) samples = multiply(array(scale, dtype), samples, s);
  return loc == 0.0f ? samples : add(array(loc, dtype), samples, s);
}

array permutation(const array& x, int axis, const std::optional<array>& key, StreamOrDevice s) {
  return take(x, permutation(static_cast<int>(x.shape(axis)), key, s), axis, s);
}

array permutation(int x, const std::optional<array>& key, StreamOrDevice s) { return argsort(bits({x}, key, s), 0, s); }

}  // namespace ferrule::random
