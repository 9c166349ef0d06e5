// The update rules.
#include "ferrule/optim/optimizers.h"

#include <fmt/format.h>

#include "ferrule/ops.h"
#include "lib/nn/scalar.h"

namespace ferrule::optim {

using detail::scalar_like;

namespace {

void require(bool ok, const char* op, const char* what, double got, const char* expected) {
  if (!ok)
    throw error(ErrorCode::invalid_argument, fmt::format("[{}] {}; got {}; expected {}", op, what, got, expected));
}

void require_betas(const char* op, Betas betas) {
  require(betas.first >= 0.0 && betas.first < 1.0, op, "beta1", betas.first, "0 <= it < 1");
  require(betas.second >= 0.0 && betas.second < 1.0, op, "beta2", betas.second, "0 <= it < 1");
}

// decay * average + (1 - decay) * value.
array moving_average(double decay, const array& average, const array& value) {
  return scalar_like(decay, value) * average + scalar_like(1.0 - decay, value) * value;
}

}  // namespace

SGD::SGD(LearningRate learning_rate, double momentum, double weight_decay, double dampening, bool nesterov)
    : Optimizer(std::move(learning_rate)),
      momentum_(momentum),
      weight_decay_(weight_decay),
      dampening_(dampening),
      nesterov_(nesterov) {
  require(!nesterov || (momentum > 0.0 && dampening == 0.0), "SGD", "nesterov with momentum", momentum,
          "a positive momentum and no dampening");
}

std::vector<std::string> SGD::slot_names() const {
  return momentum_ > 0.0 ? std::vector<std::string>{"v"} : std::vector<std::string>{};
}

array SGD::apply_single(const array& gradient, const array& w, const array& lr, Slots& slots) const {
  array g = weight_decay_ == 0.0 ? gradient : gradient + scalar_like(weight_decay_, w) * w;
  if (momentum_ <= 0.0) return w - lr * g;
  array momentum = scalar_like(momentum_, g);
  slots[0] = momentum * slots[0] + (dampening_ > 0.0 ? scalar_like(1.0 - dampening_, g) * g : g);
  return w - lr * (nesterov_ ? g + momentum * slots[0] : slots[0]);
}

RMSprop::RMSprop(LearningRate learning_rate, double alpha, double eps)
    : Optimizer(std::move(learning_rate)), alpha_(alpha), eps_(eps) {
  require(alpha >= 0.0, "RMSprop", "alpha", alpha, "0 or more");
  require(eps > 0.0, "RMSprop", "eps", eps, "it to be positive");
}

array RMSprop::apply_single(const array& g, const array& w, const array& lr, Slots& slots) const {
  slots[0] = moving_average(alpha_, slots[0], square(g));
  return w - lr * g / (sqrt(slots[0]) + scalar_like(eps_, g));
}

Adagrad::Adagrad(LearningRate learning_rate, double eps) : Optimizer(std::move(learning_rate)), eps_(eps) {
  require(eps > 0.0, "Adagrad", "eps", eps, "it to be positive");
}

array Adagrad::apply_single(const array& g, const array& w, const array& lr, Slots& slots) const {
  slots[0] = slots[0] + square(g);
  return w - lr * g / (sqrt(slots[0]) + scalar_like(eps_, g));
}

Adam::Adam(LearningRate learning_rate, Betas betas, double eps, bool bias_correction)
    : Optimizer(std::move(learning_rate)), betas_(betas), eps_(eps), bias_correction_(bias_correction) {
  require_betas("Adam", betas);
  require(eps >= 0.0, "Adam", "eps", eps, "0 or more");
}

array Adam::apply_single(const array& g, const array& w, const array& lr, Slots& slots) const {
  array& m = slots[0];
  array& v = slots[1];
  m = moving_average(betas_.first, m, g);
  v = moving_average(betas_.second, v, square(g));
  if (!bias_correction_) return w - lr * m / (sqrt(v) + scalar_like(eps_, g));
  array one(1.0f), steps = astype(step(), float32);
  array c1 = astype(lr / (one - power(array(betas_.first, float32), steps)), g.dtype());
  array c2 = astype(rsqrt(one - power(array(betas_.second, float32), steps)), g.dtype());
  return w - c1 * m / (sqrt(v) * c2 + scalar_like(eps_, g));
}

AdamW::AdamW(LearningRate learning_rate, Betas betas, double eps, double weight_decay, bool bias_correction)
    : Adam(std::move(learning_rate), betas, eps, bias_correction), weight_decay_(weight_decay) {}

array AdamW::apply_single(const array& g, const array& w, const array& lr, Slots& slots) const {
  array decayed = w * (scalar_like(1.0, lr) - lr * scalar_like(weight_decay_, lr));
  return Adam::apply_single(g, decayed, lr, slots);
}

Lion::Lion(LearningRate learning_rate, Betas betas, double weight_decay)
    : Optimizer(std::move(learning_rate)), betas_(betas), weight_decay_(weight_decay) {
  require_betas("Lion", betas);
}

array Lion::apply_single(const array& g, const array& w, const array& lr, Slots& slots) const {
  array direction = sign(moving_average(betas_.first, slots[0], g));
  slots[0] = moving_average(betas_.second, slots[0], g);
  if (weight_decay_ <= 0.0) return w - lr * direction;
  return (scalar_like(1.0, lr) - lr * scalar_like(weight_decay_, lr)) * w - lr * direction;
}

}  // namespace ferrule::optim
