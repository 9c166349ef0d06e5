#include "runtime/runtime.h"

#include <pthread.h>

#include <algorithm>

#include "ferrule/loader/host.h"
#include "ferrule/log.h"
#include "runtime/failure.h"

namespace ferrule::detail {
namespace {

std::atomic<bool> exiting{false};
std::atomic<bool> forked{false};

void log_line(int32_t level, const std::string& text) { log(static_cast<LogLevel>(std::clamp(level, 0, 3)), text); }

uint64_t pack(Stream stream) {
  return (uint64_t{1} << 63) | (static_cast<uint64_t>(stream.index) << 32) |
         (static_cast<uint64_t>(stream.device.backend) << 16) | static_cast<uint16_t>(stream.device.index);
}
Stream unpack(uint64_t bits) {
  Device device(Device::cpu, static_cast<int>(bits & 0xffff));
  device.backend = static_cast<uint16_t>(bits >> 16);
  return {static_cast<int>((bits >> 32) & 0x7fffffff), device};
}

}  // namespace

bool process_is_exiting() { return exiting.load(std::memory_order_relaxed); }

void require_same_process() {
  if (forked.load(std::memory_order_relaxed)) {
    fail(ErrorCode::invalid_state,
         "[eval] this process was forked after ferrule was used; got a call in the child; expected a new process "
         "(fork before the first use, or use spawn instead of fork)");
  }
}

Runtime& Runtime::get() {
  static Runtime instance;
  return instance;
}

Runtime::Runtime() {
  names_.push_back("cpu");
  pthread_atfork(nullptr, nullptr, [] { forked = true; });
  loader::set_host_log(log_line);
}

Runtime::~Runtime() {
  bool child = forked;
  if (!child) {
    for (auto& [id, device] : devices_) device->wait_for_all_streams();
    dispatcher_->stop();
    for (auto& [id, device] : devices_) device->release_streams();
    for (auto& [id, device] : devices_) device->release_memory();
    devices_.clear();
  }
  exiting = true;
  if (child) {  // the parent's devices and threads are not the child's to end
    for (auto& [id, device] : devices_) (void)device.release();
    (void)dispatcher_.release();
  }
  for (auto& [name, plugin] : plugins_) {
    if (!child) plugin->api()->quiesce(nullptr);
    plugin->shutdown(true);
  }
}

uint16_t Runtime::intern(const std::string& name) {
  std::lock_guard lock(names_mutex_);
  for (size_t i = 0; i < names_.size(); ++i) {
    if (names_[i] == name) return static_cast<uint16_t>(i);
  }
  names_.push_back(name);
  return static_cast<uint16_t>(names_.size() - 1);
}

const std::string& Runtime::backend_name(uint16_t id) {
  std::lock_guard lock(names_mutex_);
  return names_.at(id);
}

const std::vector<loader::Candidate>& Runtime::candidates() {
  std::lock_guard lock(mutex_);
  if (!discovered_) {
    auto options = loader::SearchOptions::from_environment();
    options.log = [](int32_t level, const std::string& text) { log_line(level, "loader: " + text); };
    candidates_ = loader::discover(options);
    discovered_ = true;
  }
  return candidates_;
}

std::shared_ptr<loader::Plugin> Runtime::open(const loader::Candidate& candidate) {
  auto& slot = plugins_[candidate.manifest.name];
  if (!slot) {
    try {
      slot = loader::open(candidate, loader::host_api());
    } catch (const loader::Error& e) {
      plugins_.erase(candidate.manifest.name);
      throw error(ErrorCode::unsupported, e.what());
    }
  }
  return slot;
}

std::shared_ptr<loader::Plugin> Runtime::plugin(const std::string& backend) {
  std::lock_guard lock(mutex_);
  for (const auto& candidate : candidates()) {
    if (candidate.usable && candidate.manifest.name == backend && !candidate.manifest.is_layer()) {
      return open(candidate);
    }
  }
  fail(ErrorCode::unsupported, "[device] no usable backend '{}'; these were found:\n{}", backend,
       loader::describe(candidates()));
}

uint32_t Runtime::device_count(const std::string& backend) {
  PluginError plugin_error;
  uint32_t count = 0;
  check(plugin(backend)->api()->device_count(&count, &plugin_error), plugin_error, "device_count");
  return count;
}

DeviceRuntime& Runtime::device(const Device& id) {
  require_same_process();
  std::lock_guard lock(mutex_);
  auto key = std::pair(id.backend, id.index);
  auto it = devices_.find(key);
  if (it == devices_.end()) {
    auto opened = std::make_unique<DeviceRuntime>(plugin(id.name()), id, *dispatcher_);
    it = devices_.emplace(key, std::move(opened)).first;
  }
  return *it->second;
}

Device Runtime::default_device() {
  std::lock_guard lock(mutex_);
  if (!default_device_) {
    try {
      loader::check_environment();
      auto probe = [this](const loader::Candidate& candidate, uint32_t index) -> std::string {
        try {
          return loader::unusable_device(*open(candidate), index);
        } catch (const error& e) {
          return e.what();
        }
      };
      auto choice = loader::choose(loader::Selection::from_environment(), candidates(), probe);
      for (const auto& skipped : choice.skipped) {
        log(LogLevel::info, fmt::format("backend {} was not taken: {}", skipped.entry, skipped.reason));
      }
      log(LogLevel::info,
          fmt::format("default device {}:{} ({})", choice.candidate.manifest.name, choice.device_index, choice.reason));
      default_device_ = std::make_unique<Device>(choice.candidate.manifest.name, static_cast<int>(choice.device_index));
    } catch (const loader::Error& e) {
      throw error(ErrorCode::unsupported, e.what());
    }
  }
  return *default_device_;
}

void Runtime::set_default_device(const Device& id) {
  std::lock_guard lock(mutex_);
  device(id);
  default_device_ = std::make_unique<Device>(id);
  publish_default();
}

Device Runtime::best_accelerator(int index) {
  std::lock_guard lock(mutex_);
  Device chosen = default_device();
  if (chosen.name() != "cpu") return Device(chosen.name(), index);
  const loader::Candidate* best = nullptr;
  for (const auto& candidate : candidates()) {
    if (!candidate.usable || candidate.manifest.is_layer() || candidate.manifest.name == "cpu") continue;
    if (candidate.manifest.score > (best ? best->manifest.score : 0)) best = &candidate;
  }
  if (!best) {
    fail(ErrorCode::unsupported, "[device] there is no accelerator backend; these were found:\n{}",
         loader::describe(candidates()));
  }
  return Device(best->manifest.name, index);
}

Stream Runtime::stream_of(const Device& id) {
  DeviceRuntime& owner = device(id);
  Stream stream{static_cast<int>(streams_.size()), id};
  streams_.push_back(&owner.add_stream(stream));
  return stream;
}

Stream Runtime::new_stream(const Device& id) {
  std::lock_guard lock(mutex_);
  return stream_of(id);
}

Stream Runtime::default_stream(const Device& id) {
  std::lock_guard lock(mutex_);
  auto key = std::pair(id.backend, id.index);
  auto it = default_streams_.find(key);
  if (it == default_streams_.end()) it = default_streams_.emplace(key, stream_of(id)).first;
  return it->second;
}

void Runtime::set_default_stream(Stream id) {
  std::lock_guard lock(mutex_);
  stream(id);
  default_streams_.insert_or_assign(std::pair(id.device.backend, id.device.index), id);
  publish_default();
}

void Runtime::publish_default() {
  if (default_device_) current_ = pack(default_stream(*default_device_));
}

Stream Runtime::current_stream() {
  uint64_t bits = current_.load(std::memory_order_acquire);
  if (bits == 0) {
    std::lock_guard lock(mutex_);
    default_device();
    publish_default();
    bits = current_;
  }
  return unpack(bits);
}

StreamState& Runtime::stream(Stream id) {
  std::lock_guard lock(mutex_);
  if (id.index < 0 || static_cast<size_t>(id.index) >= streams_.size()) {
    invalid("[stream] no such stream; got index {}; expected one below {}", id.index, streams_.size());
  }
  return *streams_[static_cast<size_t>(id.index)];
}

std::vector<Stream> Runtime::streams() {
  std::lock_guard lock(mutex_);
  std::vector<Stream> ids;
  for (StreamState* state : streams_) ids.push_back(state->id());
  return ids;
}

std::vector<DeviceRuntime*> Runtime::open_devices() {
  std::lock_guard lock(mutex_);
  std::vector<DeviceRuntime*> open;
  for (auto& [id, device] : devices_) open.push_back(device.get());
  return open;
}

StreamState& Runtime::fallback_stream() {
  if (loader::Selection::from_environment().excludes("cpu")) {
    fail(ErrorCode::unsupported, "FERRULE_BACKEND excludes cpu, so nothing can fall back to it");
  }
  return stream(default_stream(Device(Device::cpu)));
}

}  // namespace ferrule::detail
