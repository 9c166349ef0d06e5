// The fusable ops of ops.def as functions of one storage type T: operands and result are compute values (types.h), named
// as in ops.def, so that tables and generated sources find them by the op's name. A result is not rounded to storage yet:
// round_to or narrow does that.
#pragma once

#include "functors/cast.h"
#include "functors/complex.h"
#include "functors/integer.h"
#include "functors/math.h"

namespace ferrule::gpu::op {

// Functions of floats and complex numbers.
#define FERRULE_GPU_INEXACT(name, real, wide)          \
  template <typename T>                                \
  GPU_DEVICE Compute<T> name(Compute<T> x) {           \
    if constexpr (is_complex<T>) {                     \
      return complex::narrow(wide(complex::widen(x))); \
    } else {                                           \
      return real(x);                                  \
    }                                                  \
  }
#define FERRULE_GPU_FLOAT(name, real)        \
  template <typename T>                      \
  GPU_DEVICE Compute<T> name(Compute<T> x) { \
    return real(x);                          \
  }

GPU_DEVICE complex::Wide scaled(complex::Wide z, double by) { return {z.re * by, z.im * by}; }
GPU_DEVICE complex::Wide wide_log2(complex::Wide z) { return scaled(complex::log(z), 1.4426950408889634); }
GPU_DEVICE complex::Wide wide_log10(complex::Wide z) { return scaled(complex::log(z), 0.43429448190325182); }
GPU_DEVICE complex::Wide wide_rsqrt(complex::Wide z) { return complex::divide({1.0, 0.0}, complex::sqrt(z)); }
GPU_DEVICE complex::Wide wide_square(complex::Wide z) { return complex::multiply(z, z); }
template <typename F>
GPU_DEVICE F real_rsqrt(F x) {
  return F(1) / math::sqrt(x);
}

FERRULE_GPU_INEXACT(sqrt, math::sqrt, complex::sqrt)
FERRULE_GPU_INEXACT(rsqrt, real_rsqrt, wide_rsqrt)
FERRULE_GPU_INEXACT(exp, math::exp, complex::exp)
FERRULE_GPU_FLOAT(expm1, math::expm1)
FERRULE_GPU_INEXACT(log, math::log, complex::log)
FERRULE_GPU_INEXACT(log2, math::log2, wide_log2)
FERRULE_GPU_INEXACT(log10, math::log10, wide_log10)
FERRULE_GPU_INEXACT(log1p, math::log1p, complex::log1p)
FERRULE_GPU_INEXACT(sin, math::sin, complex::sin)
FERRULE_GPU_INEXACT(cos, math::cos, complex::cos)
FERRULE_GPU_INEXACT(tan, math::tan, complex::tan)
FERRULE_GPU_INEXACT(arcsin, math::asin, complex::asin)
FERRULE_GPU_INEXACT(arccos, math::acos, complex::acos)
FERRULE_GPU_INEXACT(arctan, math::atan, complex::atan)
FERRULE_GPU_INEXACT(sinh, math::sinh, complex::sinh)
FERRULE_GPU_INEXACT(cosh, math::cosh, complex::cosh)
FERRULE_GPU_INEXACT(tanh, math::tanh, complex::tanh)
FERRULE_GPU_INEXACT(arcsinh, math::asinh, complex::asinh)
FERRULE_GPU_INEXACT(arccosh, math::acosh, complex::acosh)
FERRULE_GPU_INEXACT(arctanh, math::atanh, complex::atanh)
FERRULE_GPU_FLOAT(sigmoid, math::sigmoid)
FERRULE_GPU_FLOAT(erf, math::erf)
FERRULE_GPU_FLOAT(erfinv, math::erfinv)

#undef FERRULE_GPU_INEXACT
#undef FERRULE_GPU_FLOAT

// ---- unary ops of every kind of number ----

template <typename T>
GPU_DEVICE auto abs(Compute<T> x) {
  if constexpr (is_complex<T>) {
    return static_cast<float>(complex::abs(complex::widen(x)));
  } else if constexpr (is_bool<T>) {
    return x;
  } else if constexpr (is_integer<T>) {
    return integer::abs(x);
  } else {
    return math::fabs(x);
  }
}
template <typename T>
GPU_DEVICE Compute<T> negative(Compute<T> x) {
  if constexpr (is_complex<T>) {
    return {-x.re, -x.im};
  } else if constexpr (is_integer<T>) {
    return integer::negative(x);
  } else {
    return -x;
  }
}
template <typename T>
GPU_DEVICE Compute<T> sign(Compute<T> x) {
  using C = Compute<T>;
  if constexpr (is_complex<T>) {
    return complex::narrow(complex::sign(complex::widen(x)));
  } else if constexpr (is_bool<T>) {
    return x;
  } else if constexpr (is_integer<T>) {
    return integer::sign(x);
  } else {
    return x > C(0) ? C(1) : x < C(0) ? C(-1) : C(0);
  }
}
template <typename T>
GPU_DEVICE Compute<T> ceil(Compute<T> x) {
  if constexpr (is_integer<T>) {
    return x;
  } else {
    return math::ceil(x);
  }
}
template <typename T>
GPU_DEVICE Compute<T> floor(Compute<T> x) {
  if constexpr (is_integer<T>) {
    return x;
  } else {
    return math::floor(x);
  }
}
template <typename T>
GPU_DEVICE Compute<T> round(Compute<T> x) {
  if constexpr (is_complex<T>) {
    return {math::rint(x.re), math::rint(x.im)};
  } else if constexpr (is_integer<T>) {
    return x;
  } else {
    return math::rint(x);
  }
}
template <typename T>
GPU_DEVICE Compute<T> square(Compute<T> x) {
  if constexpr (is_complex<T>) {
    return complex::narrow(wide_square(complex::widen(x)));
  } else if constexpr (is_integer<T>) {
    return integer::truncate<T>(integer::word(x) * integer::word(x));
  } else {
    return x * x;
  }
}
template <typename T>
GPU_DEVICE uint8_t logical_not(uint8_t x) {
  return x == 0;
}
template <typename T>
GPU_DEVICE Compute<T> bitwise_invert(Compute<T> x) {
  if constexpr (is_bool<T>) {
    return x == 0;
  } else {
    return static_cast<T>(~integer::word(x));
  }
}
template <typename T>
GPU_DEVICE Complex conjugate(Complex x) {
  return {x.re, bits_float(float_bits(x.im) ^ 0x80000000u)};
}
template <typename T>
GPU_DEVICE float real(Complex x) {
  return x.re;
}
template <typename T>
GPU_DEVICE float imag(Complex x) {
  return x.im;
}

// ---- binary ----

#define FERRULE_GPU_BINARY(name, on_bool, on_integer, on_float, on_complex) \
  template <typename T>                                                     \
  GPU_DEVICE Compute<T> name(Compute<T> x, Compute<T> y) {                  \
    if constexpr (is_complex<T>) {                                          \
      return on_complex;                                                    \
    } else if constexpr (is_bool<T>) {                                      \
      return on_bool;                                                       \
    } else if constexpr (is_integer<T>) {                                   \
      return on_integer;                                                    \
    } else {                                                                \
      return on_float;                                                      \
    }                                                                       \
  }
#define FERRULE_GPU_WRAP(operation) integer::truncate<T>(integer::word(x) operation integer::word(y))
#define FERRULE_GPU_WIDE(function) complex::narrow(complex::function(complex::widen(x), complex::widen(y)))

FERRULE_GPU_BINARY(add, x | y, FERRULE_GPU_WRAP(+), x + y, (Complex{x.re + y.re, x.im + y.im}))
FERRULE_GPU_BINARY(subtract, x ^ y, FERRULE_GPU_WRAP(-), x - y, (Complex{x.re - y.re, x.im - y.im}))
FERRULE_GPU_BINARY(multiply, x& y, FERRULE_GPU_WRAP(*), x* y, FERRULE_GPU_WIDE(multiply))
FERRULE_GPU_BINARY(divide, x, x, x / y, FERRULE_GPU_WIDE(divide))
FERRULE_GPU_BINARY(floor_divide, x, integer::floor_divide(x, y), math::floor(x / y), x)
FERRULE_GPU_BINARY(remainder, x, integer::remainder(x, y), math::remainder(x, y), x)
FERRULE_GPU_BINARY(power, x, integer::power(x, y), math::pow(x, y), FERRULE_GPU_WIDE(power))
FERRULE_GPU_BINARY(maximum, x | y, x > y ? x : y, x > y || x != x ? x : y, complex::maximum(x, y))
FERRULE_GPU_BINARY(minimum, x& y, x < y ? x : y, x < y || x != x ? x : y, complex::minimum(x, y))
FERRULE_GPU_BINARY(logaddexp, x, x, math::logaddexp(x, y), FERRULE_GPU_WIDE(logaddexp))
FERRULE_GPU_BINARY(arctan2, x, x, math::atan2(x, y), x)
FERRULE_GPU_BINARY(bitwise_and, x& y, FERRULE_GPU_WRAP(&), x, x)
FERRULE_GPU_BINARY(bitwise_or, x | y, FERRULE_GPU_WRAP(|), x, x)
FERRULE_GPU_BINARY(bitwise_xor, x ^ y, FERRULE_GPU_WRAP(^), x, x)
FERRULE_GPU_BINARY(left_shift, x, integer::left_shift(x, y), x, x)
FERRULE_GPU_BINARY(right_shift, x, integer::right_shift(x, y), x, x)

#undef FERRULE_GPU_BINARY
#undef FERRULE_GPU_WRAP
#undef FERRULE_GPU_WIDE

#define FERRULE_GPU_COMPARE(name, on_real, on_complex)  \
  template <typename T>                                 \
  GPU_DEVICE uint8_t name(Compute<T> x, Compute<T> y) { \
    if constexpr (is_complex<T>) {                      \
      return on_complex;                                \
    } else {                                            \
      return on_real;                                   \
    }                                                   \
  }
FERRULE_GPU_COMPARE(equal, x == y, complex::equal(x, y))
FERRULE_GPU_COMPARE(not_equal, x != y, !complex::equal(x, y))
FERRULE_GPU_COMPARE(less, x < y, complex::less(x, y))
FERRULE_GPU_COMPARE(less_equal, x <= y, complex::less_equal(x, y))
FERRULE_GPU_COMPARE(greater, x > y, complex::less(y, x))
FERRULE_GPU_COMPARE(greater_equal, x >= y, complex::less_equal(y, x))
FERRULE_GPU_COMPARE(logical_and, x& y, 0)
FERRULE_GPU_COMPARE(logical_or, x | y, 0)
#undef FERRULE_GPU_COMPARE

// Any type: the compute value of one operand.
template <typename T>
GPU_DEVICE Compute<T> select(uint8_t condition, Compute<T> x, Compute<T> y) {
  return condition ? x : y;
}

}  // namespace ferrule::gpu::op
