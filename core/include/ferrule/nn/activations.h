// Activation functions, as in mlx.nn. Elementwise unless an axis is named; the result has x's dtype.
#pragma once

#include "ferrule/array.h"
#include "ferrule/ops.h"

#pragma GCC visibility push(default)
namespace ferrule::nn {

array relu(const array& x);   // max(x, 0)
array relu2(const array& x);  // relu(x)^2
array relu6(const array& x);  // min(relu(x), 6)
array leaky_relu(const array& x, double negative_slope = 0.01);
array prelu(const array& x, const array& alpha);
array elu(const array& x, double alpha = 1.0);
array celu(const array& x, double alpha = 1.0);
array selu(const array& x);
array gelu(const array& x);              // x * Phi(x). Hendrycks & Gimpel, 2016
array gelu_approx(const array& x);       // with tanh
array gelu_fast_approx(const array& x);  // x * sigmoid(1.702 x)
array silu(const array& x);              // x * sigmoid(x)
array mish(const array& x);              // x * tanh(softplus(x))
array hardswish(const array& x);
array hard_tanh(const array& x, double min_val = -1.0, double max_val = 1.0);
array hard_shrink(const array& x, double lambd = 0.5);
array softshrink(const array& x, double lambd = 0.5);
array softplus(const array& x);
array softsign(const array& x);
array log_sigmoid(const array& x);
array step(const array& x, double threshold = 0.0);  // int32: 0 below the threshold, else 1
array log_softmax(const array& x, int axis = -1);
array softmax(const array& x, int axis = -1);
array softmin(const array& x, int axis = -1);
array glu(const array& x, int axis = -1);  // a * sigmoid(b), a and b the halves of x
using ferrule::sigmoid;
using ferrule::tanh;

}  // namespace ferrule::nn
#pragma GCC visibility pop
