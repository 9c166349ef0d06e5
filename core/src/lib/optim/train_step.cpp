// The step as a pure function: (key, parameters, optimizer state, batch) -> (loss, key, parameters, optimizer state).
#include "ferrule/optim/train_step.h"

#include <algorithm>

#include "ferrule/compile.h"
#include "ferrule/random.h"
#include "ferrule/transforms.h"

namespace ferrule::optim {

namespace {

std::vector<array> part(const std::vector<array>& all, size_t begin, size_t count) {
  auto first = all.begin() + static_cast<std::ptrdiff_t>(begin);
  return {first, first + static_cast<std::ptrdiff_t>(count)};
}

void append(std::vector<array>& to, const Parameters& from) {
  for (const auto& [name, value] : from) to.push_back(value);
}

}  // namespace

TrainStep::TrainStep(nn::Module& module, Optimizer& optimizer, nn::LossFn fun, array key, bool compiled)
    : module_(module), optimizer_(optimizer), key_(std::move(key)) {
  optimizer_.init(module_.trainable_parameters());
  parameter_names_ = module_.parameters();
  state_names_ = optimizer_.state();
  auto gradient = nn::value_and_grad(module, std::move(fun));
  step_ = [this, gradient](const std::vector<array>& inputs) {
    size_t parameters = parameter_names_.size(), state = state_names_.size();
    module_.update(nn::with_values(parameter_names_, part(inputs, 1, parameters)));
    optimizer_.set_state(nn::with_values(state_names_, part(inputs, 1 + parameters, state)));
    auto [next_key, used_key] = random::split(inputs[0]);
    random::KeyScope scope(used_key);
    size_t before = 1 + parameters + state;
    auto [loss, gradients] = gradient(part(inputs, before, inputs.size() - before));
    optimizer_.update(module_, gradients);
    std::vector<array> outputs{loss, next_key};
    append(outputs, module_.parameters());
    append(outputs, optimizer_.state());
    return outputs;
  };
  if (compiled) step_ = compile(step_);
}

array TrainStep::operator()(const std::vector<array>& batch) {
  Parameters parameters = module_.parameters(), state = optimizer_.state();
  auto same_name = [](const auto& a, const auto& b) { return a.first == b.first; };
  if (!std::equal(state.begin(), state.end(), state_names_.begin(), state_names_.end(), same_name)) {
    throw error(ErrorCode::invalid_state,
                "[TrainStep] the optimizer's state has other names or another order than when the step was made");
  }
  std::vector<array> inputs{key_};
  append(inputs, parameters);
  append(inputs, state);
  inputs.insert(inputs.end(), batch.begin(), batch.end());
  std::vector<array> outputs;
  try {
    outputs = step_(inputs);
  } catch (...) {
    // Tracers must not stay in the module.
    module_.update(parameters);
    optimizer_.set_state(state);
    throw;
  }
  size_t n = parameter_names_.size();
  key_ = outputs[1];
  module_.update(nn::with_values(parameter_names_, part(outputs, 2, n)));
  optimizer_.set_state(nn::with_values(state_names_, part(outputs, 2 + n, state_names_.size())));
  array loss = outputs[0];
  async_eval(std::move(outputs));
  return loss;
}

}  // namespace ferrule::optim
