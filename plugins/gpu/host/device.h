// One GPU as this plugin sees it. Opened per device_open; any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "ferrule/plugin.h"
#include "host/kernel.h"
#include "vendor/host.h"

namespace ferrule::gpu {

class Device {
 public:
  explicit Device(uint32_t index);  // throws Failure
  virtual ~Device() = default;

  uint32_t index() const { return index_; }
  const vendor::DeviceFacts& facts() const { return facts_; }
  // Makes the device current for the calling thread. Throws Failure; DEVICE_LOST once it is lost.
  void activate();

  // Marks the device lost with its first cause; later causes are ignored.
  void lose(const frl_error& cause);
  bool lost() const { return lost_.load(std::memory_order_acquire); }
  // The first cause; only when lost.
  const frl_error& cause() const { return cause_; }

 private:
  uint32_t index_;
  vendor::DeviceFacts facts_{};
  std::atomic<bool> lost_{false};
  std::mutex mutex_;
  frl_error cause_{};
};

}  // namespace ferrule::gpu
