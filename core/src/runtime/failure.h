// Throwing errors with formatted messages, and turning plugin statuses into errors.
#pragma once

#include <fmt/format.h>

#include "ferrule/error.h"
#include "ferrule/plugin.h"
#include "ferrule/shape.h"

namespace ferrule::detail {

template <typename... Args>
[[noreturn]] void fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw error(code, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
[[noreturn]] void invalid(fmt::format_string<Args...> format, Args&&... args) {
  throw error(ErrorCode::invalid_argument, fmt::format(format, std::forward<Args>(args)...));
}

// The caller-owned error of the ABI, ready to be filled.
struct PluginError : frl_error {
  PluginError() : frl_error{} { struct_size = sizeof(frl_error); }
};

// Throws unless status is FRL_OK; `what` names the call and device.
void check(frl_status status, const frl_error& plugin_error, const char* what);

// "(2, 3)"
std::string shape_text(const Shape& shape);

}  // namespace ferrule::detail
