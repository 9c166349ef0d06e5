#include "host/device.h"

#include <algorithm>
#include <cstring>

#include "host/batch.h"
#include "host/config.h"
#include "host/failure.h"
#include "host/profiler.h"
#include "host/runtime.h"
#include "host/staging.h"
#include "host/watcher.h"

namespace ferrule::gpu {

vendor::Status configured_facts(uint32_t index, vendor::DeviceFacts* out) {
  const vendor::Status status = vendor::device_facts(index, out);
  if (status != vendor::kOk) return status;
  if (config_flag("force_integrated")) out->integrated = true;
  if (config_flag("force_no_concurrent_managed")) out->concurrent_managed = false;
  return status;
}

Device::Device(uint32_t index) : index_(index) {
  check(vendor::set_device(index), "selecting the device");
  check(configured_facts(index, &facts_), "reading the device's properties");
  batch_policy_ = std::make_unique<BatchPolicy>(facts_);
  profiler_ = std::make_unique<Profiler>(*this);
  staging_ = std::make_unique<Staging>(*this);
  watcher_ = std::make_unique<Watcher>(*this);
}

Device::~Device() {
  watcher_.reset();
  if (driver_is_gone()) {  // what the states hold belongs to a driver that must not be touched
    for (State& state : states_) (void)state.value.release();
    return;
  }
  (void)vendor::set_device(index_);
  while (!states_.empty()) states_.pop_back();  // later ones may use earlier ones
}

void Device::activate() {
  if (lost()) [[unlikely]] {
    Failure failure(FRL_DEVICE_LOST, "%s", cause_.message);
    throw failure;
  }
  check(vendor::set_device(index_), "selecting the device");
}

void Device::allow_peer(uint32_t peer) {
  std::lock_guard lock(peers_mutex_);
  if (std::find(peers_.begin(), peers_.end(), peer) != peers_.end()) return;
  bool possible = false;
  const vendor::Status status = vendor::enable_peer_access(index_, peer, &possible);
  if (status != vendor::kOk) {  // the vendor copies without it, by way of the host
    vendor::clear_error();
    if (vendor::classify(status) == FRL_DEVICE_LOST) throw Failure(status, "asking for access to another device");
  }
  activate();
  peers_.push_back(peer);
  log(FRL_LOG_DEBUG, "device %u %s the memory of device %u", index_, possible ? "reaches" : "does not reach", peer);
}

void Device::lose(const frl_error& cause) {
  std::lock_guard lock(mutex_);
  if (lost_.load(std::memory_order_relaxed)) return;
  cause_ = cause;
  cause_.code = FRL_DEVICE_LOST;
  lost_.store(true, std::memory_order_release);
  log(FRL_LOG_ERROR, "device %u is lost: %s", index_, cause_.message);
}

DeviceState& Device::find_state(const void* key, MakeState make) {
  std::lock_guard lock(states_mutex_);
  for (State& state : states_) {
    if (state.key == key) return *state.value;
  }
  std::unique_ptr<DeviceState> made = make(*this);
  states_.push_back({key, std::move(made)});
  return *states_.back().value;
}

void Device::trim() {
  {
    std::lock_guard lock(states_mutex_);
    for (State& state : states_) state.value->trim();
  }
  std::lock_guard lock(trimmables_mutex_);
  for (Trimmable* object : trimmables_) object->trim();
}

void Device::add_trimmable(Trimmable* object) {
  std::lock_guard lock(trimmables_mutex_);
  trimmables_.push_back(object);
}

void Device::remove_trimmable(Trimmable* object) {
  std::lock_guard lock(trimmables_mutex_);
  std::erase(trimmables_, object);
}

Watcher& Device::watcher() { return *watcher_; }
void Device::stop_threads() { watcher_->stop(); }

}  // namespace ferrule::gpu
