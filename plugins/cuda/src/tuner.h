// Timing candidates on the device, for FERRULE_CUDA_TUNE=1: a query may then take milliseconds and memory of its own,
// and the fastest candidate is kept with the plan. Any thread; uses no stream but its own.
#pragma once

#include <cstddef>
#include <functional>

#include "host/device.h"

namespace ferrule::gpu {

bool tuning_enabled();

// Device memory that lives while candidates run. Throws Failure.
class TuningBuffer {
 public:
  explicit TuningBuffer(uint64_t bytes);
  ~TuningBuffer();
  TuningBuffer(const TuningBuffer&) = delete;
  TuningBuffer& operator=(const TuningBuffer&) = delete;
  void* data() const { return data_; }

 private:
  void* data_ = nullptr;
};

// The index of the fastest of `count` candidates; those that fail are left out. `count` when none worked.
size_t fastest(Device& device, size_t count, const std::function<vendor::Status(size_t, vendor::Stream)>& run);

}  // namespace ferrule::gpu
