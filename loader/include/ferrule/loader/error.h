// The one exception of the loader: a single line that says what was got, what was expected and, where there is one,
// what to do. The core turns it into ferrule::error.
#pragma once
#include <stdexcept>

namespace ferrule::loader {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace ferrule::loader
