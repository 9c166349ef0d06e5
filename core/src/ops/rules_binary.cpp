// Gradients and decompositions of the elementwise ops of two operands, and of select.
#include <numbers>

#include "ops/cotangent.h"
#include "ops/elementwise.h"

namespace ferrule::detail {
namespace {

#define FERRULE_VJP                                                                                  \
  []([[maybe_unused]] int which, [[maybe_unused]] const Arrays& in, [[maybe_unused]] const array& y, \
     [[maybe_unused]] const array& g, [[maybe_unused]] const Stream& s) -> array
#define FERRULE_DECOMPOSE []([[maybe_unused]] const Arrays& in, [[maybe_unused]] const Stream& s) -> array

array zero(const array& like) { return scalar(0, like.dtype()); }

array multiply_vjp(int which, const Arrays& in, const array&, const array& g, const Stream& s) {
  return product(g, conj(in[1 - static_cast<size_t>(which)], s), s);
}

array divide_vjp(int which, const Arrays& in, const array& y, const array& g, const Stream& s) {
  if (which == 0) return divide(g, conj(in[1], s), s);
  return negative(multiply(g, conj(divide(y, in[1], s), s), s), s);
}

// b * a^(b - 1) and log(a) * a^b; both are 0 where their limit is (b = 0; a = 0 with b > 0).
array power_vjp(int which, const Arrays& in, const array& y, const array& g, const Stream& s) {
  const array &a = in[0], &b = in[1];
  if (which == 0) {
    array slope = multiply(b, power(a, subtract(b, scalar(1, b.dtype()), s), s), s);
    return product(g, conj(where(equal(b, zero(b), s), zero(b), slope, s), s), s);
  }
  array slope = multiply(log(a, s), y, s);
  return product(g, conj(where(equal(y, zero(y), s), zero(y), slope, s), s), s);
}

array arctan2_vjp(int which, const Arrays& in, const array&, const array& g, const Stream& s) {
  array norm = add(square(in[0], s), square(in[1], s), s);
  return which == 0 ? product(g, divide(in[1], norm, s), s) : product(g, negative(divide(in[0], norm, s), s), s);
}

array logaddexp_vjp(int which, const Arrays& in, const array&, const array& g, const Stream& s) {
  array gap = which == 0 ? difference(in[0], in[1], s) : difference(in[1], in[0], s);
  return product(g, conj(sigmoid(gap, s), s), s);
}

// Equal operands (infinities among them) apart, where the difference would be NaN.
array logaddexp_by_log1p(const Arrays& in, const Stream& s) {
  const array &a = in[0], &b = in[1];
  array tail = log1p(exp(negative(abs(subtract(a, b, s), s), s), s), s);
  array log2 = scalar(std::numbers::ln2, a.dtype());
  return add(maximum(a, b, s), where(equal(a, b, s), log2, tail, s), s);
}

// To the first operand where `first`, else to the second: ties go to the second, as in MLX.
array pick_vjp(int which, const array& first, const array& g, const Stream& s) {
  return which == 0 ? where(first, g, zero(g), s) : where(first, zero(g), g, s);
}

// What an extremum y of a and b is compared by: y > b where a > b. Beside a scalar b it is y, so that a need not live
// until the backward pass (relu).
const array& compared(const Arrays& in, const array& y) { return in[1].size() == 1 ? y : in[0]; }

array select_vjp(int which, const Arrays& in, const array&, const array& g, const Stream& s) {
  if (which == 0) return zeros_as(in[0], s);
  return which == 1 ? where(in[0], g, zero(g), s) : where(in[0], zero(g), g, s);
}

array not_a_number(const array& a, const Stream& s) { return not_equal(a, a, s); }

ElementwiseRule make_rule(uint32_t code) {
  switch (code) {
    case FRL_OP_select:
      return {select_vjp, nullptr};
    case FRL_OP_add:
      return {FERRULE_VJP{return g;
  }
  , nullptr
};
case FRL_OP_subtract:
  return {FERRULE_VJP{return which == 0 ? g : negated(g, s);
}  // namespace
, nullptr
};  // namespace ferrule::detail
case FRL_OP_multiply:
  return {multiply_vjp, nullptr};
case FRL_OP_divide:
  return {divide_vjp, nullptr};
case FRL_OP_floor_divide:
  return {nullptr, FERRULE_DECOMPOSE{return floor(divide(in[0], in[1], s), s);
  }
  , /*floating_only=*/true
  }
  ;
case FRL_OP_remainder:
  return {FERRULE_VJP{return which == 0 ? g : negative(multiply(g, floor_divide(in[0], in[1], s), s), s);
  }
  , nullptr
  }
  ;
case FRL_OP_power:
  return {power_vjp, nullptr};
case FRL_OP_maximum:
  return {FERRULE_VJP{return pick_vjp(which, greater(compared(in, y), in[1], s), g, s);
  }
  , FERRULE_DECOMPOSE {
    return where(logical_or(greater(in[0], in[1], s), not_a_number(in[0], s), s), in[0], in[1], s);
  }
  }
  ;
case FRL_OP_minimum:
  return {FERRULE_VJP{return pick_vjp(which, less(compared(in, y), in[1], s), g, s);
  }
  , FERRULE_DECOMPOSE { return where(logical_or(less(in[0], in[1], s), not_a_number(in[0], s), s), in[0], in[1], s); }
  }
  ;
case FRL_OP_logaddexp:
  return {logaddexp_vjp, FERRULE_DECOMPOSE{return logaddexp_by_log1p(in, s);
  }
  }
  ;
case FRL_OP_arctan2:
  return {arctan2_vjp, nullptr};
case FRL_OP_not_equal:
  return {nullptr, FERRULE_DECOMPOSE{return logical_not(equal(in[0], in[1], s), s);
  }
  }
  ;
case FRL_OP_greater:
  return {nullptr, FERRULE_DECOMPOSE{return less(in[1], in[0], s);
  }
  }
  ;
case FRL_OP_greater_equal:
  return {nullptr, FERRULE_DECOMPOSE{return less_equal(in[1], in[0], s);
  }
  }
  ;
case FRL_OP_logical_and:
  return {nullptr, FERRULE_DECOMPOSE{return multiply(in[0], in[1], s);
  }
  }
  ;
case FRL_OP_logical_or:
  return {nullptr, FERRULE_DECOMPOSE{return add(in[0], in[1], s);
  }
  }
  ;
default:
  return {};  // comparisons, bits: the gradient is zero
  }
  }

  }  // namespace

  const ElementwiseRule& binary_rule(uint32_t code) {
    static const std::vector<ElementwiseRule> rules = [] {
      std::vector<ElementwiseRule> all;
      for (uint32_t c = 0; c < FRL_OP_reduce_sum; ++c) all.push_back(make_rule(c));
      return all;
    }();
    return rules[code];
  }

  }  // namespace ferrule::detail
