// Checks of constructor arguments.
#pragma once

#include <fmt/format.h>

#include "ferrule/error.h"

namespace ferrule::detail {

inline void require_positive(const char* op, const char* what, int value) {
  if (value <= 0) {
    throw error(ErrorCode::invalid_argument,
                fmt::format("[{}] {}; got {}; expected it to be positive", op, what, value));
  }
}

template <typename T>
void require_that(bool ok, const char* op, const char* what, T got, const char* expected) {
  if (!ok)
    throw error(ErrorCode::invalid_argument, fmt::format("[{}] {}; got {}; expected {}", op, what, got, expected));
}

}  // namespace ferrule::detail
