// Reference of the binary ops, select and copy.
#include <cmath>
#include <complex>
#include <limits>

#include "reference.h"

namespace ferrule::conformance {
namespace {

using Complex = std::complex<Real>;
constexpr Real kInf = std::numeric_limits<Real>::infinity();

// See reference_unary.cpp: in double, where rounding again to f32 or less changes nothing.
Real in_double(uint32_t code, Real x, Real y) {
  const auto a = static_cast<double>(x), b = static_cast<double>(y);
  switch (code) {
    case FRL_OP_add:
      return static_cast<Real>(a + b);
    case FRL_OP_subtract:
      return static_cast<Real>(a - b);
    case FRL_OP_multiply:
      return static_cast<Real>(a * b);
    default:
      return static_cast<Real>(a / b);
  }
}

Real floor_divide(uint32_t dtype, Real x, Real y) {
  if (dtype == FRL_DTYPE_F64) return static_cast<Real>(std::floor(static_cast<double>(x) / static_cast<double>(y)));
  return static_cast<Real>(std::floor(static_cast<float>(x) / static_cast<float>(y)));
}

Real remainder(Real x, Real y) {
  const Real r = std::fmod(x, y);
  return r != 0 && (r < 0) != (y < 0) ? in_double(FRL_OP_add, r, y) : r;
}

Real logaddexp(Real x, Real y) {
  if (std::isnan(x) || std::isnan(y)) return std::numeric_limits<Real>::quiet_NaN();
  const Real high = std::max(x, y), low = std::min(x, y);
  if (std::isinf(high) || low == -kInf) return high;
  return high + std::log1p(std::exp(low - high));
}

__int128 integer_power(__int128 base, __int128 exponent) {
  if (exponent < 0) return 0;
  uint64_t result = 1, factor = static_cast<uint64_t>(static_cast<unsigned __int128>(base));
  for (auto e = static_cast<uint64_t>(exponent); e; e >>= 1, factor *= factor)
    if (e & 1) result *= factor;
  return static_cast<__int128>(result);
}

Want want_integer(const Op& op, uint32_t dtype, Real x, Real y) {
  const auto a = static_cast<__int128>(x), b = static_cast<__int128>(y);
  const __int128 width = dtype ? static_cast<__int128>(conformance::dtype(dtype).bytes) * 8 : 0;
  const auto wrapped = [&](__int128 v) { return Want::exact(wrap(dtype, v)); };
  const auto truth = [](bool v) { return Want::exact(v ? Real{1} : Real{0}); };
  if (is_bool(dtype)) {
    if (op.code == FRL_OP_add) return truth(a || b);
    if (op.code == FRL_OP_multiply) return truth(a && b);
  }
  switch (op.code) {
    case FRL_OP_add:
      return wrapped(a + b);
    case FRL_OP_subtract:
      return wrapped(a - b);
    case FRL_OP_multiply:
      return wrapped(static_cast<__int128>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b)));
    case FRL_OP_floor_divide:
      if (b == 0) return wrapped(0);
      return wrapped(a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0));
    case FRL_OP_remainder: {
      if (b == 0) return wrapped(a);
      const __int128 r = a % b;
      return wrapped(r != 0 && (r < 0) != (b < 0) ? r + b : r);
    }
    case FRL_OP_power:
      return wrapped(integer_power(a, b));
    case FRL_OP_bitwise_and:
    case FRL_OP_logical_and:
      return wrapped(a & b);
    case FRL_OP_bitwise_or:
    case FRL_OP_logical_or:
      return wrapped(a | b);
    case FRL_OP_bitwise_xor:
      return wrapped(a ^ b);
    case FRL_OP_left_shift:
      return wrapped(b < 0 || b >= width ? 0 : static_cast<__int128>(static_cast<uint64_t>(a) << static_cast<int>(b)));
    case FRL_OP_right_shift:
      return wrapped(b < 0 || b >= width ? (a < 0 ? -1 : 0) : a >> static_cast<int>(b));
    default:
      return Want::exact(std::numeric_limits<Real>::quiet_NaN());
  }
}

Want want_complex(const Op& op, const Value& x, const Value& y) {
  const Complex a(x.re, x.im), b(y.re, y.im);
  const auto within = [](Complex ref, Real ulps) {
    if (!std::isfinite(ref.real()) || !std::isfinite(ref.imag())) return Want{.not_finite = true};
    return Want{.value = {ref.real(), ref.imag()}, .ulps = ulps, .scale = std::abs(ref), .any_zero_sign = true};
  };
  switch (op.code) {
    case FRL_OP_add:
      return Want::exact(Value{in_double(op.code, x.re, y.re), in_double(op.code, x.im, y.im)});
    case FRL_OP_subtract:
      return Want::exact(Value{in_double(op.code, x.re, y.re), in_double(op.code, x.im, y.im)});
    case FRL_OP_multiply:
      return within(a * b, 4);
    case FRL_OP_divide:
      return b == Complex(0, 0) ? Want{.not_finite = true} : within(a / b, 4);
    case FRL_OP_power: {
      if (b == Complex(0, 0)) return within({1, 0}, 4);
      if (a == Complex(0, 0)) return y.re > 0 ? within({0, 0}, 4) : Want{.not_finite = true};
      const Complex exponent = b * std::log(a);
      return within(std::exp(exponent), 20 + 4 * std::abs(exponent));
    }
    case FRL_OP_logaddexp: {
      const bool swap = less(FRL_DTYPE_C64, x, y);
      const Complex high = swap ? b : a, low = swap ? a : b;
      Want w = within(high + std::log(Real{1} + std::exp(low - high)), 12);
      w.scale = std::max(w.scale, std::abs(high));
      return w;
    }
    default:
      return Want{.not_finite = true};
  }
}

Want want_comparison(uint32_t code, uint32_t dtype, const Value& x, const Value& y) {
  const bool equal = x.re == y.re && (!is_complex(dtype) || x.im == y.im);
  bool result;
  switch (code) {
    case FRL_OP_equal:
      result = equal;
      break;
    case FRL_OP_not_equal:
      result = !equal;
      break;
    case FRL_OP_less:
      result = less(dtype, x, y);
      break;
    case FRL_OP_less_equal:
      result = equal || less(dtype, x, y);
      break;
    case FRL_OP_greater:
      result = less(dtype, y, x);
      break;
    default:
      result = equal || less(dtype, y, x);
  }
  return Want::exact(result ? Real{1} : Real{0});
}

}  // namespace

bool less(uint32_t dtype, const Value& a, const Value& b) {
  if (!is_complex(dtype)) return a.re < b.re;
  return a.re < b.re || (a.re == b.re && a.im < b.im);
}

bool sorts_before(uint32_t dtype, const Value& a, const Value& b) {
  const bool nan_a = has_nan(dtype, a), nan_b = has_nan(dtype, b);
  if (nan_a || nan_b) return !nan_a && nan_b;
  return less(dtype, a, b);
}

Value pick_extreme(uint32_t dtype, bool maximum, const Value& a, const Value& b) {
  if (has_nan(dtype, a)) return a;
  if (has_nan(dtype, b)) return b;
  return maximum == less(dtype, a, b) ? b : a;
}

Want want_binary(const Op& op, uint32_t dtype, const Value& x, const Value& y) {
  if (op.code >= FRL_OP_equal && op.code <= FRL_OP_greater_equal) return want_comparison(op.code, dtype, x, y);
  if (op.code == FRL_OP_maximum || op.code == FRL_OP_minimum) {
    Want w = Want::exact(pick_extreme(dtype, op.code == FRL_OP_maximum, x, y));
    w.any_zero_sign = true;
    if (is_complex(dtype) && has_nan(dtype, w.value)) w.not_finite = true;
    return w;
  }
  if (is_complex(dtype)) return want_complex(op, x, y);
  if (!is_float(dtype)) return want_integer(op, dtype, x.re, y.re);
  const Real ulps = static_cast<Real>(is_half(dtype) ? std::min(op.ulp, 1) : op.ulp);
  switch (op.code) {
    case FRL_OP_floor_divide:
      return Want::exact(floor_divide(dtype, x.re, y.re));
    case FRL_OP_remainder:
      return Want::exact(remainder(x.re, y.re));
    case FRL_OP_power:
      return Want{.value = {std::pow(x.re, y.re), 0}, .ulps = ulps};
    case FRL_OP_arctan2:
      return Want{.value = {std::atan2(x.re, y.re), 0}, .ulps = ulps};
    case FRL_OP_logaddexp: {
      Want w{.value = {logaddexp(x.re, y.re), 0}, .ulps = ulps, .any_zero_sign = true};
      const Real high = std::max(x.re, y.re);
      if (std::isfinite(w.value.re) && std::isfinite(high)) w.scale = std::max(std::fabs(w.value.re), std::fabs(high));
      return w;
    }
    default:
      return Want::exact(in_double(op.code, x.re, y.re));
  }
}

Wants want_elementwise(const Op& op, const std::vector<const Tensor*>& in, uint32_t out_dtype) {
  const Tensor& x = *in[0];
  Wants wants;
  wants.reserve(static_cast<size_t>(x.size()));
  for (int64_t i = 0; i < x.size(); ++i) {
    if (op.code == FRL_OP_select) {
      wants.push_back(Want::moved(x.at(i).re != 0 ? in[1]->bits(i) : in[2]->bits(i)));
    } else if (op.code == FRL_OP_copy) {
      wants.push_back(x.dtype == out_dtype ? Want::moved(x.bits(i)) : Want::exact(cast(x.dtype, out_dtype, x.at(i))));
    } else if (in.size() == 2) {
      wants.push_back(want_binary(op, x.dtype, x.at(i), in[1]->at(i)));
    } else {
      wants.push_back(want_unary(op, x.dtype, x.at(i)));
    }
  }
  return wants;
}

}  // namespace ferrule::conformance
