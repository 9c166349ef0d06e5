// The host's table is set by open and read by everybody.
#include "host/config.h"

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "vendor/host.h"

namespace ferrule::gpu {
namespace {

constinit std::atomic<const frl_host_api*> g_host{nullptr};

}  // namespace

void set_host(const frl_host_api* host) { g_host.store(host, std::memory_order_release); }

const char* host_config(const char* key) {
  const frl_host_api* host = g_host.load(std::memory_order_acquire);
  return host != nullptr && host->config != nullptr ? host->config(key) : nullptr;
}

const char* config(const char* key) {
  char name[128];
  std::snprintf(name, sizeof name, "%s.%s", vendor::kName, key);
  return host_config(name);
}

bool config_flag(const char* key) {
  const char* text = config(key);
  if (text == nullptr || *text == '\0' || std::strcmp(text, "0") == 0) return false;
  if (std::strcmp(text, "1") == 0) return true;
  log(FRL_LOG_WARNING, "config %s.%s = \"%s\" ignored; expected 0 or 1", vendor::kName, key, text);
  return false;
}

int64_t config_int(const char* key, int64_t fallback) {
  const char* text = config(key);
  if (text == nullptr || *text == '\0') return fallback;
  char* end = nullptr;
  const long long value = std::strtoll(text, &end, 10);
  if (*end != '\0') {
    log(FRL_LOG_WARNING, "config %s.%s = \"%s\" ignored; expected an integer", vendor::kName, key, text);
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
  host->log(level, vendor::kName, text);
}

}  // namespace ferrule::gpu
