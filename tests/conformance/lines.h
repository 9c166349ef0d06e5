// Walking a row-major tensor line by line along one axis.
#pragma once

#include "tensor.h"

namespace ferrule::conformance {

// Calls f(first, step, length, line) for every line along `axis`: elements first, first + step, ...
template <typename F>
void for_each_line(const Shape& shape, int axis, F f) {
  const auto a = static_cast<size_t>(axis);
  int64_t step = 1, lines = 1;
  for (size_t i = a + 1; i < shape.size(); ++i) step *= shape[i];
  for (size_t i = 0; i < shape.size(); ++i)
    if (i != a) lines *= shape[i];
  for (int64_t line = 0; line < lines; ++line) f(line / step * step * shape[a] + line % step, step, shape[a], line);
}

}  // namespace ferrule::conformance
