#include "backend.h"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace ferrule::conformance {
namespace {

std::mutex log_mutex;
std::vector<std::string> log_lines;

void FRL_CALL keep_log(int32_t level, const char* plugin, const char* text) {
  const std::lock_guard lock(log_mutex);
  if (log_lines.size() < 1000) log_lines.push_back(fmt::format("{} [{}] {}", level, plugin, text));
}

const char* FRL_CALL config(const char* key) {
  std::string name = "FERRULE_";
  for (const char* c = key; *c; ++c)
    name += *c == '.' ? '_' : static_cast<char>(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
  return std::getenv(name.c_str());
}

const frl_host_api kHost = {sizeof(frl_host_api), FRL_ABI_MINOR, keep_log, config};

}  // namespace

const frl_host_api* host_api() { return &kHost; }

std::vector<std::string> take_log() {
  const std::lock_guard lock(log_mutex);
  return std::exchange(log_lines, {});
}

const char* status_name(frl_status status) {
  static constexpr const char* kNames[] = {"OK",          "INVALID_ARGUMENT", "UNSUPPORTED", "OUT_OF_MEMORY",
                                           "DEVICE_LOST", "TIMEOUT",          "CANCELLED",   "INVALID_STATE",
                                           "INTERNAL"};
  return status >= 0 && status < static_cast<frl_status>(std::size(kNames)) ? kNames[status] : "unknown status";
}

std::string describe(frl_status status, const Error& error) {
  return fmt::format("{}: {}", status_name(status), error.raw.message[0] ? error.raw.message : "(no message)");
}

std::unique_ptr<Backend> Backend::by_path(const std::string& path) {
  const loader::Candidate candidate = loader::inspect(std::filesystem::absolute(path).string());
  if (!candidate.usable) throw std::runtime_error(fmt::format("{}: {}", candidate.path, candidate.reason));
  std::unique_ptr<Backend> backend(new Backend);
  backend->loaded_ = loader::open(candidate, host_api());
  backend->name_ = backend->loaded_->name();
  backend->path_ = backend->loaded_->path();
  backend->plugin_api_ = backend->loaded_->api();
  backend->open_device();
  return backend;
}

std::unique_ptr<Backend> Backend::by_name(const std::string& name) {
  const auto candidates = loader::discover();
  for (const loader::Candidate& candidate : candidates)
    if (candidate.usable && candidate.manifest.name == name) return by_path(candidate.path);
  throw std::runtime_error(fmt::format("no usable backend \"{}\"; looked at:\n{}", name, loader::describe(candidates)));
}

std::unique_ptr<Backend> Backend::from_tables(const std::string& name, const frl_plugin_api* api) {
  std::unique_ptr<Backend> backend(new Backend);
  backend->name_ = name;
  backend->plugin_api_ = api;
  backend->open_device();
  return backend;
}

void Backend::open_device() {
  Error error;
  uint32_t devices = 0;
  frl_status status = plugin_api_->device_count(&devices, error);
  if (status != FRL_OK) throw std::runtime_error("device_count: " + describe(status, error));
  if (devices == 0) {
    no_device_ = error.text();
    return;
  }
  info_.struct_size = sizeof info_;
  status = plugin_api_->device_info(0, &info_, error);
  if (status != FRL_OK) throw std::runtime_error("device_info: " + describe(status, error));
  status = plugin_api_->device_open(0, &device_, &raw_api_, error);
  if (status != FRL_OK) throw std::runtime_error("device_open: " + describe(status, error));
  api_ = loader::full_device_api(raw_api_);
}

Backend::~Backend() {
  if (device_) plugin_api_->device_close(device_);
}

uint32_t Backend::memory_kind() const {
  return (info_.memory_kinds >> FRL_MEMORY_DEVICE) & 1u ? FRL_MEMORY_DEVICE : FRL_MEMORY_SHARED;
}

const Backend::Found& Backend::kernel(const Op& op) {
  const auto [it, added] = kernels_.try_emplace(op.code);
  if (added) {
    Error error;
    const frl_status status = api_.kernel_find(device_, op.name, op.version, &it->second.kernel, error);
    if (status != FRL_OK) {
      it->second.kernel = nullptr;
      it->second.reason = describe(status, error);
    } else if (!it->second.kernel) {
      it->second.reason = "kernel_find answered OK with a NULL kernel";
    }
  }
  return it->second;
}

Profile Backend::claimed_profile() {
  if (!device_) return Profile::ABI;
  Profile claimed = Profile::RUNTIME;
  for (const Op& o : all_ops())
    if (o.version > 0 && o.profile > claimed && kernel(o).kernel) claimed = o.profile;
  return claimed;
}

}  // namespace ferrule::conformance
