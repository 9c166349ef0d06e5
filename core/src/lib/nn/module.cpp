// The parameter tree.
#include "ferrule/nn/module.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "ferrule/io.h"
#include "ferrule/transforms.h"

namespace ferrule::nn {

namespace {

[[noreturn]] void fail(const std::string& what) { throw error(ErrorCode::invalid_argument, what); }

// Puts a module's parameters back when a trace ends, however it ends.
class Restore {
 public:
  Restore(Module& module, Parameters saved) : module_(module), saved_(std::move(saved)) {}
  ~Restore() {
    try {
      module_.update(saved_);
    } catch (...) {
      // fun replaced a parameter by one of another shape; the caller sees that one.
    }
  }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

 private:
  Module& module_;
  Parameters saved_;
};

}  // namespace

std::vector<array> values(const Parameters& parameters) {
  std::vector<array> out;
  out.reserve(parameters.size());
  for (const auto& [name, value] : parameters) out.push_back(value);
  return out;
}

Parameters with_values(const Parameters& names, const std::vector<array>& arrays) {
  if (names.size() != arrays.size()) {
    fail(fmt::format("[with_values] got {} arrays; expected {}", arrays.size(), names.size()));
  }
  Parameters out;
  out.reserve(names.size());
  for (size_t i = 0; i < names.size(); ++i) out.emplace_back(names[i].first, arrays[i]);
  return out;
}

const array& find(const Parameters& parameters, const std::string& name) {
  for (const auto& entry : parameters) {
    if (entry.first == name) return entry.second;
  }
  fail(fmt::format("[parameters] nothing named '{}' among {} entries", name, parameters.size()));
}

Parameters with_prefix(const std::string& prefix, const Parameters& parameters) {
  Parameters out;
  for (const auto& [name, value] : parameters) out.emplace_back(prefix + "." + name, value);
  return out;
}

Parameters without_prefix(const std::string& prefix, const Parameters& parameters) {
  Parameters out;
  std::string start = prefix + ".";
  for (const auto& [name, value] : parameters) {
    if (name.starts_with(start)) out.emplace_back(name.substr(start.size()), value);
  }
  return out;
}

array Module::forward(const array&) {
  throw error(ErrorCode::unsupported, "[Module] this module has no forward function of one array");
}

void Module::require_new(const std::string& name) const {
  auto same = [&](const auto& entry) { return entry.first == name; };
  bool taken = std::any_of(parameters_.begin(), parameters_.end(), [&](const Slot& s) { return s.name == name; }) ||
               std::any_of(modules_.begin(), modules_.end(), same);
  if (taken || name.empty()) fail(fmt::format("[Module] name; got '{}'; expected one not used yet", name));
}

void Module::add_parameter(const std::string& name, array& parameter) {
  require_new(name);
  parameters_.push_back({name, &parameter, false});
}

void Module::add_module(const std::string& name, Module& module) {
  require_new(name);
  modules_.emplace_back(name, &module);
}

void Module::collect(const std::string& prefix, std::vector<Slot>& out) const {
  for (const Slot& slot : parameters_) out.push_back({prefix + slot.name, slot.value, slot.frozen});
  for (const auto& [name, module] : modules_) module->collect(prefix + name + ".", out);
}

Parameters Module::parameters() const {
  std::vector<Slot> slots;
  collect("", slots);
  Parameters out;
  for (const Slot& slot : slots) out.emplace_back(slot.name, *slot.value);
  return out;
}

Parameters Module::trainable_parameters() const {
  std::vector<Slot> slots;
  collect("", slots);
  Parameters out;
  for (const Slot& slot : slots) {
    if (!slot.frozen) out.emplace_back(slot.name, *slot.value);
  }
  return out;
}

void Module::update(const Parameters& parameters) {
  std::vector<Slot> slots;
  collect("", slots);
  std::unordered_map<std::string, array*> by_name;
  for (const Slot& slot : slots) by_name.emplace(slot.name, slot.value);
  std::vector<array*> targets;
  for (const auto& [name, value] : parameters) {
    auto it = by_name.find(name);
    if (it == by_name.end()) fail(fmt::format("[Module.update] no parameter is named '{}'", name));
    if (it->second->shape() != value.shape()) {
      fail(fmt::format("[Module.update] '{}'; got shape ({}); expected ({})", name, fmt::join(value.shape(), ", "),
                       fmt::join(it->second->shape(), ", ")));
    }
    targets.push_back(it->second);
  }
  for (size_t i = 0; i < targets.size(); ++i) *targets[i] = parameters[i].second;
}

Module& Module::train(bool mode) {
  training_ = mode;
  for (auto& [name, module] : modules_) module->train(mode);
  return *this;
}

Module& Module::set_frozen(bool frozen, const std::vector<std::string>& keys) {
  for (Slot& slot : parameters_) {
    if (keys.empty() || std::find(keys.begin(), keys.end(), slot.name) != keys.end()) slot.frozen = frozen;
  }
  for (auto& [name, module] : modules_) module->set_frozen(frozen, keys);
  return *this;
}

void Module::save_weights(const std::string& file) const {
  Parameters all = parameters();
  std::unordered_map<std::string, array> map(all.begin(), all.end());
  if (file.ends_with(".npz"))
    savez(file, std::move(map));
  else
    save_safetensors(file, std::move(map));
}

void Module::load_weights(const std::string& file, bool strict) {
  auto loaded = file.ends_with(".npz") ? load_npz(file) : load_safetensors(file).first;
  Parameters taken;
  for (const auto& [name, old] : parameters()) {
    auto it = loaded.find(name);
    if (it != loaded.end()) {
      taken.emplace_back(name, it->second);
      loaded.erase(it);
    } else if (strict) {
      throw error(ErrorCode::io, fmt::format("[load_weights] file '{}': no array for the parameter '{}'", file, name));
    }
  }
  if (strict && !loaded.empty()) {
    throw error(ErrorCode::io, fmt::format("[load_weights] file '{}': got '{}', which no parameter is named", file,
                                           loaded.begin()->first));
  }
  update(taken);
}

std::function<std::pair<array, Parameters>(const std::vector<array>&)> value_and_grad(Module& module, LossFn fun) {
  return [&module, fun = std::move(fun)](const std::vector<array>& args) {
    Parameters saved = module.trainable_parameters();
    if (saved.empty()) fail("[value_and_grad] the module has no trainable parameters");
    size_t n = saved.size();
    ScalarFn with_parameters = [&](const std::vector<array>& inputs) {
      std::vector<array> first(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(n));
      std::vector<array> rest(inputs.begin() + static_cast<std::ptrdiff_t>(n), inputs.end());
      module.update(with_values(saved, first));
      return fun(rest);
    };
    std::vector<int> argnums(n);
    for (size_t i = 0; i < n; ++i) argnums[i] = static_cast<int>(i);
    std::vector<array> inputs = values(saved);
    inputs.insert(inputs.end(), args.begin(), args.end());
    Restore restore(module, saved);
    auto [value, gradients] = ferrule::value_and_grad(with_parameters, argnums)(inputs);
    return std::pair<array, Parameters>(value, with_values(saved, gradients));
  };
}

}  // namespace ferrule::nn
