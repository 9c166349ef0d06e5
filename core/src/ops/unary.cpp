// Elementwise ops of one operand. Rules (gradients, decompositions): rules_unary.cpp.
#include <numbers>

#include "ops/elementwise.h"

namespace ferrule {

using namespace detail;

namespace {

array unary(uint32_t code, const array& a, Dtype in, Dtype out, const StreamOrDevice& where) {
  Stream s = to_stream(where);
  if (a.dtype() == in) return elementwise(code, a.shape(), out, only(a), s);
  return elementwise(code, a.shape(), out, only(cast(a, in, s)), s);
}

void reject_complex(const char* name, const array& a) {
  if (is_complex(a.dtype())) fail(name, "complex values have no such function", describe(a), "a real dtype");
}

}  // namespace

// Inexact dtypes as they are, others as float32.
#define FERRULE_FLOATING(name)                                                               \
  array name(const array& a, StreamOrDevice s) {                                             \
    return unary(FRL_OP_##name, a, at_least_float(a.dtype()), at_least_float(a.dtype()), s); \
  }
FERRULE_FLOATING(sqrt)
FERRULE_FLOATING(rsqrt)
FERRULE_FLOATING(exp)
FERRULE_FLOATING(expm1)
FERRULE_FLOATING(log)
FERRULE_FLOATING(log2)
FERRULE_FLOATING(log10)
FERRULE_FLOATING(log1p)
FERRULE_FLOATING(sin)
FERRULE_FLOATING(cos)
FERRULE_FLOATING(tan)
FERRULE_FLOATING(arcsin)
FERRULE_FLOATING(arccos)
FERRULE_FLOATING(arctan)
FERRULE_FLOATING(sinh)
FERRULE_FLOATING(cosh)
FERRULE_FLOATING(tanh)
FERRULE_FLOATING(arcsinh)
FERRULE_FLOATING(arccosh)
FERRULE_FLOATING(arctanh)
FERRULE_FLOATING(sigmoid)
#undef FERRULE_FLOATING

// The same without complex.
#define FERRULE_REAL_FLOATING(name)                                                          \
  array name(const array& a, StreamOrDevice s) {                                             \
    reject_complex(#name, a);                                                                \
    return unary(FRL_OP_##name, a, at_least_float(a.dtype()), at_least_float(a.dtype()), s); \
  }
FERRULE_REAL_FLOATING(erf)
FERRULE_REAL_FLOATING(erfinv)
#undef FERRULE_REAL_FLOATING

// Identity on bool and integers.
#define FERRULE_ROUNDING(name)                               \
  array name(const array& a, StreamOrDevice s) {             \
    reject_complex(#name, a);                                \
    if (!is_inexact(a.dtype())) return a;                    \
    return unary(FRL_OP_##name, a, a.dtype(), a.dtype(), s); \
  }
FERRULE_ROUNDING(floor)
FERRULE_ROUNDING(ceil)
#undef FERRULE_ROUNDING

array trunc(const array& a, StreamOrDevice where) {
  reject_complex("trunc", a);
  if (!is_inexact(a.dtype())) return a;
  Stream s = to_stream(where);
  return detail::elementwise(FRL_OP_select, a.shape(), a.dtype(),
                             {less(a, scalar(0, a.dtype()), s), ceil(a, s), floor(a, s)}, s);
}

array round(const array& a, int decimals, StreamOrDevice where) {
  Stream s = to_stream(where);
  Dtype dtype = a.dtype();
  if (dtype == bool_) return a;
  if (decimals == 0) {
    return is_integer(dtype) ? a : unary(FRL_OP_round, a, dtype, dtype, s);
  }
  if (is_integer(dtype) && decimals > 0) return a;
  // As MLX: integers are rounded in float32.
  Dtype work = at_least_float(dtype);
  array x = cast(a, work, s);
  array scale = scalar(std::pow(10.0, std::abs(decimals)), work);
  array y = decimals > 0 ? divide(round(multiply(x, scale, s), 0, s), scale, s)
                         : multiply(round(divide(x, scale, s), 0, s), scale, s);
  return cast(y, dtype, s);
}

array abs(const array& a, StreamOrDevice s) {
  if (a.dtype() == bool_) return a;
  return unary(FRL_OP_abs, a, a.dtype(), is_complex(a.dtype()) ? float32 : a.dtype(), s);
}

array positive(const array& a, StreamOrDevice) { return a; }

array negative(const array& a, StreamOrDevice s) {
  if (a.dtype() == bool_) fail("negative", "bool has no negative", describe(a), "a number (see logical_not)");
  return unary(FRL_OP_negative, a, a.dtype(), a.dtype(), s);
}

array sign(const array& a, StreamOrDevice s) { return unary(FRL_OP_sign, a, a.dtype(), a.dtype(), s); }

array square(const array& a, StreamOrDevice s) {
  if (a.dtype() == bool_) return a;
  return unary(FRL_OP_square, a, a.dtype(), a.dtype(), s);
}

array reciprocal(const array& a, StreamOrDevice where) {
  Dtype dtype = at_least_float(a.dtype());
  return divide(scalar(1, dtype), a, where);
}

array degrees(const array& a, StreamOrDevice where) {
  return multiply(a, scalar(180.0 / std::numbers::pi, at_least_float(a.dtype())), where);
}

array radians(const array& a, StreamOrDevice where) {
  return multiply(a, scalar(std::numbers::pi / 180.0, at_least_float(a.dtype())), where);
}

array logical_not(const array& a, StreamOrDevice s) { return unary(FRL_OP_logical_not, a, bool_, bool_, s); }

array bitwise_invert(const array& a, StreamOrDevice s) {
  if (is_inexact(a.dtype())) fail("bitwise_invert", "no bits to invert", describe(a), "an integer or bool dtype");
  return unary(FRL_OP_bitwise_invert, a, a.dtype(), a.dtype(), s);
}

array real(const array& a, StreamOrDevice s) {
  return is_complex(a.dtype()) ? unary(FRL_OP_real, a, complex64, float32, s) : a;
}

array imag(const array& a, StreamOrDevice s) {
  return is_complex(a.dtype()) ? unary(FRL_OP_imag, a, complex64, float32, s) : zeros_like(a, s);
}

array conjugate(const array& a, StreamOrDevice s) {
  return is_complex(a.dtype()) ? unary(FRL_OP_conjugate, a, complex64, complex64, s) : a;
}

}  // namespace ferrule
