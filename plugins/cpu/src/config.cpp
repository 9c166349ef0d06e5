// The host's table is the plugin's only global besides the pool; it is set by open and read by everybody.
#include "config.h"

#include <hwy/highway.h>

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace ferrule::cpu {
namespace {

constinit std::atomic<const frl_host_api*> g_host{nullptr};

struct Target {
  const char* name;
  int64_t bits;
};
#if HWY_ARCH_X86
constexpr Target kTargets[] = {{"avx512", HWY_AVX3}, {"avx2", HWY_AVX2}, {"baseline", HWY_STATIC_TARGET}};
#else
constexpr Target kTargets[] = {{"baseline", HWY_STATIC_TARGET}};
#endif

}  // namespace

void set_host(const frl_host_api* host) { g_host.store(host, std::memory_order_release); }

const char* config(const char* key) {
  const frl_host_api* host = g_host.load(std::memory_order_acquire);
  return host != nullptr && host->config != nullptr ? host->config(key) : nullptr;
}

int64_t config_int(const char* key, int64_t fallback) {
  const char* text = config(key);
  if (text == nullptr || *text == '\0') return fallback;
  char* end = nullptr;
  long long value = std::strtoll(text, &end, 10);
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
  va_list args;
  va_start(args, format);
  std::vsnprintf(text, sizeof text, format, args);
  va_end(args);
  host->log(level, "cpu", text);
}

void apply_target_config() {
  hwy::SetSupportedTargetsForTest(0);  // back to what the machine has
  const char* wanted = config("cpu.target");
  if (wanted != nullptr && *wanted != '\0') {
    const Target* found = nullptr;
    for (const Target& target : kTargets) {
      if (std::strcmp(wanted, target.name) == 0) found = &target;
    }
    bool available =
        found != nullptr && (found->bits == HWY_STATIC_TARGET || (hwy::SupportedTargets() & found->bits) != 0);
    if (available) {
      hwy::SetSupportedTargetsForTest(found->bits);
    } else {
      log(FRL_LOG_WARNING, "config cpu.target = \"%s\" ignored; expected baseline, avx2 or avx512, as this machine has",
          wanted);
    }
  }
  hwy::GetChosenTarget().DeInit();  // dispatch tables choose again at their next call
}

const char* target_name() {
  int64_t supported = hwy::SupportedTargets() & HWY_TARGETS;
  for (const Target& target : kTargets) {
    if ((supported & target.bits) != 0) return target.name;
  }
  return hwy::TargetName(supported & -supported);
}

}  // namespace ferrule::cpu
