// Inner loops of f64 for transcendental functions: libm, element by element, with long double where a formula needs
// more than f64 to meet the ULP table.
#include <cmath>
#include <limits>

#include "elementwise/loop_table.h"

namespace ferrule::cpu {
namespace {

template <double (*F)(double)>
void each1(const void* const* in, void* result, size_t n, uint32_t scalars) {
  const double* a = static_cast<const double*>(in[0]);
  double* out = static_cast<double*>(result);
  const size_t step = (scalars & 1) == 0;
  for (size_t i = 0; i < n; ++i) out[i] = F(a[i * step]);
}

template <double (*F)(double, double)>
void each2(const void* const* in, void* result, size_t n, uint32_t scalars) {
  const double* a = static_cast<const double*>(in[0]);
  const double* b = static_cast<const double*>(in[1]);
  double* out = static_cast<double*>(result);
  const size_t step_a = (scalars & 1) == 0;
  const size_t step_b = (scalars & 2) == 0;
  for (size_t i = 0; i < n; ++i) out[i] = F(a[i * step_a], b[i * step_b]);
}

// e / (1 + e) with e = exp(-|x|) keeps the relative accuracy of small results.
double sigmoid(double x) {
  const double e = std::exp(-std::fabs(x));
  return (x < 0 ? e : 1.0) / (1.0 + e);
}

// A start from the leading terms (Winitzki 2008), then Halley steps on erf, or on erfc where erf has lost its digits.
double erfinv(double x) {
  const double a = std::fabs(x);
  if (!(a < 1)) return a == 1 ? std::copysign(std::numeric_limits<double>::infinity(), x) : std::nan("");
  if (a < 1e-9) return x * 0.88622692545275801;
  const double w = std::log1p(-a * a);
  const double t = 4.3307467508 + 0.5 * w;  // 2 / (pi 0.147)
  long double y = std::sqrt(std::sqrt(t * t - w / 0.147) - t);
  constexpr long double kHalfSqrtPi = 0.886226925452758013649L;
  for (int step = 0; step < 4; ++step) {
    const long double gap =
        a < 0.5 ? std::erf(y) - static_cast<long double>(a) : (1.0L - static_cast<long double>(a)) - std::erfc(y);
    const long double newton = gap * kHalfSqrtPi * std::exp(y * y);
    y -= newton / (1 + y * newton);
  }
  return std::copysign(static_cast<double>(y), x);
}

// Where the sum cancels (both operands near -log 2) only a longer format keeps the digits.
double logaddexp(double x, double y) {
  if (std::isnan(x) || std::isnan(y)) return std::nan("");
  const long double high = x > y ? x : y;
  const long double low = x > y ? y : x;
  if (x == y) return static_cast<double>(high + 0.693147180559945309417L);
  if (std::isinf(high)) return static_cast<double>(high);
  return static_cast<double>(high + std::log1p(std::exp(low - high)));
}

double remainder(double x, double y) {
  double r = std::fmod(x, y);
  if (r != 0 && (std::signbit(r) != std::signbit(y))) r += y;
  return r;
}

}  // namespace

void add_double_loops(LoopTable& table) {
  const auto add = [&](uint32_t op, Loop loop) { table.ops[op][FRL_DTYPE_F64] = loop; };
  add(FRL_OP_exp, each1<std::exp>);
  add(FRL_OP_expm1, each1<std::expm1>);
  add(FRL_OP_log, each1<std::log>);
  add(FRL_OP_log2, each1<std::log2>);
  add(FRL_OP_log10, each1<std::log10>);
  add(FRL_OP_log1p, each1<std::log1p>);
  add(FRL_OP_sin, each1<std::sin>);
  add(FRL_OP_cos, each1<std::cos>);
  add(FRL_OP_tan, each1<std::tan>);
  add(FRL_OP_arcsin, each1<std::asin>);
  add(FRL_OP_arccos, each1<std::acos>);
  add(FRL_OP_arctan, each1<std::atan>);
  add(FRL_OP_sinh, each1<std::sinh>);
  add(FRL_OP_cosh, each1<std::cosh>);
  add(FRL_OP_tanh, each1<std::tanh>);
  add(FRL_OP_arcsinh, each1<std::asinh>);
  add(FRL_OP_arccosh, each1<std::acosh>);
  add(FRL_OP_arctanh, each1<std::atanh>);
  add(FRL_OP_sigmoid, each1<sigmoid>);
  add(FRL_OP_erf, each1<std::erf>);
  add(FRL_OP_erfinv, each1<erfinv>);
  add(FRL_OP_power, each2<std::pow>);
  add(FRL_OP_logaddexp, each2<logaddexp>);
  add(FRL_OP_arctan2, each2<std::atan2>);
  add(FRL_OP_remainder, each2<remainder>);
}

}  // namespace ferrule::cpu
