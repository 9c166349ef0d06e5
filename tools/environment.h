// The environment variables, what each does, and whether its present value is legal. docs/environment.md says the same.
#pragma once
#include <string>
#include <vector>

#include "ferrule/loader/log.h"

namespace ferrule::tools {

struct Variable {
  std::string name;
  bool is_set = false;
  std::string value;
  std::string effect;   // of the present value, in words
  std::string problem;  // empty when the value is legal
};

std::vector<Variable> environment_variables();

// Throws loader::Error for the first variable with an illegal value.
void check_environment();

// Writes to stderr what FERRULE_LOG lets through (default: warnings and errors).
loader::LogHandler log_handler();

}  // namespace ferrule::tools
