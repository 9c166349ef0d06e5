// What every subcommand starts from: the candidates that were found, the plugins opened on demand, the default device.
// Single-threaded.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ferrule/loader/loader.h"

namespace ferrule::tools {

// An open device; closed with the object. The plugin stays open at least as long.
class OpenDevice {
 public:
  OpenDevice(std::shared_ptr<loader::Plugin> plugin, uint32_t index);  // throws loader::Error
  ~OpenDevice() { plugin_->api()->device_close(handle_); }
  OpenDevice(const OpenDevice&) = delete;
  OpenDevice& operator=(const OpenDevice&) = delete;

  frl_device* handle() const { return handle_; }
  const frl_device_api& api() const { return api_; }
  const frl_device_info& info() const { return info_; }

 private:
  std::shared_ptr<loader::Plugin> plugin_;
  frl_device* handle_ = nullptr;
  frl_device_api api_{};
  frl_device_info info_{};
};

struct BackendDevices {
  const loader::Candidate* candidate = nullptr;
  uint32_t count = 0;
  std::string reason;  // why there are none
};

class Session {
 public:
  // Discovers; opens nothing. The handler gets what the loader and the plugins log.
  explicit Session(const loader::LogHandler& log);

  const std::vector<loader::Candidate>& candidates() const { return candidates_; }
  // The plugin of a usable candidate, opened once. Throws loader::Error, the same one at each call.
  std::shared_ptr<loader::Plugin> plugin(const loader::Candidate& candidate);
  // The devices of every usable backend, in search order.
  std::vector<BackendDevices> backends();
  // Default device by FERRULE_BACKEND. Throws loader::Error.
  loader::Choice choose_default();
  // A usable backend by name. Throws loader::Error that names those there are.
  const loader::Candidate& backend(const std::string& name) const;

 private:
  std::vector<loader::Candidate> candidates_;
  std::map<std::string, std::shared_ptr<loader::Plugin>> plugins_;
  std::map<std::string, std::string> failures_;
};

// Throws loader::Error "<what>: <message>" unless status is FRL_OK.
void check(frl_status status, const frl_error& error, const std::string& what);
inline frl_error make_error() {
  frl_error error{};
  error.struct_size = sizeof(error);
  return error;
}

// "1.5 GiB".
std::string human_bytes(uint64_t bytes);

}  // namespace ferrule::tools
