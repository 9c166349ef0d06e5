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

// Without the arrays, which would live as long as the names.
Parameters names_of(const Parameters& parameters) {
  Parameters names;
  for (const auto& [name, value] : parameters) names.emplace_back(name, array(0.0f));
  return names;
}

// In which order the outputs (loss, key, parameters, state) are computed: parameters from the last to the first, as the
// backward pass comes by them, each behind its own state. So each is updated, and what that needs dies, before the
// next one's gradient is made.
std::vector<size_t> backward_order(const Parameters& parameters, const Parameters& state) {
  const size_t n = parameters.size();
  std::vector<size_t> order{0, 1};
  auto add = [&order](size_t output) {
    if (std::find(order.begin(), order.end(), output) == order.end()) order.push_back(output);
  };
  for (size_t i = n; i-- > 0;) {
    for (size_t k = 0; k < state.size(); ++k) {
      if (state[k].first.starts_with(parameters[i].first + ".")) add(2 + n + k);
    }
    add(2 + i);
  }
  for (size_t k = 0; k < state.size(); ++k) add(2 + n + k);
  return order;
}

void append(std::vector<array>& to, const Parameters& from) {
  for (const auto& [name, value] : from) to.push_back(value);
}

}  // namespace

TrainStep::TrainStep(nn::Module& module, Optimizer& optimizer, nn::LossFn fun, array key, bool compiled)
    : module_(module), optimizer_(optimizer), key_(std::move(key)) {
  optimizer_.init(module_.trainable_parameters());
  parameter_names_ = names_of(module_.parameters());
  state_names_ = names_of(optimizer_.state());
  order_ = backward_order(parameter_names_, state_names_);
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
  // With no other reference left, the old parameters and state give their memory to the new ones.
  inputs.clear();
  parameters.clear();
  state.clear();
  std::vector<array> ordered;
  for (size_t i : order_) ordered.push_back(std::move(outputs[i]));
  async_eval(std::move(ordered));
  return loss;
}

}  // namespace ferrule::optim
