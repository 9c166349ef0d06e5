// Functions of complex numbers, computed in double and rounded once: double holds products, quotients and squares of
// float parts without overflow. Principal values, branch cuts and signs of zero as C99 <complex.h> has them for finite
// operands (numerics.md, section 3).
#pragma once

#include "functors/math.h"

namespace ferrule::gpu::complex {

struct Wide {
  double re, im;
};

GPU_DEVICE Wide widen(Complex z) { return {z.re, z.im}; }
GPU_DEVICE Complex narrow(Wide z) { return {static_cast<float>(z.re), static_cast<float>(z.im)}; }

GPU_DEVICE Wide multiply(Wide a, Wide b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
GPU_DEVICE Wide divide(Wide a, Wide b) {
  const double scale = b.re * b.re + b.im * b.im;
  return {(a.re * b.re + a.im * b.im) / scale, (a.im * b.re - a.re * b.im) / scale};
}
GPU_DEVICE double abs(Wide z) {
  if (math::is_infinite(z.re) || math::is_infinite(z.im)) return math::infinity<double>();
  return ::sqrt(z.re * z.re + z.im * z.im);
}
GPU_DEVICE Wide sign(Wide z) {
  const double a = abs(z);
  if (a == 0.0) return {0.0, 0.0};
  if (!(a < math::infinity<double>())) return {math::nan<double>(), math::nan<double>()};
  return {z.re / a, z.im / a};
}
GPU_DEVICE Wide sqrt(Wide z) {
  if (z.re == 0.0 && z.im == 0.0) return {0.0, z.im};
  const double t = ::sqrt(0.5 * (::fabs(z.re) + abs(z)));
  if (z.re >= 0.0) return {t, z.im / (2.0 * t)};
  return {::fabs(z.im) / (2.0 * t), ::copysign(t, z.im)};
}
GPU_DEVICE Wide exp(Wide z) {
  const double e = ::exp(z.re);
  return {e * ::cos(z.im), z.im == 0.0 ? z.im : e * ::sin(z.im)};
}
GPU_DEVICE Wide log(Wide z) { return {::log(abs(z)), ::atan2(z.im, z.re)}; }
// log |1 + z|; near the circle |1 + z| = 1 the square is formed without its 1.
GPU_DEVICE Wide log1p(Wide z) {
  const double x = z.re, y = z.im;
  const double real =
      ::fabs(x) < 1e10 && ::fabs(y) < 1e10 ? 0.5 * ::log1p(x * (2.0 + x) + y * y) : ::log(abs({1.0 + x, y}));
  return {real, ::atan2(y, 1.0 + x)};
}

// Hyperbolic arguments beyond this overflow a float whatever they are multiplied by, but not a double.
GPU_DEVICE double bounded(double x) { return x > 600.0 ? 600.0 : x < -600.0 ? -600.0 : x; }
GPU_DEVICE Wide sinh(Wide z) {
  const double x = bounded(z.re);
  return {::sinh(x) * ::cos(z.im), ::cosh(x) * ::sin(z.im)};
}
GPU_DEVICE Wide cosh(Wide z) {
  const double x = bounded(z.re);
  return {::cosh(x) * ::cos(z.im), ::sinh(x) * ::sin(z.im)};
}
// Kahan, "Branch Cuts for Complex Elementary Functions" (1987), for this and the inverse functions.
GPU_DEVICE Wide tanh(Wide z) {
  if (::fabs(z.re) > 20.0) {
    const double decay = ::exp(-2.0 * ::fabs(z.re));
    return {::copysign(1.0, z.re), 4.0 * ::sin(z.im) * ::cos(z.im) * decay};
  }
  const double t = ::tan(z.im), beta = 1.0 + t * t, s = ::sinh(z.re), rho = ::sqrt(1.0 + s * s);
  const double scale = 1.0 + beta * s * s;
  return {beta * rho * s / scale, t / scale};
}
// f(z) from a function of i z: sin z = -i sinh(i z), and so on.
GPU_DEVICE Wide times_i(Wide z) { return {-z.im, z.re}; }
GPU_DEVICE Wide over_i(Wide z) { return {z.im, -z.re}; }
GPU_DEVICE Wide sin(Wide z) { return over_i(sinh(times_i(z))); }
GPU_DEVICE Wide cos(Wide z) { return cosh(times_i(z)); }
GPU_DEVICE Wide tan(Wide z) { return over_i(tanh(times_i(z))); }

// The roots of 1 - z and 1 + z; a zero imaginary part keeps its sign.
GPU_DEVICE Wide root_one_minus(Wide z) { return sqrt({1.0 - z.re, -z.im}); }
GPU_DEVICE Wide root_one_plus(Wide z) { return sqrt({1.0 + z.re, z.im}); }
GPU_DEVICE Wide acos(Wide z) {
  const Wide minus = root_one_minus(z), plus = root_one_plus(z);
  return {2.0 * ::atan2(minus.re, plus.re), ::asinh(plus.re * minus.im - plus.im * minus.re)};
}
GPU_DEVICE Wide asin(Wide z) {
  const Wide minus = root_one_minus(z), plus = root_one_plus(z);
  return {::atan2(z.re, minus.re * plus.re - minus.im * plus.im), ::asinh(minus.re * plus.im - minus.im * plus.re)};
}
GPU_DEVICE Wide acosh(Wide z) {
  const Wide minus = sqrt({z.re - 1.0, z.im}), plus = root_one_plus(z);
  return {::asinh(minus.re * plus.re + minus.im * plus.im), 2.0 * ::atan2(minus.im, plus.re)};
}
GPU_DEVICE Wide atanh(Wide z) {
  const double x = ::fabs(z.re), y = z.im, gap = 1.0 - x;
  const double re = 0.25 * ::log1p(4.0 * x / (gap * gap + y * y));
  return {::copysign(re, z.re), 0.5 * ::atan2(2.0 * y, gap * (1.0 + x) - y * y)};
}
GPU_DEVICE Wide asinh(Wide z) { return over_i(asin(times_i(z))); }
GPU_DEVICE Wide atan(Wide z) { return over_i(atanh(times_i(z))); }

GPU_DEVICE Wide power(Wide x, Wide y) {
  if (y.re == 0.0 && y.im == 0.0) return {1.0, 0.0};
  if (x.re == 0.0 && x.im == 0.0) {
    return y.re > 0.0 ? Wide{0.0, 0.0} : Wide{math::nan<double>(), math::nan<double>()};
  }
  return exp(multiply(y, log(x)));
}

template <typename C>
GPU_DEVICE bool has_nan(C z) {
  return z.re != z.re || z.im != z.im;
}
template <typename C>
GPU_DEVICE bool equal(C a, C b) {
  return a.re == b.re && a.im == b.im;
}
template <typename C>
GPU_DEVICE bool less(C a, C b) {
  return a.re < b.re || (a.re == b.re && a.im < b.im);
}
template <typename C>
GPU_DEVICE bool less_equal(C a, C b) {
  return a.re < b.re || (a.re == b.re && a.im <= b.im);
}
GPU_DEVICE Complex maximum(Complex a, Complex b) { return has_nan(a) || (!has_nan(b) && less(b, a)) ? a : b; }
GPU_DEVICE Complex minimum(Complex a, Complex b) { return has_nan(a) || (!has_nan(b) && less(a, b)) ? a : b; }

GPU_DEVICE Wide logaddexp(Wide x, Wide y) {
  if (has_nan(x)) return x;
  if (has_nan(y)) return y;
  const bool swap = less(x, y);
  const Wide high = swap ? y : x, low = swap ? x : y;
  if (math::is_infinite(high.re) && (high.re > 0.0 || equal(low, high))) return high;
  const Wide sum = log1p(exp(Wide{low.re - high.re, low.im - high.im}));
  return {high.re + sum.re, high.im + sum.im};
}

}  // namespace ferrule::gpu::complex
