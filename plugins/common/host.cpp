#include "common/host.h"

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace ferrule::plugin {
namespace {

constinit std::atomic<const frl_host_api*> g_host{nullptr};
constinit std::atomic<const char*> g_name{""};

}  // namespace

void set_host(const frl_host_api* host, const char* plugin_name) {
  g_name.store(plugin_name, std::memory_order_relaxed);
  g_host.store(host, std::memory_order_release);
}

const char* config(const char* key) {
  const frl_host_api* host = g_host.load(std::memory_order_acquire);
  return host != nullptr && host->config != nullptr ? host->config(key) : nullptr;
}

int64_t config_int(const char* key, int64_t fallback) {
  const char* text = config(key);
  if (text == nullptr || *text == '\0') return fallback;
  char* end = nullptr;
  const long long value = std::strtoll(text, &end, 10);
  if (*end != '\0') {
    log(FRL_LOG_WARNING, "config %s = \"%s\" ignored; expected an integer", key, text);
    return fallback;
  }
  return value;
}

void log(int32_t level, const char* format, ...) {
  const frl_host_api* host = g_host.load(std::memory_order_acquire);
  if (host == nullptr || host->log == nullptr) return;
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  host->log(level, g_name.load(std::memory_order_relaxed), text);
}

}  // namespace ferrule::plugin
