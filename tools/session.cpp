#include "session.h"

#include <fmt/format.h>

#include <array>

namespace ferrule::tools {

using loader::Candidate;
using loader::Error;

void check(frl_status status, const frl_error& error, const std::string& what) {
  if (status != FRL_OK) throw Error(what + ": " + loader::describe(status, error));
}

OpenDevice::OpenDevice(std::shared_ptr<loader::Plugin> plugin, uint32_t index) : plugin_(std::move(plugin)) {
  frl_error error = make_error();
  info_.struct_size = sizeof(info_);
  const std::string what = fmt::format("{}:{}", plugin_->name(), index);
  check(plugin_->api()->device_info(index, &info_, &error), error, what);
  const frl_device_api* table = nullptr;
  check(plugin_->api()->device_open(index, &handle_, &table, &error), error, what);
  api_ = loader::full_device_api(table);
}

Session::Session(const loader::LogHandler& log) {
  loader::SearchOptions options = loader::SearchOptions::from_environment();
  options.log = log;
  candidates_ = loader::discover(options);
  loader::set_host_log(log);
}

std::shared_ptr<loader::Plugin> Session::plugin(const Candidate& candidate) {
  if (const auto failed = failures_.find(candidate.path); failed != failures_.end()) throw Error(failed->second);
  std::shared_ptr<loader::Plugin>& plugin = plugins_[candidate.path];
  if (plugin) return plugin;
  try {
    plugin = loader::open(candidate, loader::host_api());
  } catch (const Error& error) {
    failures_[candidate.path] = error.what();
    throw;
  }
  return plugin;
}

std::vector<BackendDevices> Session::backends() {
  std::vector<BackendDevices> all;
  for (const Candidate& candidate : candidates_) {
    if (!candidate.usable || candidate.manifest.is_layer()) continue;
    BackendDevices devices;
    devices.candidate = &candidate;
    try {
      const auto opened = plugin(candidate);
      frl_error error = make_error();
      check(opened->api()->device_count(&devices.count, &error), error, "its devices cannot be counted");
      if (devices.count == 0) devices.reason = loader::unusable_device(*opened, 0);
    } catch (const Error& error) {
      devices.reason = error.what();
    }
    all.push_back(devices);
  }
  return all;
}

loader::Choice Session::choose_default() {
  return loader::choose(loader::Selection::from_environment(), candidates_,
                        [this](const Candidate& candidate, uint32_t index) -> std::string {
                          try {
                            return loader::unusable_device(*plugin(candidate), index);
                          } catch (const Error& error) {
                            return error.what();
                          }
                        });
}

const Candidate& Session::backend(const std::string& name) const {
  std::string known;
  for (const Candidate& candidate : candidates_) {
    if (!candidate.usable || candidate.manifest.is_layer()) continue;
    if (candidate.manifest.name == name) return candidate;
    known += (known.empty() ? "" : ", ") + candidate.manifest.name;
  }
  throw Error(fmt::format("no usable backend is called \"{}\"; there are: {}", name, known.empty() ? "none" : known));
}

std::string human_bytes(uint64_t bytes) {
  constexpr std::array<const char*, 5> units = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

}  // namespace ferrule::tools
