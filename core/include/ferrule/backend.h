// Which backends there are, why a candidate was not taken, and what fell back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ferrule/device.h"

#pragma GCC visibility push(default)
namespace ferrule {

struct BackendInfo {
  std::string name;  // empty if the file could not be read so far
  std::string vendor, version, path;
  uint32_t score = 0;
  bool usable = false;
  std::string reason;  // why not
};
// Every plugin file found, in search order; opens none.
std::vector<BackendInfo> backends();

struct DeviceInfo {
  std::string backend;
  int index = 0;
  std::string name, architecture;
  uint64_t memory_total = 0, memory_free = 0;  // bytes
  bool shares_host_memory = false;
};
// The devices of all usable backends; opens them.
std::vector<DeviceInfo> devices();

// Ops that ran on the cpu backend because the array's own backend has neither kernel nor decomposition for them.
struct FallbackCount {
  std::string backend, op;
  uint64_t count;
};
std::vector<FallbackCount> fallback_counts();
void reset_fallback_counts();

enum class FallbackPolicy { warn, allow, error };
void set_fallback_policy(FallbackPolicy policy);  // FERRULE_FALLBACK
FallbackPolicy get_fallback_policy();

// Implicit copies of arrays between devices since the start.
uint64_t transfer_count();

// The extension table of a device ("frl.fusion", 1), or nullptr. For tools.
const void* device_extension(const Device& device, const char* name, uint32_t version);

}  // namespace ferrule
#pragma GCC visibility pop
