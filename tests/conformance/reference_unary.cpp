// Reference of the unary ops.
#include <cmath>
#include <complex>
#include <limits>

#include "reference.h"

namespace ferrule::conformance {
namespace {

using Complex = std::complex<Real>;
constexpr Real kLn2 = 0.693147180559945309417232121458176568L;
constexpr Real kLn10 = 2.302585092994045684017991454684364208L;
constexpr Real kNan = std::numeric_limits<Real>::quiet_NaN();

// Correctly rounded ops: in double for f16, bf16 and f32, where a second rounding is innocuous (53 >= 2 * 24 + 2), and
// in double as the definition for f64.
Real rounded_sqrt(Real x) { return static_cast<Real>(std::sqrt(static_cast<double>(x))); }
Real rounded_square(Real x) { return static_cast<Real>(static_cast<double>(x) * static_cast<double>(x)); }

Real sigmoid(Real x) {
  if (x >= 0) return 1 / (1 + std::exp(-x));
  const Real e = std::exp(x);
  return e / (1 + e);
}

Real real_function(uint32_t code, Real x) {
  switch (code) {
    case FRL_OP_rsqrt:
      return x == 0 ? std::copysign(std::numeric_limits<Real>::infinity(), x) : 1 / std::sqrt(x);
    case FRL_OP_exp:
      return std::exp(x);
    case FRL_OP_expm1:
      return std::expm1(x);
    case FRL_OP_log:
      return std::log(x);
    case FRL_OP_log2:
      return std::log2(x);
    case FRL_OP_log10:
      return std::log10(x);
    case FRL_OP_log1p:
      return std::log1p(x);
    case FRL_OP_sin:
      return std::sin(x);
    case FRL_OP_cos:
      return std::cos(x);
    case FRL_OP_tan:
      return std::tan(x);
    case FRL_OP_arcsin:
      return std::asin(x);
    case FRL_OP_arccos:
      return std::acos(x);
    case FRL_OP_arctan:
      return std::atan(x);
    case FRL_OP_sinh:
      return std::sinh(x);
    case FRL_OP_cosh:
      return std::cosh(x);
    case FRL_OP_tanh:
      return std::tanh(x);
    case FRL_OP_arcsinh:
      return std::asinh(x);
    case FRL_OP_arccosh:
      return std::acosh(x);
    case FRL_OP_arctanh:
      return std::atanh(x);
    case FRL_OP_sigmoid:
      return sigmoid(x);
    case FRL_OP_erf:
      return std::erf(x);
    case FRL_OP_erfinv:
      return erfinv(x);
    default:
      return kNan;
  }
}

Complex complex_function(uint32_t code, Complex z) {
  switch (code) {
    case FRL_OP_sqrt:
      return std::sqrt(z);
    case FRL_OP_rsqrt:
      return Real{1} / std::sqrt(z);
    case FRL_OP_exp:
      return std::exp(z);
    case FRL_OP_log:
      return std::log(z);
    case FRL_OP_log2:
      return std::log(z) / kLn2;
    case FRL_OP_log10:
      return std::log(z) / kLn10;
    case FRL_OP_log1p:
      return std::log(Real{1} + z);
    case FRL_OP_sin:
      return std::sin(z);
    case FRL_OP_cos:
      return std::cos(z);
    case FRL_OP_tan:
      return std::tan(z);
    case FRL_OP_arcsin:
      return std::asin(z);
    case FRL_OP_arccos:
      return std::acos(z);
    case FRL_OP_arctan:
      return std::atan(z);
    case FRL_OP_sinh:
      return std::sinh(z);
    case FRL_OP_cosh:
      return std::cosh(z);
    case FRL_OP_tanh:
      return std::tanh(z);
    case FRL_OP_arcsinh:
      return std::asinh(z);
    case FRL_OP_arccosh:
      return std::acosh(z);
    case FRL_OP_arctanh:
      return std::atanh(z);
    default:
      return {kNan, kNan};
  }
}

Want want_integer(uint32_t code, uint32_t dtype, Real x) {
  const auto n = static_cast<__int128>(x);
  switch (code) {
    case FRL_OP_abs:
      return Want::exact(is_bool(dtype) ? x : wrap(dtype, n < 0 ? -n : n));
    case FRL_OP_negative:
      return Want::exact(wrap(dtype, -n));
    case FRL_OP_sign:
      return Want::exact(x > 0 ? Real{1} : x < 0 ? Real{-1} : Real{0});
    case FRL_OP_square: {
      const auto low = static_cast<uint64_t>(static_cast<unsigned __int128>(n));
      return Want::exact(wrap(dtype, static_cast<__int128>(low * low)));
    }
    case FRL_OP_bitwise_invert:
      return Want::exact(is_bool(dtype) ? 1 - x : wrap(dtype, ~n));
    case FRL_OP_logical_not:
      return Want::exact(x == 0 ? Real{1} : Real{0});
    default:
      return Want::exact(x);  // ceil, floor, round
  }
}

Want want_complex(const Op& op, const Value& x) {
  const Complex z(x.re, x.im);
  const auto within = [](Complex ref, Real ulps) {
    Want w{.value = {ref.real(), ref.imag()}, .ulps = ulps, .scale = std::abs(ref), .any_zero_sign = true};
    // A tiny scale would ask for more than the format's spacing at its largest part can say; a zero is exact.
    if (w.scale == 0) w.ulps = 0, w.scale = 0;
    return w;
  };
  switch (op.code) {
    case FRL_OP_abs:
      return Want{.value = {std::hypot(x.re, x.im), 0}, .ulps = 2};
    case FRL_OP_negative:
      return Want::exact(Value{-x.re, -x.im});
    case FRL_OP_conjugate:
      return Want::exact(Value{x.re, -x.im});
    case FRL_OP_real:
      return Want::exact(x.re);
    case FRL_OP_imag:
      return Want::exact(x.im);
    case FRL_OP_round:
      return Want::exact(Value{std::rint(x.re), std::rint(x.im)});
    case FRL_OP_sign:
      return within(x.re == 0 && x.im == 0 ? Complex(0, 0) : z / std::abs(z), 4);
    case FRL_OP_square:
      return within(z * z, 4);
    default:
      return within(complex_function(op.code, z), static_cast<Real>(std::max(op.ulp, 8) + 4));
  }
}

}  // namespace

// Solves erf(y) = x by Halley's method on erfc, which keeps its relative accuracy near |x| = 1.
Real erfinv(Real x) {
  if (std::isnan(x) || std::fabs(x) > 1) return kNan;
  if (std::fabs(x) == 1) return std::copysign(std::numeric_limits<Real>::infinity(), x);
  if (x == 0) return x;
  constexpr Real kSqrtPi = 1.772453850905516027298167483341145183L;
  const Real a = std::fabs(x), t = 1 - a;
  // Starting point: Winitzki's approximation.
  const Real l = std::log(t * (1 + a)), c = 2 / (3.14159265358979323846L * 0.147L) + l / 2;
  Real y = a < 1e-3L ? a * kSqrtPi / 2 : std::sqrt(std::sqrt(c * c - l / 0.147L) - c);
  for (int i = 0; i < 6; ++i) {
    const Real f = a < 0.5L ? std::erf(y) - a : t - std::erfc(y);
    const Real slope = 2 / kSqrtPi * std::exp(-y * y);
    const Real step = f / slope;
    y -= step / (1 + y * step);
  }
  return std::copysign(y, x);
}

Want want_unary(const Op& op, uint32_t dtype, const Value& x) {
  if (is_complex(dtype)) return want_complex(op, x);
  if (!is_float(dtype)) return want_integer(op.code, dtype, x.re);
  switch (op.code) {
    case FRL_OP_abs:
      return Want::exact(std::fabs(x.re));
    case FRL_OP_negative:
      return Want::exact(-x.re);
    case FRL_OP_sign:
      return Want::exact(x.re > 0 ? Real{1} : x.re < 0 ? Real{-1} : Real{0});
    case FRL_OP_ceil:
      return Want::exact(std::ceil(x.re));
    case FRL_OP_floor:
      return Want::exact(std::floor(x.re));
    case FRL_OP_round:
      return Want::exact(std::rint(x.re));
    case FRL_OP_square:
      return Want::exact(rounded_square(x.re));
    case FRL_OP_sqrt:
      return Want::exact(rounded_sqrt(x.re));
    default:
      return Want{.value = {real_function(op.code, x.re), 0},
                  .ulps = static_cast<Real>(is_half(dtype) ? std::min(op.ulp, 1) : op.ulp)};
  }
}

}  // namespace ferrule::conformance
