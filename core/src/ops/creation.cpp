// Arrays out of nothing: ranges, constants, identity and triangles, windows.
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "ops/elementwise.h"

namespace ferrule {

using namespace detail;

namespace {

class Arange final : public AttributedPrimitive<frl_arange_attrs> {
 public:
  using AttributedPrimitive::AttributedPrimitive;
};

array make_arange(int64_t count, const frl_arange_attrs& attrs, Dtype dtype, const Stream& s) {
  return make<Arange>({count}, dtype, {}, s, FRL_OP_arange, attrs);
}

// (value: 0-d) -> every element that value.
class Fill final : public KernelPrimitive {
 public:
  using KernelPrimitive::KernelPrimitive;
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>&, const std::vector<array>&) override {
    return {unbroadcast(cotangents[0], primals[0].shape(), stream())};
  }
  std::vector<array> decompose(const std::vector<array>&) const override { return {}; }
};

}  // namespace

array arange(double start, double stop, double step, Dtype dtype, StreamOrDevice where) {
  if (dtype == bool_) fail("arange", "bool is no number", "dtype bool", "a number");
  if (std::isnan(start) || std::isnan(step) || std::isnan(stop) || std::isinf(start) || std::isinf(stop)) {
    fail("arange", "no finite range", fmt::format("start {}, stop {}, step {}", start, stop, step), "finite numbers");
  }
  if (step == 0) fail("arange", "zero step", "step 0", "a step other than 0");
  double length = std::isinf(step) ? (step > 0) == (start < stop) && start != stop : std::ceil((stop - start) / step);
  if (length > static_cast<double>(std::numeric_limits<int64_t>::max() / 16)) {
    fail("arange", "too many elements", fmt::format("start {}, stop {}, step {}", start, stop, step),
         "fewer than 2^59 elements");
  }
  auto count = static_cast<int64_t>(std::max(length, 0.0));
  frl_arange_attrs attrs{};
  Stream s = to_stream(where);
  if (is_complex(dtype)) return astype(arange(start, stop, step, float32, where), dtype, s);
  if (is_integer(dtype)) {
    // As MLX: start and step are truncated to the dtype.
    auto integral = [](double x) {
      return x <= -0x1p63  ? std::numeric_limits<int64_t>::min()
             : x >= 0x1p63 ? std::numeric_limits<int64_t>::max()
                           : static_cast<int64_t>(x);
    };
    attrs.istart = integral(start);
    attrs.istep =
        static_cast<int64_t>(static_cast<uint64_t>(integral(start + step)) - static_cast<uint64_t>(attrs.istart));
  } else {
    attrs.fstart = start;
    attrs.fstep = count > 1 || std::isfinite(step) ? step : 0;
  }
  return make_arange(count, attrs, dtype, s);
}

array arange(double start, double stop, double step, StreamOrDevice s) { return arange(start, stop, step, float32, s); }
array arange(double start, double stop, Dtype dtype, StreamOrDevice s) { return arange(start, stop, 1, dtype, s); }
array arange(double start, double stop, StreamOrDevice s) { return arange(start, stop, 1, float32, s); }
array arange(double stop, Dtype dtype, StreamOrDevice s) { return arange(0, stop, 1, dtype, s); }
array arange(double stop, StreamOrDevice s) { return arange(0.0, stop, 1.0, float32, s); }

namespace detail {

array arange_int(int64_t start, int64_t stop, int64_t step, const StreamOrDevice& s) {
  if (step == 0) fail("arange", "zero step", "step 0", "a step other than 0");
  constexpr int64_t kLeast = std::numeric_limits<int32_t>::min(), kGreatest = std::numeric_limits<int32_t>::max();
  for (int64_t bound : {start, stop, step}) {
    if (bound < kLeast || bound > kGreatest) {
      fail("arange", "the range does not fit int32", fmt::format("start {}, stop {}, step {}", start, stop, step),
           "32-bit bounds, or a dtype");
    }
  }
  int64_t span = step > 0 ? stop - start : start - stop;
  int64_t size = step > 0 ? step : -step;
  return make_arange(span > 0 ? (span - 1) / size + 1 : 0, {start, step, 0, 0}, int32, to_stream(s));
}

}  // namespace detail

array linspace(double start, double stop, int num, bool endpoint, Dtype dtype, StreamOrDevice where) {
  if (num < 0) fail("linspace", "negative count", std::to_string(num), "at least 0");
  Stream s = to_stream(where);
  int intervals = endpoint ? num - 1 : num;
  if (intervals < 1) return num == 0 ? zeros({0}, dtype, s) : astype(array({static_cast<float>(start)}), dtype, s);
  // (1 - t) * start + t * stop is exact at both ends.
  Dtype work = dtype == float64 ? float64 : float32;
  array t = divide(arange(0.0, static_cast<double>(num), 1.0, work, s), scalar(intervals, work), s);
  array out =
      add(multiply(subtract(scalar(1, work), t, s), scalar(start, work), s), multiply(t, scalar(stop, work), s), s);
  return cast(out, dtype, s);
}

array full(Shape shape, array vals, Dtype dtype, StreamOrDevice where) {
  Stream s = to_stream(where);
  checked_count("full", shape);
  array value = cast(vals, dtype, s);
  if (value.ndim() == 0) return make<Fill>(shape, dtype, {value}, s, FRL_OP_fill);
  return copy(broadcast_to(value, shape, s), s);
}

array full(Shape shape, array vals, StreamOrDevice s) {
  Dtype dtype = vals.dtype();
  return full(shape, std::move(vals), dtype, s);
}

array full_like(const array& a, array vals, Dtype dtype, StreamOrDevice s) {
  return full(a.shape(), std::move(vals), dtype, s);
}

array full_like(const array& a, array vals, StreamOrDevice s) { return full(a.shape(), std::move(vals), a.dtype(), s); }

array zeros(const Shape& shape, Dtype dtype, StreamOrDevice s) { return full(shape, array(0, dtype), dtype, s); }
array zeros_like(const array& a, StreamOrDevice s) { return zeros(a.shape(), a.dtype(), s); }
array zeros_like(const array& a, Dtype dtype, StreamOrDevice s) { return zeros(a.shape(), dtype, s); }
array ones(const Shape& shape, Dtype dtype, StreamOrDevice s) { return full(shape, array(1, dtype), dtype, s); }
array ones_like(const array& a, StreamOrDevice s) { return ones(a.shape(), a.dtype(), s); }
array ones_like(const array& a, Dtype dtype, StreamOrDevice s) { return ones(a.shape(), dtype, s); }

namespace {

// Row and column numbers, to be compared with each other.
array rows(int64_t n, int64_t offset, const Stream& s) {
  auto first = static_cast<double>(offset);
  return reshape(arange(first, first + static_cast<double>(n), 1.0, int64, s), {n, 1}, s);
}

array columns(int64_t m, const Stream& s) { return arange(0.0, static_cast<double>(m), 1.0, int64, s); }

void check_extents(const char* op, int n, int m) {
  if (n < 0 || m < 0) fail(op, "negative dimension", fmt::format("{} x {}", n, m), "extents of at least 0");
}

}  // namespace

array eye(int n, int m, int k, Dtype dtype, StreamOrDevice where) {
  check_extents("eye", n, m);
  Stream s = to_stream(where);
  return astype(equal(rows(n, k, s), columns(m, s), s), dtype, s);
}

array identity(int n, Dtype dtype, StreamOrDevice s) { return eye(n, n, 0, dtype, s); }

array tri(int n, int m, int k, Dtype type, StreamOrDevice where) {
  check_extents("tri", n, m);
  Stream s = to_stream(where);
  return astype(greater_equal(rows(n, k, s), columns(m, s), s), type, s);
}

namespace {

array triangle(const char* op, const array& x, int k, bool lower, const Stream& s) {
  if (x.ndim() < 2) fail(op, "not a matrix", describe(x), "at least 2 dimensions");
  array r = rows(x.shape(-2), k, s), c = columns(x.shape(-1), s);
  array keep = lower ? greater_equal(r, c, s) : less_equal(r, c, s);
  return where(keep, x, scalar(0, x.dtype()), s);
}

// sum of coefficients[j] * cos(2 pi j i / (M - 1))
array cosine_window(int M, std::initializer_list<double> coefficients, const Stream& s) {
  if (M < 1) return zeros({0}, float32, s);
  if (M == 1) return ones({1}, float32, s);
  array i = arange(0.0, static_cast<double>(M), 1.0, float32, s);
  array total = scalar(0, float32);
  double order = 0;
  for (double c : coefficients) {
    array angle = multiply(i, scalar(2 * std::numbers::pi * order / (M - 1), float32), s);
    total = order == 0 ? scalar(c, float32) : add(total, multiply(scalar(c, float32), cos(angle, s), s), s);
    ++order;
  }
  return total;
}

}  // namespace

array tril(array x, int k, StreamOrDevice s) { return triangle("tril", x, k, true, to_stream(s)); }
array triu(array x, int k, StreamOrDevice s) { return triangle("triu", x, k, false, to_stream(s)); }

array hanning(int M, StreamOrDevice s) { return cosine_window(M, {0.5, -0.5}, to_stream(s)); }
array hamming(int M, StreamOrDevice s) { return cosine_window(M, {0.54, -0.46}, to_stream(s)); }
array blackman(int M, StreamOrDevice s) { return cosine_window(M, {0.42, -0.5, 0.08}, to_stream(s)); }

array bartlett(int M, StreamOrDevice where) {
  Stream s = to_stream(where);
  if (M < 1) return zeros({0}, float32, s);
  if (M == 1) return ones({1}, float32, s);
  array i = arange(0.0, static_cast<double>(M), 1.0, float32, s);
  array rise = multiply(i, scalar(2.0 / (M - 1), float32), s);
  return minimum(rise, subtract(scalar(2, float32), rise, s), s);
}

}  // namespace ferrule
