#include "ferrule/loader/host.h"

#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "loader/platform/platform.h"

namespace ferrule::loader {
namespace {

struct HostState {
  std::mutex mutex;
  std::shared_ptr<const LogHandler> handler;
  std::map<std::string, std::optional<std::string>, std::less<>> values;  // nodes, and so the strings, stay in place
};

HostState& state() {
  static HostState instance;
  return instance;
}

// Plugins call these from anywhere, and no exception may reach them: a message for which there is no memory is lost.
void FRL_CALL log_line(int32_t level, const char* plugin, const char* text) try {
  std::shared_ptr<const LogHandler> handler;
  {
    const std::lock_guard lock(state().mutex);
    handler = state().handler;
  }
  if (!handler || !*handler) return;
  const std::string prefix = plugin == nullptr ? "" : std::string(plugin) + ": ";
  (*handler)(level, prefix + (text == nullptr ? "" : text));
} catch (...) {
}

const char* FRL_CALL config(const char* key) try { return config_value(key); } catch (...) {
  return nullptr;
}

constexpr frl_host_api kHostApi = {sizeof(frl_host_api), FRL_ABI_MINOR, &log_line, &config};

}  // namespace

std::string environment_name(const std::string& config_key) {
  std::string name = "FERRULE_";
  for (const char each : config_key) {
    const bool lower = each >= 'a' && each <= 'z';
    name += lower ? static_cast<char>(each - 'a' + 'A') : each == '.' ? '_' : each;
  }
  return name;
}

const char* config_value(const char* key) {
  if (key == nullptr) return nullptr;
  const std::lock_guard lock(state().mutex);
  auto found = state().values.find(key);
  if (found == state().values.end()) {
    found = state().values.emplace(key, platform::environment(environment_name(key).c_str())).first;
  }
  return found->second ? found->second->c_str() : nullptr;
}

void set_host_log(LogHandler handler) {
  const std::lock_guard lock(state().mutex);
  state().handler = std::make_shared<const LogHandler>(std::move(handler));
}

const frl_host_api* host_api() { return &kHostApi; }

}  // namespace ferrule::loader
