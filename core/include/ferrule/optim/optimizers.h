// The optimizers, as in mlx.optimizers. w: parameter, g: gradient, lr: learning rate. Constructors throw
// invalid_argument for coefficients out of range.
#pragma once

#include <utility>

#include "ferrule/optim/optimizer.h"

#pragma GCC visibility push(default)
namespace ferrule::optim {

// v = momentum v + (1 - dampening) g;  w -= lr v.  Nesterov: w -= lr (g + momentum v). weight_decay w is added to g.
class SGD : public Optimizer {
 public:
  explicit SGD(LearningRate learning_rate, double momentum = 0.0, double weight_decay = 0.0, double dampening = 0.0,
               bool nesterov = false);

 protected:
  std::vector<std::string> slot_names() const override;
  array apply_single(const array& g, const array& w, const array& lr, Slots& slots) const override;

 private:
  double momentum_, weight_decay_, dampening_;
  bool nesterov_;
};

// v = alpha v + (1 - alpha) g^2;  w -= lr g / (sqrt(v) + eps).  Tieleman & Hinton, 2012.
class RMSprop : public Optimizer {
 public:
  explicit RMSprop(LearningRate learning_rate, double alpha = 0.99, double eps = 1e-8);

 protected:
  std::vector<std::string> slot_names() const override { return {"v"}; }
  array apply_single(const array& g, const array& w, const array& lr, Slots& slots) const override;

 private:
  double alpha_, eps_;
};

// v += g^2;  w -= lr g / (sqrt(v) + eps).  Duchi, Hazan & Singer, 2011.
class Adagrad : public Optimizer {
 public:
  explicit Adagrad(LearningRate learning_rate, double eps = 1e-8);

 protected:
  std::vector<std::string> slot_names() const override { return {"v"}; }
  array apply_single(const array& g, const array& w, const array& lr, Slots& slots) const override;

 private:
  double eps_;
};

using Betas = std::pair<double, double>;

// m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  w -= lr m / (sqrt(v) + eps), with bias_correction m and v divided
// by 1 - b^step first.  Kingma & Ba, 2015.
class Adam : public Optimizer {
 public:
  explicit Adam(LearningRate learning_rate, Betas betas = {0.9, 0.999}, double eps = 1e-8,
                bool bias_correction = false);

 protected:
  std::vector<std::string> slot_names() const override { return {"m", "v"}; }
  array apply_single(const array& g, const array& w, const array& lr, Slots& slots) const override;

 private:
  Betas betas_;
  double eps_;
  bool bias_correction_;
};

// Adam after w *= 1 - lr weight_decay.  Loshchilov & Hutter, 2019.
class AdamW : public Adam {
 public:
  explicit AdamW(LearningRate learning_rate, Betas betas = {0.9, 0.999}, double eps = 1e-8, double weight_decay = 0.01,
                 bool bias_correction = false);

 protected:
  array apply_single(const array& g, const array& w, const array& lr, Slots& slots) const override;

 private:
  double weight_decay_;
};

// c = b1 m + (1 - b1) g;  m = b2 m + (1 - b2) g;  w -= lr (sign(c) + weight_decay w).  Chen et al., 2023.
class Lion : public Optimizer {
 public:
  explicit Lion(LearningRate learning_rate, Betas betas = {0.9, 0.99}, double weight_decay = 0.0);

 protected:
  std::vector<std::string> slot_names() const override { return {"m"}; }
  array apply_single(const array& g, const array& w, const array& lr, Slots& slots) const override;

 private:
  Betas betas_;
  double weight_decay_;
};

}  // namespace ferrule::optim
#pragma GCC visibility pop
