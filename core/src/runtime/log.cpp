// The log sink: one handler for the process, called with one message at a time.
#include "ferrule/log.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string_view>

namespace ferrule {
namespace {

LogLevel level_from_environment() {
  const char* text = secure_getenv("FERRULE_LOG");
  std::string_view value = text ? text : "";
  if (value == "error") return LogLevel::error;
  if (value == "info") return LogLevel::info;
  if (value == "debug") return LogLevel::debug;
  return LogLevel::warning;
}

struct Sink {
  std::mutex mutex;
  LogHandler handler;
  std::atomic<LogLevel> level{level_from_environment()};
};

Sink& sink() {
  static Sink instance;
  return instance;
}

void print_to_stderr(LogLevel level, const std::string& message) {
  constexpr const char* kNames[] = {"error", "warning", "info", "debug"};
  std::fprintf(stderr, "ferrule: %s: %s\n", kNames[static_cast<int>(level)], message.c_str());
}

}  // namespace

void set_log_handler(LogHandler handler) {
  std::lock_guard lock(sink().mutex);
  sink().handler = std::move(handler);
}

void set_log_level(LogLevel level) { sink().level = level; }
LogLevel get_log_level() { return sink().level; }

void log(LogLevel level, const std::string& message) {
  if (level > sink().level) return;
  std::lock_guard lock(sink().mutex);
  if (sink().handler)
    sink().handler(level, message);
  else
    print_to_stderr(level, message);
}

}  // namespace ferrule
