// Optimizer: turns gradients into new parameters, and keeps state per parameter. The state is a flat list of named
// arrays
// ("step", "learning_rate", "fc1.weight.m", ..), so that it can be saved, restored and passed through compile().
// Semantics and defaults follow mlx.optimizers. Externally synchronised.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ferrule/array.h"
#include "ferrule/nn/module.h"
#include "ferrule/optim/schedulers.h"

#pragma GCC visibility push(default)
namespace ferrule::optim {

using nn::Parameters;

// A number or a schedule.
struct LearningRate {
  LearningRate(double value) : value(value) {}                                    // NOLINT(google-explicit-constructor)
  LearningRate(Schedule schedule) : value(0.0), schedule(std::move(schedule)) {}  // NOLINT(google-explicit-constructor)
  double value;
  Schedule schedule;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // Makes the state of these parameters where it is missing. update() does so by itself; a compiled step needs it
  // before.
  void init(const Parameters& parameters);
  // The module takes the new parameters.
  void update(nn::Module& module, const Parameters& gradients);
  // The new values of the parameters named in `gradients`; advances the state.
  Parameters apply_gradients(const Parameters& gradients, const Parameters& parameters);

  Parameters state() const;
  // Takes a state of the same kind of optimizer; what it does not name is dropped. Throws when "step" or
  // "learning_rate" is missing.
  void set_state(const Parameters& state);

  array step() const { return step_; }  // uint64, 0-d
  array learning_rate() const { return learning_rate_; }
  // Without effect on the next step when there is a schedule.
  void set_learning_rate(double value);

 protected:
  explicit Optimizer(LearningRate rate);

  // One parameter's slots of state ("m", "v"), in the order of slot_names().
  using Slots = std::vector<array>;
  virtual std::vector<std::string> slot_names() const = 0;
  // The new value of one parameter; replaces its slots. `rate` has the gradient's dtype.
  virtual array apply_single(const array& gradient, const array& parameter, const array& rate, Slots& slots) const = 0;

 private:
  Slots& slots_of(const std::string& name, const array& parameter);

  Schedule schedule_;
  array step_, learning_rate_;
  std::vector<std::pair<std::string, Slots>> slots_;  // in the order of first use
  std::unordered_map<std::string, size_t> index_;
};

// Scales all gradients so that their joint Euclidean norm is at most max_norm; also returns the norm before.
std::pair<Parameters, array> clip_grad_norm(const Parameters& gradients, double max_norm);

}  // namespace ferrule::optim
#pragma GCC visibility pop
