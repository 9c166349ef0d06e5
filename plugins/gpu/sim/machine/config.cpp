#include "machine/config.h"

#include <algorithm>
#include <cstdlib>

namespace ferrule::gpu::sim {
namespace {

// The variable as a number; `fallback` where it is not set or no number.
uint64_t number(const char* name, uint64_t fallback) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return fallback;
  char* end = nullptr;
  const uint64_t value = std::strtoull(text, &end, 10);
  return *end == '\0' ? value : fallback;
}

Config read() {
  Config c;
  c.memory_bytes = number("FERRULE_SIM_MEMORY_MB", c.memory_bytes >> 20) << 20;
  c.devices = static_cast<uint32_t>(std::min<uint64_t>(number("FERRULE_SIM_DEVICES", c.devices), 8));
  c.shared_bytes = static_cast<uint32_t>(std::clamp<uint64_t>(number("FERRULE_SIM_SHARED_KB", 64), 48, 1024)) << 10;
  c.seed = number("FERRULE_SIM_SEED", 0);
  c.race_check = number("FERRULE_SIM_RACECHECK", 0) != 0;
  if (const char* faults = std::getenv("FERRULE_SIM_FAIL")) c.faults = faults;
  if (const char* compiler = std::getenv("FERRULE_SIM_COMPILER")) c.compiler = compiler;
  return c;
}

}  // namespace

const Config& config() {
  static const Config& instance = *new Config(read());
  return instance;
}

}  // namespace ferrule::gpu::sim
