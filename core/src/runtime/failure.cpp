#include "runtime/failure.h"

namespace ferrule::detail {

void check(frl_status status, const frl_error& plugin_error, const char* what) {
  if (status == FRL_OK) return;
  const char* text = plugin_error.message[0] ? plugin_error.message : "no message";
  ErrorCode code = status >= 1 && status <= 8 ? static_cast<ErrorCode>(status) : ErrorCode::internal;
  if (plugin_error.native_code != 0) {
    fail(code, "[{}] {} (native code {})", what, text, plugin_error.native_code);
  }
  fail(code, "[{}] {}", what, text);
}

std::string shape_text(const Shape& shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

}  // namespace ferrule::detail
