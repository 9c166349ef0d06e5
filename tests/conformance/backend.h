// The backend under test: the plugin opened through the loader, one open device, its kernels. Used from one thread,
// except where a runtime case says otherwise. Owns everything that it opens.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ferrule/loader/loader.h"
#include "op_table.h"

namespace ferrule::conformance {

class Backend {
 public:
  // By name (searched as the core does) or by path. Throws loader::Error or std::runtime_error with one line.
  static std::unique_ptr<Backend> by_name(const std::string& name);
  static std::unique_ptr<Backend> by_path(const std::string& path);
  // In-process plugins: the suite's own tests.
  static std::unique_ptr<Backend> from_tables(const std::string& name, const frl_plugin_api* api);
  ~Backend();

  const std::string& name() const { return name_; }
  const std::string& path() const { return path_; }  // empty for from_tables
  const frl_plugin_api& plugin() const { return *plugin_api_; }
  const frl_device_api& api() const { return api_; }           // every slot callable
  const frl_device_api* raw_api() const { return raw_api_; }   // as the plugin gave it
  frl_device* device() const { return device_; }               // nullptr where the backend has none
  const std::string& no_device() const { return no_device_; }  // then: why
  const frl_device_info& info() const { return info_; }
  uint32_t memory_kind() const;  // of ordinary device memory
  bool flushes_subnormals() const { return (info_.flags & FRL_DEVICE_FLUSHES_SUBNORMALS) != 0; }

  struct Found {
    frl_kernel* kernel = nullptr;
    std::string reason;  // why not, when kernel is null
  };
  const Found& kernel(const Op& op);
  // The highest profile for which any kernel is found; RUNTIME when there is none, ABI without a device.
  Profile claimed_profile();

 private:
  Backend() = default;
  void open_device();

  std::string name_, path_, no_device_;
  std::shared_ptr<loader::Plugin> loaded_;
  const frl_plugin_api* plugin_api_ = nullptr;
  frl_device* device_ = nullptr;
  const frl_device_api* raw_api_ = nullptr;
  frl_device_api api_{};
  frl_device_info info_{};
  std::map<uint32_t, Found> kernels_;
};

// An frl_error ready to be passed, and what it says.
struct Error {
  frl_error raw{};
  Error() { raw.struct_size = sizeof raw; }
  operator frl_error*() { return &raw; }  // NOLINT(google-explicit-constructor)
  std::string text() const { return raw.message; }
};
const char* status_name(frl_status status);
std::string describe(frl_status status, const Error& error);  // "OUT_OF_MEMORY: message"

// The host's side: log lines of the plugin are kept for the report; config reads FERRULE_<KEY>.
const frl_host_api* host_api();
std::vector<std::string> take_log();

}  // namespace ferrule::conformance
