// Gradients and decompositions of the elementwise ops of one operand. With g the cotangent, a holomorphic f gives
// conj(f'(x)) * g, as in MLX.
#include <cmath>
#include <numbers>

#include "ops/cotangent.h"
#include "ops/elementwise.h"

namespace ferrule::detail {
namespace {

// The parameters of every rule; not each uses all.
#define FERRULE_VJP                                                                                  \
  []([[maybe_unused]] int which, [[maybe_unused]] const Arrays& in, [[maybe_unused]] const array& y, \
     [[maybe_unused]] const array& g, [[maybe_unused]] const Stream& s) -> array
#define FERRULE_DECOMPOSE []([[maybe_unused]] const Arrays& in, [[maybe_unused]] const Stream& s) -> array

array mul(const array& a, const array& b, const Stream& s) { return multiply(a, b, s); }
array mul(double c, const array& a, const Stream& s) { return multiply(scalar(c, a.dtype()), a, s); }
// c + a, c - a
array plus(double c, const array& a, const Stream& s) { return add(scalar(c, a.dtype()), a, s); }
array minus(double c, const array& a, const Stream& s) { return subtract(scalar(c, a.dtype()), a, s); }
// g * conj(d), g / conj(d)
array times(const array& g, const array& d, const Stream& s) { return product(g, conj(d, s), s); }
array over(const array& g, const array& d, const Stream& s) { return divide(g, conj(d, s), s); }

// x / |x| turns only across the radius: (g - y Re(conj(y) g)) / |x|. Real values have slope 0.
array sign_vjp(const array& x, const array& y, const array& g, const Stream& s) {
  if (!is_complex(x.dtype())) return zeros_as(x, s);
  array along = real(multiply(conj(y, s), g, s), s);
  array radius = abs(x, s);
  array safe = where(equal(radius, scalar(0, float32), s), scalar(1, float32), radius, s);
  return divide(subtract(g, multiply(y, along, s), s), safe, s);
}

// arccosh' = 1 / sqrt(x^2 - 1), on the right branch for complex values.
array arccosh_slope(const array& x, const Stream& s) {
  if (!is_complex(x.dtype())) return sqrt(plus(-1, square(x, s), s), s);
  return multiply(sqrt(plus(-1, x, s), s), sqrt(plus(1, x, s), s), s);
}

// Without overflow for either sign, and with small results to full relative accuracy.
array sigmoid_by_exp(const array& x, const Stream& s) {
  if (is_complex(x.dtype())) return divide(scalar(1, complex64), plus(1, exp(negative(x, s), s), s), s);
  array e = exp(negative(abs(x, s), s), s);
  array top = where(less(x, scalar(0, x.dtype()), s), e, scalar(1, x.dtype()), s);
  return divide(top, plus(1, e, s), s);
}

ElementwiseRule make_rule(uint32_t code) {
  constexpr double kLn2 = std::numbers::ln2;
  constexpr double kLn10 = std::numbers::ln10;
  switch (code) {
    case FRL_OP_copy:
      return {FERRULE_VJP{return cast(g, in[0].dtype(), s);
  }
  , nullptr
};
case FRL_OP_abs:
  return {FERRULE_VJP{return mul(g, sign(in[0], s), s);
}  // namespace
, nullptr
};  // namespace ferrule::detail
case FRL_OP_negative:
  return {FERRULE_VJP{return negated(g, s);
  }
  , FERRULE_DECOMPOSE { return is_inexact(in[0].dtype()) ? mul(-1, in[0], s) : minus(0, in[0], s); }
  }
  ;
case FRL_OP_sign:
  return {FERRULE_VJP{return sign_vjp(in[0], y, g, s);
  }
  , nullptr
  }
  ;
case FRL_OP_square:
  return {FERRULE_VJP{return times(g, mul(2, in[0], s), s);
  }
  , FERRULE_DECOMPOSE { return mul(in[0], in[0], s); }
  }
  ;
case FRL_OP_sqrt:
  return {FERRULE_VJP{return over(g, mul(2, y, s), s);
  }
  , nullptr
  }
  ;
case FRL_OP_rsqrt:
  return {FERRULE_VJP{return times(g, mul(-0.5, divide(y, in[0], s), s), s);
  }
  , FERRULE_DECOMPOSE { return divide(scalar(1, in[0].dtype()), sqrt(in[0], s), s); }
  }
  ;
case FRL_OP_exp:
  return {FERRULE_VJP{return times(g, y, s);
  }
  , nullptr
  }
  ;
case FRL_OP_expm1:
  return {FERRULE_VJP{return times(g, exp(in[0], s), s);
  }
  , nullptr
  }
  ;
case FRL_OP_log:
  return {FERRULE_VJP{return over(g, in[0], s);
  }
  , nullptr
  }
  ;
case FRL_OP_log2:
  return {FERRULE_VJP{return over(g, mul(kLn2, in[0], s), s);
  }
  , FERRULE_DECOMPOSE { return mul(1 / kLn2, log(in[0], s), s); }
  }
  ;
case FRL_OP_log10:
  return {FERRULE_VJP{return over(g, mul(kLn10, in[0], s), s);
  }
  , FERRULE_DECOMPOSE { return mul(1 / kLn10, log(in[0], s), s); }
  }
  ;
case FRL_OP_log1p:
  return {FERRULE_VJP{return over(g, plus(1, in[0], s), s);
  }
  , nullptr
  }
  ;
case FRL_OP_sin:
  return {FERRULE_VJP{return times(g, cos(in[0], s), s);
  }
  , nullptr
  }
  ;
case FRL_OP_cos:
  return {FERRULE_VJP{return negative(times(g, sin(in[0], s), s), s);
  }
  , nullptr
  }
  ;
case FRL_OP_tan:
  return {FERRULE_VJP{return times(g, plus(1, square(y, s), s), s);
  }
  , FERRULE_DECOMPOSE { return divide(sin(in[0], s), cos(in[0], s), s); }
  }
  ;
case FRL_OP_arcsin:
  return {FERRULE_VJP{return over(g, sqrt(minus(1, square(in[0], s), s), s), s);
  }
  , nullptr
  }
  ;
case FRL_OP_arccos:
  return {FERRULE_VJP{return negative(over(g, sqrt(minus(1, square(in[0], s), s), s), s), s);
  }
  , nullptr
  }
  ;
case FRL_OP_arctan:
  return {FERRULE_VJP{return over(g, plus(1, square(in[0], s), s), s);
  }
  , nullptr
  }
  ;
case FRL_OP_sinh:
  return {FERRULE_VJP{return times(g, cosh(in[0], s), s);
  }
  , nullptr
  }
  ;
case FRL_OP_cosh:
  return {FERRULE_VJP{return times(g, sinh(in[0], s), s);
  }
  , nullptr
  }
  ;
case FRL_OP_tanh:
  return {FERRULE_VJP{return times(g, minus(1, square(y, s), s), s);
  }
  , nullptr
  }
  ;
case FRL_OP_arcsinh:
  return {FERRULE_VJP{return over(g, sqrt(plus(1, square(in[0], s), s), s), s);
  }
  , nullptr
  }
  ;
case FRL_OP_arccosh:
  return {FERRULE_VJP{return over(g, arccosh_slope(in[0], s), s);
  }
  , nullptr
  }
  ;
case FRL_OP_arctanh:
  return {FERRULE_VJP{return over(g, minus(1, square(in[0], s), s), s);
  }
  , nullptr
  }
  ;
case FRL_OP_sigmoid:
  return {FERRULE_VJP{return times(g, mul(y, minus(1, y, s), s), s);
  }
  , FERRULE_DECOMPOSE { return sigmoid_by_exp(in[0], s); }
  }
  ;
case FRL_OP_erf:
  return {FERRULE_VJP{return mul(g, mul(2 * std::numbers::inv_sqrtpi, exp(negative(square(in[0], s), s), s), s), s);
  }
  , nullptr
  }
  ;
case FRL_OP_erfinv:
  return {FERRULE_VJP{return mul(g, mul(0.5 / std::numbers::inv_sqrtpi, exp(square(y, s), s), s), s);
  }
  , nullptr
  }
  ;
case FRL_OP_logical_not:
  return {nullptr, FERRULE_DECOMPOSE{return equal(in[0], array(false), s);
  }
  }
  ;
case FRL_OP_conjugate:
  return {FERRULE_VJP{return conjugate(g, s);
  }
  , nullptr
  }
  ;
case FRL_OP_real:
  return {FERRULE_VJP{return cast(g, complex64, s);
  }
  , nullptr
  }
  ;
case FRL_OP_imag:
  return {FERRULE_VJP{return multiply(g, array(std::complex<float>(0, 1)), s);
  }
  , nullptr
  }
  ;
default:
  return {};  // steps: the gradient is zero
  }
  }

  }  // namespace

  const ElementwiseRule& unary_rule(uint32_t code) {
    static const std::vector<ElementwiseRule> rules = [] {
      std::vector<ElementwiseRule> all;
      for (uint32_t c = 0; c < FRL_OP_add; ++c) all.push_back(make_rule(c));
      return all;
    }();
    return rules[code];
  }

  }  // namespace ferrule::detail
