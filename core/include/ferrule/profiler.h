// When a device was busy with what, where its backend offers frl.profiler. Off until started, and free of cost then.
// Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ferrule/device.h"

#pragma GCC visibility push(default)
namespace ferrule {

struct ProfileRecord {
  std::string name;  // the op, "copy", "graph"
  uint64_t stream = 0;
  uint64_t begin_ns = 0, end_ns = 0;  // the device's clock, of any origin
  uint64_t bytes = 0;                 // read and written; 0 = not known
};
struct Profile {
  std::vector<ProfileRecord> records;  // by stream in the order of their beginning
  uint64_t dropped = 0;                // found no room
};

bool has_profiler(const Device& device);
// Records work from now on, at most max_records of it between two reads. These throw error(unsupported) where the
// backend has no profiler, and error(invalid_state) when it is started (not started) already.
void start_profiler(const Device& device, uint64_t max_records = 1 << 16);
void stop_profiler(const Device& device);
// Waits for the device's work, and moves out what was recorded since the last read.
Profile read_profiler(const Device& device);

}  // namespace ferrule
#pragma GCC visibility pop
