// Devices and streams by value: thin functions over the runtime. Also what backend.h and memory.h report.
#include "ferrule/device.h"

#include <ostream>

#include "ferrule/backend.h"
#include "ferrule/memory.h"
#include "runtime/failure.h"
#include "runtime/runtime.h"

namespace ferrule {

using detail::Runtime;

Device::Device(DeviceType type, int device_index) : index(device_index), backend(0) {
  if (type == DeviceType::gpu) backend = Runtime::get().best_accelerator(device_index).backend;
}
Device::Device(const std::string& name, int device_index) : index(device_index), backend(Runtime::get().intern(name)) {}
const std::string& Device::name() const { return Runtime::get().backend_name(backend); }
std::ostream& operator<<(std::ostream& os, const Device& device) { return os << device.name() << ':' << device.index; }
std::ostream& operator<<(std::ostream& os, const Stream& stream) {
  return os << "Stream(" << stream.device << ", " << stream.index << ')';
}

Device default_device() { return Runtime::get().current_stream().device; }
void set_default_device(const Device& device) { Runtime::get().set_default_device(device); }

bool is_available(const Device& device) {
  try {
    Runtime::get().device(device);
    return true;
  } catch (const error&) {
    return false;
  }
}
int device_count(const std::string& backend) { return static_cast<int>(Runtime::get().device_count(backend)); }

Stream default_stream(Device device) { return Runtime::get().default_stream(device); }
void set_default_stream(Stream stream) { Runtime::get().set_default_stream(stream); }
Stream new_stream(Device device) { return Runtime::get().new_stream(device); }
std::vector<Stream> get_streams() { return Runtime::get().streams(); }

void synchronize() { synchronize(Runtime::get().current_stream()); }
void synchronize(Stream stream) { Runtime::get().stream(stream).host_wait(); }

Stream to_stream(const StreamOrDevice& where) {
  switch (where.index()) {
    case 1:
      return std::get<Stream>(where);
    case 2:
      return default_stream(std::get<Device>(where));
    case 3:
      return default_stream(Device(std::get<Device::DeviceType>(where)));
    default:
      return Runtime::get().current_stream();
  }
}

StreamContext::StreamContext(const StreamOrDevice& where) : stream_{0, Device(Device::cpu)}, device_(default_device()) {
  Stream target = to_stream(where);
  stream_ = default_stream(target.device);
  set_default_device(target.device);
  set_default_stream(target);
}

StreamContext::~StreamContext() {
  set_default_stream(stream_);
  set_default_device(device_);
}

std::vector<BackendInfo> backends() {
  std::vector<BackendInfo> infos;
  for (const auto& c : Runtime::get().candidates()) {
    if (c.manifest.is_layer()) continue;
    infos.push_back(
        {c.manifest.name, c.manifest.vendor, c.manifest.version, c.path, c.manifest.score, c.usable, c.reason});
  }
  return infos;
}

std::vector<DeviceInfo> devices() {
  std::vector<DeviceInfo> infos;
  for (const auto& backend : backends()) {
    if (!backend.usable) continue;
    int count = 0;
    try {
      count = device_count(backend.name);
    } catch (const error&) {
      continue;  // ferrule doctor says why
    }
    for (int i = 0; i < count; ++i) {
      auto& device = Runtime::get().device(Device(backend.name, i));
      const frl_device_info& info = device.info();
      infos.push_back({backend.name, i, info.name, info.architecture, info.memory_total, device.free_memory(),
                       device.shares_host_memory()});
    }
  }
  return infos;
}

const void* device_extension(const Device& device, const char* name, uint32_t version) {
  return Runtime::get().device(device).extension(name, version);
}

namespace {

template <typename Read>
size_t sum_over_devices(Read read) {
  size_t total = 0;
  for (auto* device : Runtime::get().open_devices()) total += read(device->allocator());
  return total;
}

template <typename Set>
size_t set_on_devices(size_t before, Set set) {
  for (auto* device : Runtime::get().open_devices()) set(device->allocator());
  return before;
}

// Opens the default device, so that limits can be set before the first array.
void require_device() { Runtime::get().current_stream(); }

}  // namespace

size_t get_active_memory() {
  return sum_over_devices([](const detail::Allocator& a) { return a.active_bytes(); });
}
size_t get_peak_memory() {
  return sum_over_devices([](const detail::Allocator& a) { return a.peak_bytes(); });
}
size_t get_cache_memory() {
  return sum_over_devices([](const detail::Allocator& a) { return a.cached_bytes(); });
}
void reset_peak_memory() {
  for (auto* device : Runtime::get().open_devices()) device->allocator().reset_peak();
}
void clear_cache() {
  for (auto* device : Runtime::get().open_devices()) device->allocator().clear_cache();
}
size_t get_memory_limit() {
  require_device();
  return Runtime::get().device(default_device()).allocator().limit();
}
size_t set_memory_limit(size_t bytes) {
  return set_on_devices(get_memory_limit(), [&](detail::Allocator& a) { a.set_limit(bytes); });
}
size_t set_cache_limit(size_t bytes) {
  require_device();
  size_t before = Runtime::get().device(default_device()).allocator().cache_limit();
  return set_on_devices(before, [&](detail::Allocator& a) { a.set_cache_limit(bytes); });
}

}  // namespace ferrule
