// The mathematical functions that functors call, overloaded for float and double: names that CUDA, its run-time compiler,
// HIP and the host's <cmath> share. All are within the ULP table of numerics.md over their whole range.
#pragma once

#include "functors/types.h"

namespace ferrule::gpu::math {

#define FERRULE_GPU_MATH1(name)                           \
  GPU_DEVICE float name(float x) { return ::name##f(x); } \
  GPU_DEVICE double name(double x) { return ::name(x); }
#define FERRULE_GPU_MATH2(name)                                       \
  GPU_DEVICE float name(float x, float y) { return ::name##f(x, y); } \
  GPU_DEVICE double name(double x, double y) { return ::name(x, y); }

FERRULE_GPU_MATH1(fabs)
FERRULE_GPU_MATH1(ceil)
FERRULE_GPU_MATH1(floor)
FERRULE_GPU_MATH1(rint)
FERRULE_GPU_MATH1(sqrt)
FERRULE_GPU_MATH1(exp)
FERRULE_GPU_MATH1(expm1)
FERRULE_GPU_MATH1(log)
FERRULE_GPU_MATH1(log2)
FERRULE_GPU_MATH1(log10)
FERRULE_GPU_MATH1(log1p)
FERRULE_GPU_MATH1(sin)
FERRULE_GPU_MATH1(cos)
FERRULE_GPU_MATH1(tan)
FERRULE_GPU_MATH1(asin)
FERRULE_GPU_MATH1(acos)
FERRULE_GPU_MATH1(atan)
FERRULE_GPU_MATH1(sinh)
FERRULE_GPU_MATH1(cosh)
FERRULE_GPU_MATH1(tanh)
FERRULE_GPU_MATH1(asinh)
FERRULE_GPU_MATH1(atanh)
FERRULE_GPU_MATH1(erfc)
FERRULE_GPU_MATH2(fmod)
FERRULE_GPU_MATH2(pow)
FERRULE_GPU_MATH2(atan2)
FERRULE_GPU_MATH2(copysign)

#undef FERRULE_GPU_MATH1
#undef FERRULE_GPU_MATH2

GPU_DEVICE float fma(float a, float b, float c) { return ::fmaf(a, b, c); }
GPU_DEVICE double fma(double a, double b, double c) { return ::fma(a, b, c); }

template <typename T>
GPU_DEVICE T infinity() {
  return static_cast<T>(bits_float(0x7f800000u));
}
template <typename T>
GPU_DEVICE T nan() {
  return static_cast<T>(bits_float(0x7fc00000u));
}
template <typename T>
GPU_DEVICE bool is_nan(T x) {
  return x != x;
}
template <typename T>
GPU_DEVICE bool is_infinite(T x) {
  return fabs(x) == infinity<T>();
}

// acosh x = log1p(t + sqrt(t^2 + 2 t)), t = x - 1: one rounding under the root keeps it below 3 ulp.
GPU_DEVICE float acosh(float x) {
  if (!(x >= 1.0f)) return nan<float>();
  if (x > 1e18f) return ::logf(x) + 0.693147182f;
  const float t = x - 1.0f;
  return ::log1pf(t + ::sqrtf(::fmaf(t, t, 2.0f * t)));
}
GPU_DEVICE double acosh(double x) { return ::acosh(x); }

// exp(x) for x <= 0: 2^t (1 + r), where t = x log2 e as rounded and r makes up for the rounding. NaN stays NaN.
GPU_DEVICE float exp_negative(float x) {
  x = x < -105.0f ? -105.0f : x;
  const float t = x * 1.44269502f;
  const float r = ::fmaf(t, 1.90465421e-9f, ::fmaf(t, -0.693147182f, x));  // x - t log 2
  // Below 2^-126 the hardware's 2^t is zero; the sum is exact there.
  const bool low = x < -80.0f;
  const float e = approximate_exp2(low ? t + 32.0f : t);
  const float y = ::fmaf(e, r, e);
  return low ? y * 2.32830644e-10f : y;
}
// 1 / (1 + exp(-x)), without overflow on either side, so that small results keep their relative accuracy.
GPU_DEVICE float sigmoid(float x) {
  const float e = exp_negative(-::fabsf(x));
  return (x < 0.0f ? e : 1.0f) * approximate_reciprocal(1.0f + e);
}
GPU_DEVICE double sigmoid(double x) {
  const double e = ::exp(-::fabs(x));
  return (x < 0.0 ? e : 1.0) / (1.0 + e);
}

// x P(x^2) / Q(x^2), a least-squares fit of the relative error on |x| < 4, where it is below 8 units in the last place.
GPU_DEVICE float erf(float x) {
  const float u = x * x;
  float p = ::fmaf(1.96038386e-08f, u, -1.95090979e-06f);
  p = ::fmaf(p, u, 0.000143810816f);
  p = ::fmaf(p, u, 0.00380789815f);
  p = ::fmaf(p, u, 0.0509234294f);
  p = ::fmaf(p, u, 0.202584192f);
  p = ::fmaf(p, u, 1.12837911f);
  float q = ::fmaf(0.000979860779f, u, 0.0145758605f);
  q = ::fmaf(q, u, 0.116095044f);
  q = ::fmaf(q, u, 0.512867093f);
  q = ::fmaf(q, u, 1.0f);
  const float a = ::fabsf(x);
  if (a >= 4.0f) return copysign(1.0f, x);
  const float y = x * p * approximate_reciprocal(q);
  return ::fabsf(y) > 1.0f ? copysign(1.0f, x) : y;
}
GPU_DEVICE double erf(double x) { return ::erf(x); }

// x p(w), w = -log(1 - x^2), as in Giles, "Approximating the erfinv function" (2010), in double; the fits are our own.
GPU_DEVICE double erfinv_fit(double x) {
  const double w = -::log1p(-x * x);
  if (w < 5.0) {
    double p = -1.9768227363458396e-11;
    p = ::fma(p, w, 7.1664228400530545e-10);
    p = ::fma(p, w, -1.074705672895533e-08);
    p = ::fma(p, w, 7.9420072732903029e-08);
    p = ::fma(p, w, -2.1582383995569911e-07);
    p = ::fma(p, w, -6.3262462379881978e-07);
    p = ::fma(p, w, 1.4695625862668162e-06);
    p = ::fma(p, w, 4.7144771429796312e-05);
    p = ::fma(p, w, -0.00012837446479314885);
    p = ::fma(p, w, -0.0023349796014567577);
    p = ::fma(p, w, 0.011549318784184999);
    p = ::fma(p, w, 0.23201366826262781);
    return x * ::fma(p, w, 0.88622692543170545);
  }
  const double s = ::sqrt(w);
  double p = -2.9713177174346458e-05;
  p = ::fma(p, s, 0.0010518968040851343);
  p = ::fma(p, s, -0.016644293220858732);
  p = ::fma(p, s, 0.15479915431728575);
  p = ::fma(p, s, -0.93522653602156747);
  p = ::fma(p, s, 3.8234990633618766);
  p = ::fma(p, s, -10.661460053475203);
  p = ::fma(p, s, 19.861204814965795);
  p = ::fma(p, s, -23.309104443122138);
  p = ::fma(p, s, 16.088086513685788);
  return x * ::fma(p, s, -3.9462301267366198);
}
GPU_DEVICE float erfinv(float x) {
  const float a = ::fabsf(x);
  if (!(a < 1.0f)) return a == 1.0f ? copysign(infinity<float>(), x) : nan<float>();
  return x == 0.0f ? x : static_cast<float>(erfinv_fit(x));
}
// Winitzki's approximation, then Halley's method on erf, or on erfc where |x| is near 1.
GPU_DEVICE double erfinv(double x) {
  const double a = ::fabs(x);
  if (!(a < 1.0)) return a == 1.0 ? copysign(infinity<double>(), x) : nan<double>();
  if (a < 1e-9) return x * 0.88622692545275801;
  const double l = ::log1p(-a * a), c = 4.3307467508687437 + 0.5 * l;
  double y = a < 0.1 ? a * 0.88622692545275801 : ::sqrt(::sqrt(c * c - l / 0.147) - c);
  GPU_NO_UNROLL
  for (int i = 0; i < 3; ++i) {
    const double f = a < 0.5 ? ::erf(y) - a : (1.0 - a) - ::erfc(y);
    const double step = f / (1.1283791670955126 * ::exp(-y * y));
    y -= step / (1.0 + y * step);
  }
  return copysign(y, x);
}

// max + log1p(exp(-|x - y|)); equal infinities have no gap.
template <typename T>
GPU_DEVICE T logaddexp(T x, T y) {
  const T high = x > y ? x : y;
  const T low = x > y ? y : x;
  const T gap = x == y ? T(0) : low - high;
  return high + log1p(exp(gap));
}

// fmod is exact; the sign follows the divisor.
template <typename T>
GPU_DEVICE T remainder(T x, T y) {
  const T r = fmod(x, y);
  return r != T(0) && (r < T(0)) != (y < T(0)) ? r + y : r;
}

}  // namespace ferrule::gpu::math
