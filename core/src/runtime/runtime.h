// The process's runtime: plugins found and opened, devices and streams in use, defaults. Made at the first use; at the
// end of the process it waits for queued work and tells the plugins that the process is exiting. Thread-safe.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ferrule/backend.h"
#include "ferrule/device.h"
#include "ferrule/loader/loader.h"
#include "runtime/device_runtime.h"
#include "runtime/dispatcher.h"

namespace ferrule::detail {

class Runtime {
 public:
  static Runtime& get();
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // Backend names as small numbers.
  uint16_t intern(const std::string& name);
  const std::string& backend_name(uint16_t id);

  const std::vector<loader::Candidate>& candidates();
  // Opens plugin and device at the first call; throws what keeps it from being used.
  DeviceRuntime& device(const Device& id);
  uint32_t device_count(const std::string& backend);

  Device default_device();
  void set_default_device(const Device& id);
  Device best_accelerator(int index);
  Stream default_stream(const Device& id);
  void set_default_stream(Stream stream);
  // The default stream of the default device, without a lock.
  Stream current_stream();
  Stream new_stream(const Device& id);
  StreamState& stream(Stream id);
  std::vector<Stream> streams();
  // Every open device.
  std::vector<DeviceRuntime*> open_devices();
  // Where ops without a kernel run. Throws when FERRULE_BACKEND excludes cpu or it cannot be opened.
  StreamState& fallback_stream();

 private:
  Runtime();
  std::shared_ptr<loader::Plugin> plugin(const std::string& backend);
  std::shared_ptr<loader::Plugin> open(const loader::Candidate& candidate);
  Stream stream_of(const Device& id);
  void publish_default();

  std::unique_ptr<Dispatcher> dispatcher_ = std::make_unique<Dispatcher>();
  // Recursive: opening a device looks up candidates and plugins. No plugin call but open, count and info happens under
  // it.
  std::recursive_mutex mutex_;
  std::mutex names_mutex_;
  std::deque<std::string> names_;
  bool discovered_ = false;
  std::vector<loader::Candidate> candidates_;
  std::map<std::string, std::shared_ptr<loader::Plugin>> plugins_;
  std::map<std::pair<uint16_t, int>, std::unique_ptr<DeviceRuntime>> devices_;
  std::map<std::pair<uint16_t, int>, Stream> default_streams_;
  std::vector<StreamState*> streams_;
  std::unique_ptr<Device> default_device_;
  std::atomic<uint64_t> current_{0};  // packed default stream; 0 = not chosen yet
};

// Throws in the child of a fork: devices, threads and locks do not survive it.
void require_same_process();

}  // namespace ferrule::detail
