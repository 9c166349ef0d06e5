// TrainStep: loss, gradient and parameter update as one function of the batch, compiled once per batch shape.
#pragma once

#include <functional>
#include <vector>

#include "ferrule/nn/module.h"
#include "ferrule/optim/optimizer.h"

#pragma GCC visibility push(default)
namespace ferrule::optim {

// Each call computes fun(batch) and its gradient, updates module and optimizer, and returns the loss. Work is queued,
// not waited for. Random numbers in fun (dropout) come from `key`, which every call advances: the same key, parameters
// and batches give the same training. module and optimizer must outlive the step.
class TrainStep {
 public:
  TrainStep(nn::Module& module, Optimizer& optimizer, nn::LossFn fun, array key, bool compiled = true);
  array operator()(const std::vector<array>& batch);
  const array& key() const { return key_; }
  void set_key(array key) { key_ = std::move(key); }

 private:
  nn::Module& module_;
  Optimizer& optimizer_;
  array key_;
  Parameters parameter_names_, state_names_;
  std::vector<size_t> order_;  // in which the outputs are computed
  std::function<std::vector<array>(const std::vector<array>&)> step_;
};

}  // namespace ferrule::optim
#pragma GCC visibility pop
