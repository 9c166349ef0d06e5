// The one place where the library speaks. Default: warnings and errors to stderr; FERRULE_LOG=error|warn|info|debug.
#pragma once

#include <functional>
#include <string>

#pragma GCC visibility push(default)
namespace ferrule {

enum class LogLevel { error, warning, info, debug };
using LogHandler = std::function<void(LogLevel, const std::string& message)>;

// Replaces the handler; an empty one restores the default. May be called from any thread; the handler is called from
// any thread, one message at a time.
void set_log_handler(LogHandler handler);
void set_log_level(LogLevel level);
LogLevel get_log_level();
// Sends a message to the handler if the level is enabled.
void log(LogLevel level, const std::string& message);

}  // namespace ferrule
#pragma GCC visibility pop
