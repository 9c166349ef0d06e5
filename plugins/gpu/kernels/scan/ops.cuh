// The scans as ops on states: take() makes an element a state, combine() joins neighbours (the earlier first). What a line
// carries from tile to tile is a Carry, which may know more than a state: advance() moves it past a state, join() past
// another carry, result() makes an element of it and of what follows it.
#pragma once

#include <cmath>

#include "device/gpu.h"
#include "functors/types.h"

namespace ferrule::gpu::scan {

// Ops that carry a state.
template <typename Op, typename T, typename S>
struct Plain {
  using Element = T;
  using State = S;
  using Carry = S;
  static GPU_DEVICE Carry start() { return Op::identity(); }
  static GPU_DEVICE Carry advance(Carry a, State b) { return Op::combine(a, b); }
  static GPU_DEVICE Carry join(Carry a, Carry b) { return Op::combine(a, b); }
  GPU_DEVICE T result(Carry a, State b) const { return static_cast<const Op&>(*this).finish(Op::combine(a, b)); }
};

// A sum and the rounding errors made so far (Knuth's two-sum), so that a long chain is as exact as a tree.
template <typename F>
struct Compensated {
  F high, low;
};

template <typename F>
GPU_DEVICE Compensated<F> add_compensated(Compensated<F> a, Compensated<F> b) {
  const F sum = a.high + b.high;
  const F part = sum - a.high;
  const F error = (a.high - (sum - part)) + (b.high - part);
  // Of an infinite sum the error is NaN.
  return {sum, sum - sum == F{0} ? error + (a.low + b.low) : F{0}};
}

template <typename T>
struct Sum : Plain<Sum<T>, T, Compute<T>> {
  using State = Compute<T>;
  static GPU_DEVICE State identity() { return 0; }
  GPU_DEVICE State take(T v) const { return v; }
  static GPU_DEVICE State combine(State a, State b) { return static_cast<State>(a + b); }
  GPU_DEVICE T finish(State s) const { return s; }
};
template <typename T>
struct FloatSum {
  using Element = T;
  using State = Compute<T>;
  using Carry = Compensated<State>;
  static GPU_DEVICE State identity() { return 0; }
  GPU_DEVICE State take(T v) const { return widen<T>(v); }
  static GPU_DEVICE State combine(State a, State b) { return a + b; }
  static GPU_DEVICE Carry start() { return {0, 0}; }
  static GPU_DEVICE Carry advance(Carry a, State b) { return add_compensated<State>(a, {b, 0}); }
  static GPU_DEVICE Carry join(Carry a, Carry b) { return add_compensated(a, b); }
  GPU_DEVICE T result(Carry a, State b) const { return narrow<T>(a.high + (b + a.low)); }
};
template <>
struct Sum<Half> : FloatSum<Half> {};
template <>
struct Sum<Bfloat> : FloatSum<Bfloat> {};
template <>
struct Sum<float> : FloatSum<float> {};
template <>
struct Sum<double> : FloatSum<double> {};
template <>
struct Sum<Complex> {
  using Element = Complex;
  using State = Complex;
  struct Carry {
    Compensated<float> re, im;
  };
  static GPU_DEVICE State identity() { return {0, 0}; }
  GPU_DEVICE State take(Complex v) const { return v; }
  static GPU_DEVICE State combine(State a, State b) { return {a.re + b.re, a.im + b.im}; }
  static GPU_DEVICE Carry start() { return {{0, 0}, {0, 0}}; }
  static GPU_DEVICE Carry advance(Carry a, State b) { return join(a, {{b.re, 0}, {b.im, 0}}); }
  static GPU_DEVICE Carry join(Carry a, Carry b) { return {add_compensated(a.re, b.re), add_compensated(a.im, b.im)}; }
  GPU_DEVICE Complex result(Carry a, State b) const {
    return {a.re.high + (b.re + a.re.low), a.im.high + (b.im + a.im.low)};
  }
};

template <typename T>
struct Prod : Plain<Prod<T>, T, Compute<T>> {
  using State = Compute<T>;
  static GPU_DEVICE State identity() {
    if constexpr (is_complex<T>)
      return {1, 0};
    else
      return 1;
  }
  GPU_DEVICE State take(T v) const { return widen<T>(v); }
  static GPU_DEVICE State combine(State a, State b) {
    if constexpr (is_complex<T>)
      return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
    else if constexpr (sizeof(State) < 4)
      return static_cast<State>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b));
    else
      return a * b;
  }
  GPU_DEVICE T finish(State s) const { return narrow<T>(s); }
};

// max, or min. Integers (and bool) are compared as unsigned keys element ^ flip; the sign of floats is flipped for min.
template <typename T>
struct Extreme : Plain<Extreme<T>, T, Compute<T>> {
  using State = Compute<T>;
  uint64_t flip;
  explicit Extreme(uint64_t flipped) : flip(flipped) {}

  static constexpr bool kExact = is_integer<T> || is_bool<T>;
  static GPU_DEVICE State identity() {
    if constexpr (kExact)
      return 0;
    else
      return static_cast<State>(-INFINITY);
  }
  GPU_DEVICE State take(T v) const {
    if constexpr (kExact)
      return static_cast<State>(widen<T>(v) ^ static_cast<State>(flip));
    else
      return flip ? -widen<T>(v) : widen<T>(v);
  }
  static GPU_DEVICE State combine(State a, State b) {
    if constexpr (kExact)
      return a < b ? b : a;
    else
      return a != a || !(b != b || a < b) ? a : b;
  }
  GPU_DEVICE T finish(State s) const {
    if constexpr (kExact)
      return narrow<T>(static_cast<State>(s ^ static_cast<State>(flip)));
    else
      return narrow<T>(flip ? -s : s);
  }
};

GPU_DEVICE float exponential(float x) { return ::expf(x); }
GPU_DEVICE double exponential(double x) { return ::exp(x); }
GPU_DEVICE float logarithm(float x) { return ::logf(x); }
GPU_DEVICE double logarithm(double x) { return ::log(x); }

// log(sum(exp)): the greatest exponent and the sum of exp(x - greatest), which is 0 where that is infinite.
template <typename F>
struct LogState {
  F greatest;
  double sum;
};
template <typename T>
struct LogSum : Plain<LogSum<T>, T, LogState<Compute<T>>> {
  using F = Compute<T>;
  using State = LogState<F>;
  static GPU_DEVICE State identity() { return {static_cast<F>(-INFINITY), 0}; }
  static GPU_DEVICE bool is_finite(F x) { return x - x == F{0}; }
  GPU_DEVICE State take(T v) const {
    const F x = widen<T>(v);
    return {x, is_finite(x) ? 1.0 : 0.0};
  }
  static GPU_DEVICE State combine(State a, State b) {
    if (a.greatest != a.greatest) return a;
    if (b.greatest != b.greatest) return b;
    const bool rises = a.greatest < b.greatest;
    const State big = rises ? b : a, small = rises ? a : b;
    if (!is_finite(big.greatest)) return {big.greatest, 0};
    return {big.greatest, big.sum + small.sum * static_cast<double>(exponential(small.greatest - big.greatest))};
  }
  GPU_DEVICE T finish(State s) const {
    const F greatest = s.greatest;
    return narrow<T>(is_finite(greatest) ? greatest + logarithm(static_cast<F>(s.sum)) : greatest);
  }
};

}  // namespace ferrule::gpu::scan
