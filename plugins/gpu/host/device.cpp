#include "host/device.h"

#include <cstring>

#include "host/failure.h"

namespace ferrule::gpu {

Device::Device(uint32_t index) : index_(index) {
  check(vendor::set_device(index), "selecting the device");
  check(vendor::device_facts(index, &facts_), "reading the device's properties");
}

void Device::activate() {
  if (lost()) {
    Failure failure(FRL_DEVICE_LOST, "%s", cause_.message);
    throw failure;
  }
  check(vendor::set_device(index_), "selecting the device");
}

void Device::lose(const frl_error& cause) {
  std::lock_guard lock(mutex_);
  if (lost_.load(std::memory_order_relaxed)) return;
  cause_ = cause;
  cause_.code = FRL_DEVICE_LOST;
  lost_.store(true, std::memory_order_release);
}

}  // namespace ferrule::gpu
