// Module: a tree of named parameters with a forward function. Members register themselves by reference, so a module is
// neither copied nor moved. Externally synchronised, like the arrays it holds.
//
//   struct Mlp : nn::Module {
//     nn::Linear fc1{784, 256}, fc2{256, 10};
//     Mlp() { add_module("fc1", fc1); add_module("fc2", fc2); }
//     array forward(const array& x) override { return fc2(nn::relu(fc1(x))); }
//   };
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "ferrule/array.h"

#pragma GCC visibility push(default)
namespace ferrule::nn {

// Dotted names ("layers.0.weight") and arrays, in the order of registration.
using Parameters = std::vector<std::pair<std::string, array>>;

// The arrays alone, and the reverse: `names` with other arrays (throws when the counts differ).
std::vector<array> values(const Parameters& parameters);
Parameters with_values(const Parameters& names, const std::vector<array>& arrays);
// The array of that name; throws when there is none.
const array& find(const Parameters& parameters, const std::string& name);
// Every name behind "prefix.".
Parameters with_prefix(const std::string& prefix, const Parameters& parameters);
// The reverse: the entries that begin with "prefix.", without it.
Parameters without_prefix(const std::string& prefix, const Parameters& parameters);

class Module {
 public:
  Module() = default;
  virtual ~Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  virtual array forward(const array& x);
  array operator()(const array& x) { return forward(x); }

  // All parameters, and those that are not frozen.
  Parameters parameters() const;
  Parameters trainable_parameters() const;
  // Replaces parameters by name. Throws (and changes nothing) for an unknown name or another shape.
  void update(const Parameters& parameters);

  // Sets the mode of this module and all below; dropout acts only in training. Modules begin in training.
  Module& train(bool mode = true);
  Module& eval() { return train(false); }
  bool training() const { return training_; }

  // Takes parameters out of trainable_parameters(), or back in: those of this module and all below, or only those whose
  // own names ("bias") are listed.
  Module& freeze(const std::vector<std::string>& keys = {}) { return set_frozen(true, keys); }
  Module& unfreeze(const std::vector<std::string>& keys = {}) { return set_frozen(false, keys); }

  // .safetensors, or .npz when the name ends so. Strict: names must match exactly; otherwise only those in common are
  // taken. Shapes must always match; dtypes are taken from the file.
  void save_weights(const std::string& file) const;
  void load_weights(const std::string& file, bool strict = true);

 protected:
  void add_parameter(const std::string& name, array& parameter);
  void add_module(const std::string& name, Module& module);

 private:
  struct Slot {
    std::string name;
    array* value;
    bool frozen;
  };
  void collect(const std::string& prefix, std::vector<Slot>& out) const;
  Module& set_frozen(bool frozen, const std::vector<std::string>& keys);
  void require_new(const std::string& name) const;

  std::vector<Slot> parameters_;
  std::vector<std::pair<std::string, Module*>> modules_;
  bool training_ = true;
};

using LossFn = std::function<array(const std::vector<array>&)>;
// A function that returns fun's value (a scalar) and its gradient by the module's trainable parameters, in their order
// and under their names. fun reads the parameters through the module; while it runs they are tracers.
std::function<std::pair<array, Parameters>(const std::vector<array>&)> value_and_grad(Module& module, LossFn fun);

}  // namespace ferrule::nn
#pragma GCC visibility pop
