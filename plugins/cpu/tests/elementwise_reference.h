// What cpu_ulp_sweep and cpu_elementwise_test judge by: float64 references of the elementwise ops and the distance in
// units in the last place, as docs/numerics.md section 9 defines it. Independent of the code under test.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "ferrule/plugin.h"

namespace ferrule::cpu::test {

inline double erfinv_reference(double x) {
  const double a = std::fabs(x);
  if (!(a < 1)) return a == 1 ? std::copysign(std::numeric_limits<double>::infinity(), x) : std::nan("");
  if (a < 1e-7) return x * 0.88622692545275801;
  // Bisection brackets, Newton on erf or erfc finishes.
  long double low = 0, high = 10;
  for (int i = 0; i < 12; ++i) {
    const long double middle = (low + high) / 2;
    (std::erfc(middle) > 1.0L - a ? low : high) = middle;
  }
  long double y = (low + high) / 2;
  for (int i = 0; i < 6; ++i) {
    const long double gap = a < 0.5 ? std::erf(y) - a : (1.0L - a) - std::erfc(y);
    y -= gap * 0.886226925452758013649L * std::exp(y * y);
  }
  return std::copysign(static_cast<double>(y), x);
}

// The true value of an op on f32 values, in f64; y is ignored by unary ops.
inline double reference(uint32_t op, double x, double y) {
  switch (op) {
    case FRL_OP_abs:
      return std::fabs(x);
    case FRL_OP_negative:
      return -x;
    case FRL_OP_sign:
      return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0;
    case FRL_OP_ceil:
      return std::ceil(x);
    case FRL_OP_floor:
      return std::floor(x);
    case FRL_OP_round:
      return std::nearbyint(x);
    case FRL_OP_square:
      return x * x;
    case FRL_OP_sqrt:
      return std::sqrt(x);
    case FRL_OP_rsqrt:
      return 1.0 / std::sqrt(x);
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
      return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
    case FRL_OP_erf:
      return std::erf(x);
    case FRL_OP_erfinv:
      return erfinv_reference(x);
    case FRL_OP_add:
      return x + y;
    case FRL_OP_subtract:
      return x - y;
    case FRL_OP_multiply:
      return x * y;
    case FRL_OP_divide:
      return x / y;
    case FRL_OP_floor_divide:
      return std::floor(static_cast<double>(static_cast<float>(x) / static_cast<float>(y)));
    case FRL_OP_remainder: {
      const double r = std::fmod(x, y);
      return r != 0 && std::signbit(r) != std::signbit(y) ? r + y : r;
    }
    case FRL_OP_power:
      return std::pow(x, y);
    case FRL_OP_maximum:
      return std::isnan(x) || std::isnan(y) ? std::nan("") : x > y ? x : y;
    case FRL_OP_minimum:
      return std::isnan(x) || std::isnan(y) ? std::nan("") : x < y ? x : y;
    case FRL_OP_logaddexp: {
      if (std::isnan(x) || std::isnan(y)) return std::nan("");
      if (x == y) return x + 0.69314718055994531;
      const double high = std::fmax(x, y);
      return std::isinf(high) ? high : high + std::log1p(std::exp(std::fmin(x, y) - high));
    }
    case FRL_OP_arctan2:
      return std::atan2(x, y);
    default:
      return std::nan("");
  }
}

// A floating format: digits of the significand (the hidden one included) and the exponents of its normal values.
struct Format {
  int digits, min_exponent, max_exponent;
};
inline constexpr Format kF32{24, -126, 127}, kF16{11, -14, 15}, kBF16{8, -126, 127}, kF64{53, -1022, 1023};

inline double ulp(const Format& format, double x) {
  const int exponent = x == 0 ? format.min_exponent : std::max(std::ilogb(x), format.min_exponent);
  return std::ldexp(1.0, exponent - format.digits + 1);
}

// Units in the last place between got and the true value; infinity when class or sign is wrong. `allowed` decides where
// an infinite or a greatest finite result is right.
inline double ulp_error(const Format& format, double got, double truth, double allowed) {
  constexpr double kWrong = std::numeric_limits<double>::infinity();
  if (std::isnan(truth) || std::isnan(got)) return std::isnan(truth) && std::isnan(got) ? 0 : kWrong;
  if (std::isinf(truth)) return got == truth ? 0 : kWrong;
  const double top = std::ldexp(2.0 - std::ldexp(1.0, -format.digits), format.max_exponent);  // overflow threshold
  if (std::isinf(got)) {
    const bool reaches = std::fabs(truth) + allowed * std::ldexp(1.0, format.max_exponent - format.digits + 1) >= top;
    return reaches && std::signbit(got) == std::signbit(truth) ? 0 : kWrong;
  }
  if ((got == 0 || truth == 0) && std::signbit(got) != std::signbit(truth)) return kWrong;
  if (std::fabs(truth) >= top) return allowed > 0 ? std::fabs(got - truth) / ulp(format, std::fabs(got)) : kWrong;
  return std::fabs(got - truth) / ulp(format, truth);
}

}  // namespace ferrule::cpu::test
