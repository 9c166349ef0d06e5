// The environment variables, what each does, and whether its present value is legal. docs/environment.md says the same.
#pragma once
#include <string>
#include <vector>

namespace ferrule::loader {

struct Variable {
  std::string name;
  bool is_set = false;  // never in a privileged process, which ignores every variable
  std::string value;
  std::string effect;    // of the present value, in words
  std::string problem;   // what was got and what was expected; empty when the value is legal
  bool ignored = false;  // an illegal value is ignored with a warning; of other variables it is an error
};

std::vector<Variable> environment_variables();

// Throws Error, which begins with the variable's name, for the first one whose value is illegal and not
// ignored.
void check_environment();

}  // namespace ferrule::loader
