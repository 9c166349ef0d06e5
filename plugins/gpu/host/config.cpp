#include "host/config.h"

#include <cstdio>
#include <cstring>

#include "vendor/host.h"

namespace ferrule::gpu {
namespace {

struct FullKey {
  explicit FullKey(const char* key) { std::snprintf(text, sizeof text, "%s.%s", vendor::kName, key); }
  char text[128];
};

}  // namespace

const char* config(const char* key) { return plugin::config(FullKey(key).text); }

bool config_flag(const char* key, bool fallback) {
  const char* text = config(key);
  if (text == nullptr || *text == '\0') return fallback;
  if (std::strcmp(text, "0") == 0) return false;
  if (std::strcmp(text, "1") == 0) return true;
  log(FRL_LOG_WARNING, "config %s.%s = \"%s\" ignored; expected 0 or 1", vendor::kName, key, text);
  return fallback;
}

int64_t config_int(const char* key, int64_t fallback) { return plugin::config_int(FullKey(key).text, fallback); }

}  // namespace ferrule::gpu
