// Linear, norms, embedding, dropout, sequences of layers.
#include "ferrule/nn/layers.h"

#include <cmath>

#include "ferrule/fast.h"
#include "ferrule/ops.h"
#include "ferrule/random.h"
#include "lib/nn/require.h"
#include "lib/nn/scalar.h"

namespace ferrule::nn {

using detail::require_positive;
using detail::require_that;

namespace {

int positive_dim(const char* op, const char* what, int value) {
  require_positive(op, what, value);
  return value;
}

array symmetric_uniform(double limit, const Shape& shape) { return random::uniform(-limit, limit, shape); }

float checked_eps(const char* op, float eps) {
  require_that(eps > 0.0f, op, "eps", eps, "it to be positive");
  return eps;
}

}  // namespace

Linear::Linear(int input_dims, int output_dims, bool with_bias)
    : weight(symmetric_uniform(std::sqrt(1.0 / positive_dim("Linear", "input_dims", input_dims)),
                               {positive_dim("Linear", "output_dims", output_dims), input_dims})) {
  add_parameter("weight", weight);
  if (with_bias) {
    bias = symmetric_uniform(std::sqrt(1.0 / input_dims), {output_dims});
    add_parameter("bias", *bias);
  }
}

array Linear::forward(const array& x) {
  array w = transpose(weight);
  return bias ? addmm(*bias, x, w) : matmul(x, w);
}

LayerNorm::LayerNorm(int dims, float eps, bool affine, bool with_bias)
    : dims_(positive_dim("LayerNorm", "dims", dims)), eps_(checked_eps("LayerNorm", eps)) {
  if (!affine) return;
  weight = ones({dims_});
  add_parameter("weight", *weight);
  if (with_bias) {
    bias = zeros({dims_});
    add_parameter("bias", *bias);
  }
}

array LayerNorm::forward(const array& x) { return fast::layer_norm(x, weight, bias, eps_); }

RMSNorm::RMSNorm(int dims, float eps)
    : weight(ones({positive_dim("RMSNorm", "dims", dims)})), eps_(checked_eps("RMSNorm", eps)) {
  add_parameter("weight", weight);
}

array RMSNorm::forward(const array& x) { return fast::rms_norm(x, weight, eps_); }

Embedding::Embedding(int num_embeddings, int dims)
    : weight(random::normal(
          {positive_dim("Embedding", "num_embeddings", num_embeddings), positive_dim("Embedding", "dims", dims)}, 0.0f,
          static_cast<float>(std::sqrt(1.0 / dims)))) {
  add_parameter("weight", weight);
}

array Embedding::forward(const array& x) { return take(weight, x, 0); }

array Embedding::as_linear(const array& x) const { return matmul(x, transpose(weight)); }

Dropout::Dropout(float p) : keep_(1.0f - p) { require_that(p >= 0.0f && p < 1.0f, "Dropout", "p", p, "0 <= p < 1"); }

array Dropout::forward(const array& x) {
  if (keep_ == 1.0f || !training()) return x;
  array mask = random::bernoulli(keep_, x.shape());
  return mask * x * detail::scalar_like(1.0 / keep_, x);
}

Sequential& Sequential::add(std::shared_ptr<Module> layer) {
  if (!layer) throw error(ErrorCode::invalid_argument, "[Sequential] got an empty layer; expected a module");
  add_module("layers." + std::to_string(steps_.size()), *layer);
  steps_.push_back({std::move(layer), {}});
  return *this;
}

Sequential& Sequential::add(Function function) {
  if (!function) throw error(ErrorCode::invalid_argument, "[Sequential] got an empty function; expected a callable");
  steps_.push_back({nullptr, std::move(function)});
  return *this;
}

array Sequential::forward(const array& x) {
  array y = x;
  for (const Step& step : steps_) y = step.module ? (*step.module)(y) : step.function(y);
  return y;
}

}  // namespace ferrule::nn
