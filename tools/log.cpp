#include "log.h"

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

#include "ferrule/loader/host.h"

namespace ferrule::tools {

loader::LogHandler log_handler() {
  const char* value = loader::config_value("log");
  const std::string_view text = value == nullptr ? "warn" : value;
  const int32_t limit = text == "error"   ? FRL_LOG_ERROR
                        : text == "info"  ? FRL_LOG_INFO
                        : text == "debug" ? FRL_LOG_DEBUG
                                          : FRL_LOG_WARNING;
  return [limit](int32_t level, const std::string& message) {
    if (level > limit) return;
    static constexpr const char* kWords[] = {"error", "warning", "info", "debug"};
    fmt::print(stderr, "ferrule: {}: {}\n", level >= 0 && level < 4 ? kWords[level] : "debug", message);
  };
}

}  // namespace ferrule::tools
