// One GPU as this plugin sees it, per device_open: facts, loss, and what kernel families keep for it. Any thread.
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

class Watcher;

struct BatchPolicy;
class Profiler;
class Staging;

// What gives memory back when device_trim asks for it.
class Trimmable {
 public:
  virtual ~Trimmable() = default;
  // Drops what no queued work uses. Any thread.
  virtual void trim() {}
};

// What a kernel family keeps per device, such as library handles and workspaces.
class DeviceState : public Trimmable {};

class Device {
 public:
  explicit Device(uint32_t index);  // throws Failure
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  uint32_t index() const { return index_; }
  // With the host's configuration applied (force_integrated, force_no_concurrent_managed).
  const vendor::DeviceFacts& facts() const { return facts_; }
  // Makes the device current for the calling thread. Throws Failure; DEVICE_LOST once it is lost.
  void activate();

  // Lets this device reach the memory of another one where the hardware can. Throws Failure.
  void allow_peer(uint32_t peer);

  // Marks the device lost with its first cause; later causes are ignored.
  void lose(const frl_error& cause);
  bool lost() const { return lost_.load(std::memory_order_acquire); }
  // The first cause; only when lost.
  const frl_error& cause() const { return cause_; }

  // The one T of this device, a DeviceState made by T(Device&) at first use and destroyed with the device.
  template <typename T>
  T& state() {
    return static_cast<T&>(
        find_state(&kStateKey<T>, [](Device& d) -> std::unique_ptr<DeviceState> { return std::make_unique<T>(d); }));
  }

  void trim();
  // Trimmed with the device, until removed.
  void add_trimmable(Trimmable* object);
  void remove_trimmable(Trimmable* object);

  BatchPolicy& batch_policy() { return *batch_policy_; }
  Profiler& profiler() { return *profiler_; }
  Staging& staging() { return *staging_; }
  // Calls back when events are done (watcher.h); its thread starts at first use.
  Watcher& watcher();
  void stop_threads();

 private:
  template <typename T>
  static constexpr char kStateKey = 0;
  using MakeState = std::unique_ptr<DeviceState> (*)(Device&);
  struct State {
    const void* key;
    std::unique_ptr<DeviceState> value;
  };
  DeviceState& find_state(const void* key, MakeState make);

  uint32_t index_;
  vendor::DeviceFacts facts_{};
  std::atomic<bool> lost_{false};
  std::mutex mutex_;
  frl_error cause_{};
  std::mutex peers_mutex_;
  std::vector<uint32_t> peers_;        // that were asked for
  std::recursive_mutex states_mutex_;  // a state may need another one
  std::vector<State> states_;
  std::mutex trimmables_mutex_;
  std::vector<Trimmable*> trimmables_;
  std::unique_ptr<BatchPolicy> batch_policy_;
  std::unique_ptr<Profiler> profiler_;
  std::unique_ptr<Staging> staging_;
  std::unique_ptr<Watcher> watcher_;
};

// The device's facts with the host's configuration applied.
vendor::Status configured_facts(uint32_t index, vendor::DeviceFacts* out);

}  // namespace ferrule::gpu
