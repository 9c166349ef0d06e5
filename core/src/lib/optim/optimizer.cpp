// State keeping that all optimizers share, and gradient clipping.
#include "ferrule/optim/optimizer.h"

#include <fmt/format.h>

#include "ferrule/ops.h"

namespace ferrule::optim {

namespace {

constexpr const char* kStep = "step";
constexpr const char* kLearningRate = "learning_rate";

}  // namespace

Optimizer::Optimizer(LearningRate rate)
    : schedule_(std::move(rate.schedule)),
      step_(array(uint64_t{0}, uint64)),
      learning_rate_(schedule_ ? schedule_(step_) : array(rate.value, float32)) {}

void Optimizer::set_learning_rate(double value) { learning_rate_ = array(value, float32); }

Optimizer::Slots& Optimizer::slots_of(const std::string& name, const array& parameter) {
  auto [it, added] = index_.emplace(name, slots_.size());
  if (added) {
    Slots slots(slot_names().size(), zeros_like(parameter));
    slots_.emplace_back(name, std::move(slots));
  }
  return slots_[it->second].second;
}

void Optimizer::init(const Parameters& parameters) {
  for (const auto& [name, parameter] : parameters) slots_of(name, parameter);
}

void Optimizer::update(nn::Module& module, const Parameters& gradients) {
  module.update(apply_gradients(gradients, module.parameters()));
}

Parameters Optimizer::apply_gradients(const Parameters& gradients, const Parameters& parameters) {
  std::unordered_map<std::string, const array*> by_name;
  for (const auto& [name, value] : parameters) by_name.emplace(name, &value);
  for (const auto& [name, gradient] : gradients) {
    auto it = by_name.find(name);
    if (it == by_name.end() || it->second->shape() != gradient.shape()) {
      throw error(ErrorCode::invalid_argument,
                  fmt::format("[Optimizer] gradient '{}' of shape ({}); expected a parameter of that name and shape",
                              name, fmt::join(gradient.shape(), ", ")));
    }
  }
  if (schedule_) learning_rate_ = schedule_(step_);
  step_ = step_ + array(uint64_t{1}, uint64);
  Parameters updated;
  updated.reserve(gradients.size());
  for (const auto& [name, gradient] : gradients) {
    const array& parameter = *by_name.at(name);
    array rate = astype(learning_rate_, gradient.dtype());
    updated.emplace_back(name, apply_single(gradient, parameter, rate, slots_of(name, parameter)));
  }
  return updated;
}

Parameters Optimizer::state() const {
  Parameters out{{kStep, step_}, {kLearningRate, learning_rate_}};
  std::vector<std::string> names = slot_names();
  for (const auto& [parameter, slots] : slots_) {
    for (size_t i = 0; i < names.size(); ++i) out.emplace_back(parameter + "." + names[i], slots[i]);
  }
  return out;
}

void Optimizer::set_state(const Parameters& state) {
  array step = nn::find(state, kStep), rate = nn::find(state, kLearningRate);
  std::vector<std::string> names = slot_names();
  std::vector<std::pair<std::string, std::vector<std::pair<size_t, array>>>> grouped;
  std::unordered_map<std::string, size_t> index;
  for (const auto& [key, value] : state) {
    if (key == kStep || key == kLearningRate) continue;
    size_t dot = key.rfind('.');
    size_t slot = 0;
    while (slot < names.size() && (dot == std::string::npos || key.substr(dot + 1) != names[slot])) ++slot;
    if (slot == names.size()) {
      throw error(
          ErrorCode::invalid_argument,
          fmt::format("[Optimizer.set_state] '{}' is no state of this optimizer; expected names that end in one of: {}",
                      key, fmt::join(names, ", ")));
    }
    std::string parameter = key.substr(0, dot);
    auto [it, added] = index.emplace(parameter, grouped.size());
    if (added) grouped.push_back({parameter, {}});
    grouped[it->second].second.emplace_back(slot, value);
  }
  std::vector<std::pair<std::string, Slots>> slots;
  for (auto& [parameter, entries] : grouped) {
    Slots row(names.size(), entries[0].second);
    std::vector<bool> present(names.size());
    for (auto& [slot, value] : entries) {
      row[slot] = value;
      present[slot] = true;
    }
    for (size_t i = 0; i < names.size(); ++i) {
      if (!present[i]) {
        throw error(ErrorCode::invalid_argument,
                    fmt::format("[Optimizer.set_state] '{}.{}' is missing", parameter, names[i]));
      }
    }
    slots.emplace_back(parameter, std::move(row));
  }
  step_ = step;
  learning_rate_ = rate;
  slots_ = std::move(slots);
  index_ = std::move(index);
}

std::pair<Parameters, array> clip_grad_norm(const Parameters& gradients, double max_norm) {
  if (!(max_norm >= 0)) {
    throw error(ErrorCode::invalid_argument,
                fmt::format("[clip_grad_norm] max_norm; got {}; expected 0 or more", max_norm));
  }
  array squares(0.0f);
  // Squares of half-precision gradients overflow; summed in float32.
  for (const auto& [name, g] : gradients) squares = squares + sum(square(astype(g, promote_types(g.dtype(), float32))));
  array norm = sqrt(squares);
  array factor = minimum(array(max_norm, float32) / (norm + array(1e-6f)), array(1.0f));
  Parameters clipped;
  for (const auto& [name, g] : gradients) clipped.emplace_back(name, astype(g * factor, g.dtype()));
  return {clipped, norm};
}

}  // namespace ferrule::optim
