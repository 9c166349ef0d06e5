// Activation functions.
#include "ferrule/nn/activations.h"

#include <cmath>

#include "lib/nn/scalar.h"

namespace ferrule::nn {

using detail::scalar_like;

namespace {

// Zero in x's dtype, so that integers stay integers.
array zero(const array& x) { return array(0, x.dtype()); }

}  // namespace

array relu(const array& x) { return maximum(x, zero(x)); }
array relu2(const array& x) { return square(relu(x)); }
array relu6(const array& x) { return minimum(relu(x), scalar_like(6.0, x)); }
array leaky_relu(const array& x, double slope) { return maximum(scalar_like(slope, x) * x, x); }
array prelu(const array& x, const array& alpha) { return maximum(zero(x), x) + alpha * minimum(zero(x), x); }
array elu(const array& x, double alpha) {
  return where(x > zero(x), x, scalar_like(alpha, x) * (exp(x) - scalar_like(1.0, x)));
}
array celu(const array& x, double alpha) {
  array negative_part = exp(minimum(x, zero(x)) / scalar_like(alpha, x)) - scalar_like(1.0, x);
  return maximum(x, zero(x)) + scalar_like(alpha, x) * negative_part;
}
array selu(const array& x) { return elu(x, 1.67326) * scalar_like(1.0507, x); }
array gelu(const array& x) {
  array phi = scalar_like(1.0, x) + erf(x / scalar_like(std::sqrt(2.0), x));
  return x * phi / scalar_like(2.0, x);
}
array gelu_approx(const array& x) {
  array inner = scalar_like(std::sqrt(2.0 / M_PI), x) * (x + scalar_like(0.044715, x) * (x * square(x)));
  return scalar_like(0.5, x) * x * (scalar_like(1.0, x) + tanh(inner));
}
array gelu_fast_approx(const array& x) { return x * sigmoid(scalar_like(1.702, x) * x); }
array silu(const array& x) { return x * sigmoid(x); }
array mish(const array& x) { return x * tanh(softplus(x)); }
array hardswish(const array& x) {
  array six = scalar_like(6.0, x);
  return x * minimum(maximum(x + scalar_like(3.0, x), zero(x)), six) / six;
}
array hard_tanh(const array& x, double min_val, double max_val) {
  return minimum(maximum(x, scalar_like(min_val, x)), scalar_like(max_val, x));
}
array hard_shrink(const array& x, double lambd) { return where(abs(x) > scalar_like(lambd, x), x, zero(x)); }
array softshrink(const array& x, double lambd) {
  array l = scalar_like(lambd, x);
  return where(abs(x) > l, x - sign(x) * l, zero(x));
}
array softplus(const array& x) { return logaddexp(x, zero(x)); }
array softsign(const array& x) { return x / (scalar_like(1.0, x) + abs(x)); }
array log_sigmoid(const array& x) { return -softplus(-x); }
array step(const array& x, double threshold) { return where(x >= scalar_like(threshold, x), array(1), array(0)); }
array log_softmax(const array& x, int axis) {
  // Shifted first: adding the normaliser to a large maximum would round it away.
  array shifted = x - stop_gradient(max(x, axis, true));
  return shifted - logsumexp(shifted, axis, true);
}
array softmax(const array& x, int axis) { return ferrule::softmax(x, axis); }
array softmin(const array& x, int axis) { return ferrule::softmax(-x, axis); }
array glu(const array& x, int axis) {
  auto halves = split(x, 2, axis);
  return halves[0] * sigmoid(halves[1]);
}

}  // namespace ferrule::nn
