// Inner loops of complex64, computed in complex<double>, whose functions follow the branch cuts of C99. f64 holds every
// product and quotient of f32 parts without overflow or cancellation error that f32 could see.
#include <cmath>
#include <complex>

#include "elementwise/loop_table.h"

namespace ferrule::cpu {
namespace {

using C32 = std::complex<float>;
using C = std::complex<double>;

C32 narrow(C z) { return {static_cast<float>(z.real()), static_cast<float>(z.imag())}; }

template <class F, class R>
void each1(const void* const* in, void* result, size_t n, uint32_t scalars) {
  const C32* a = static_cast<const C32*>(in[0]);
  R* out = static_cast<R*>(result);
  const size_t step = (scalars & 1) == 0;
  for (size_t i = 0; i < n; ++i) out[i] = F::apply(a[i * step]);
}

template <class F, class R>
void each2(const void* const* in, void* result, size_t n, uint32_t scalars) {
  const C32* a = static_cast<const C32*>(in[0]);
  const C32* b = static_cast<const C32*>(in[1]);
  R* out = static_cast<R*>(result);
  const size_t step_a = (scalars & 1) == 0;
  const size_t step_b = (scalars & 2) == 0;
  for (size_t i = 0; i < n; ++i) out[i] = F::apply(a[i * step_a], b[i * step_b]);
}

// The product and quotient by the plain formulas: the library's own spend most of their time on infinities.
C product(C a, C b) { return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()}; }
C quotient(C a, C b) {
  const double scale = b.real() * b.real() + b.imag() * b.imag();
  return {(a.real() * b.real() + a.imag() * b.imag()) / scale, (a.imag() * b.real() - a.real() * b.imag()) / scale};
}

C expm1(C z) {
  const double half_sin = std::sin(0.5 * z.imag());
  const double e = std::expm1(z.real());
  return {e * std::cos(z.imag()) - 2 * half_sin * half_sin, std::exp(z.real()) * std::sin(z.imag())};
}

C log1p(C z) {
  const double x = z.real();
  const double y = z.imag();
  // log |1 + z|; near the circle |1 + z| = 1 the square is formed without its 1.
  const double real = std::fabs(x) < 1e10 && std::fabs(y) < 1e10 ? 0.5 * std::log1p(x * (2 + x) + y * y)
                                                                 : std::log(std::hypot(1 + x, y));
  return {real, std::atan2(y, 1 + x)};
}

C sigmoid(C z) {
  if (z.real() >= 0) return quotient(C(1), C(1) + std::exp(-z));
  const C e = std::exp(z);
  return quotient(e, C(1) + e);
}

C power(C x, C y) {
  if (y == C(0)) return {1, 0};
  if (x == C(0)) return y.real() > 0 ? C(0) : C(std::nan(""), std::nan(""));
  return std::exp(product(y, std::log(x)));
}

bool less(C32 a, C32 b) { return a.real() < b.real() || (a.real() == b.real() && a.imag() < b.imag()); }
bool less_equal(C32 a, C32 b) { return a.real() < b.real() || (a.real() == b.real() && a.imag() <= b.imag()); }
bool has_nan(C32 a) { return std::isnan(a.real()) || std::isnan(a.imag()); }

C logaddexp(C32 x, C32 y) {
  if (has_nan(x)) return x;
  if (has_nan(y)) return y;
  const C high = less(x, y) ? y : x;
  const C low = less(x, y) ? x : y;
  if (std::isinf(high.real()) && (high.real() > 0 || low == high)) return high;
  return high + log1p(std::exp(low - high));
}

#define FERRULE_CPU_UNARY(Name, R, expression) \
  struct Name {                                \
    static R apply(C32 x) {                    \
      const C z = x;                           \
      (void)z;                                 \
      return expression;                       \
    }                                          \
  };
#define FERRULE_CPU_BINARY(Name, R, expression)         \
  struct Name {                                         \
    static R apply(C32 x, C32 y) { return expression; } \
  };

FERRULE_CPU_UNARY(Abs, float, static_cast<float>(std::hypot(z.real(), z.imag())))
FERRULE_CPU_UNARY(Negative, C32, -x)
FERRULE_CPU_UNARY(Sign, C32, z == C(0) ? C32(0) : narrow(z / std::hypot(z.real(), z.imag())))
FERRULE_CPU_UNARY(Round, C32, C32(std::nearbyint(x.real()), std::nearbyint(x.imag())))
FERRULE_CPU_UNARY(Square, C32, narrow(product(z, z)))
FERRULE_CPU_UNARY(Sqrt, C32, narrow(std::sqrt(z)))
FERRULE_CPU_UNARY(Rsqrt, C32, narrow(quotient(C(1), std::sqrt(z))))
FERRULE_CPU_UNARY(Exp, C32, narrow(std::exp(z)))
FERRULE_CPU_UNARY(Expm1, C32, narrow(expm1(z)))
FERRULE_CPU_UNARY(Log, C32, narrow(std::log(z)))
FERRULE_CPU_UNARY(Log2, C32, narrow(std::log(z) * 1.4426950408889634))
FERRULE_CPU_UNARY(Log10, C32, narrow(std::log(z) * 0.43429448190325182))
FERRULE_CPU_UNARY(Log1p, C32, narrow(log1p(z)))
FERRULE_CPU_UNARY(Sin, C32, narrow(std::sin(z)))
FERRULE_CPU_UNARY(Cos, C32, narrow(std::cos(z)))
FERRULE_CPU_UNARY(Tan, C32, narrow(std::tan(z)))
FERRULE_CPU_UNARY(Arcsin, C32, narrow(std::asin(z)))
FERRULE_CPU_UNARY(Arccos, C32, narrow(std::acos(z)))
FERRULE_CPU_UNARY(Arctan, C32, narrow(std::atan(z)))
FERRULE_CPU_UNARY(Sinh, C32, narrow(std::sinh(z)))
FERRULE_CPU_UNARY(Cosh, C32, narrow(std::cosh(z)))
FERRULE_CPU_UNARY(Tanh, C32, narrow(std::tanh(z)))
FERRULE_CPU_UNARY(Arcsinh, C32, narrow(std::asinh(z)))
FERRULE_CPU_UNARY(Arccosh, C32, narrow(std::acosh(z)))
FERRULE_CPU_UNARY(Arctanh, C32, narrow(std::atanh(z)))
FERRULE_CPU_UNARY(Sigmoid, C32, narrow(sigmoid(z)))
FERRULE_CPU_UNARY(Conjugate, C32, std::conj(x))
FERRULE_CPU_UNARY(Real, float, x.real())
FERRULE_CPU_UNARY(Imag, float, x.imag())

FERRULE_CPU_BINARY(Add, C32, x + y)
FERRULE_CPU_BINARY(Subtract, C32, x - y)
FERRULE_CPU_BINARY(Multiply, C32, narrow(product(x, y)))
FERRULE_CPU_BINARY(Divide, C32, narrow(quotient(x, y)))
FERRULE_CPU_BINARY(Power, C32, narrow(power(x, y)))
FERRULE_CPU_BINARY(Maximum, C32, has_nan(x) || (!has_nan(y) && less(y, x)) ? x : y)
FERRULE_CPU_BINARY(Minimum, C32, has_nan(x) || (!has_nan(y) && less(x, y)) ? x : y)
FERRULE_CPU_BINARY(Logaddexp, C32, narrow(logaddexp(x, y)))
FERRULE_CPU_BINARY(Equal, uint8_t, x == y)
FERRULE_CPU_BINARY(NotEqual, uint8_t, !(x == y))
FERRULE_CPU_BINARY(Less, uint8_t, less(x, y))
FERRULE_CPU_BINARY(LessEqual, uint8_t, less_equal(x, y))
FERRULE_CPU_BINARY(Greater, uint8_t, less(y, x))
FERRULE_CPU_BINARY(GreaterEqual, uint8_t, less_equal(y, x))

}  // namespace

void add_complex_loops(LoopTable& table) {
  const auto add = [&](uint32_t op, Loop loop) { table.ops[op][FRL_DTYPE_C64] = loop; };
  add(FRL_OP_abs, each1<Abs, float>);
  add(FRL_OP_negative, each1<Negative, C32>);
  add(FRL_OP_sign, each1<Sign, C32>);
  add(FRL_OP_round, each1<Round, C32>);
  add(FRL_OP_square, each1<Square, C32>);
  add(FRL_OP_sqrt, each1<Sqrt, C32>);
  add(FRL_OP_rsqrt, each1<Rsqrt, C32>);
  add(FRL_OP_exp, each1<Exp, C32>);
  add(FRL_OP_expm1, each1<Expm1, C32>);
  add(FRL_OP_log, each1<Log, C32>);
  add(FRL_OP_log2, each1<Log2, C32>);
  add(FRL_OP_log10, each1<Log10, C32>);
  add(FRL_OP_log1p, each1<Log1p, C32>);
  add(FRL_OP_sin, each1<Sin, C32>);
  add(FRL_OP_cos, each1<Cos, C32>);
  add(FRL_OP_tan, each1<Tan, C32>);
  add(FRL_OP_arcsin, each1<Arcsin, C32>);
  add(FRL_OP_arccos, each1<Arccos, C32>);
  add(FRL_OP_arctan, each1<Arctan, C32>);
  add(FRL_OP_sinh, each1<Sinh, C32>);
  add(FRL_OP_cosh, each1<Cosh, C32>);
  add(FRL_OP_tanh, each1<Tanh, C32>);
  add(FRL_OP_arcsinh, each1<Arcsinh, C32>);
  add(FRL_OP_arccosh, each1<Arccosh, C32>);
  add(FRL_OP_arctanh, each1<Arctanh, C32>);
  add(FRL_OP_sigmoid, each1<Sigmoid, C32>);
  add(FRL_OP_conjugate, each1<Conjugate, C32>);
  add(FRL_OP_real, each1<Real, float>);
  add(FRL_OP_imag, each1<Imag, float>);
  add(FRL_OP_add, each2<Add, C32>);
  add(FRL_OP_subtract, each2<Subtract, C32>);
  add(FRL_OP_multiply, each2<Multiply, C32>);
  add(FRL_OP_divide, each2<Divide, C32>);
  add(FRL_OP_power, each2<Power, C32>);
  add(FRL_OP_maximum, each2<Maximum, C32>);
  add(FRL_OP_minimum, each2<Minimum, C32>);
  add(FRL_OP_logaddexp, each2<Logaddexp, C32>);
  add(FRL_OP_equal, each2<Equal, uint8_t>);
  add(FRL_OP_not_equal, each2<NotEqual, uint8_t>);
  add(FRL_OP_less, each2<Less, uint8_t>);
  add(FRL_OP_less_equal, each2<LessEqual, uint8_t>);
  add(FRL_OP_greater, each2<Greater, uint8_t>);
  add(FRL_OP_greater_equal, each2<GreaterEqual, uint8_t>);
}

}  // namespace ferrule::cpu
