// The cpu backend's entry: manifest, plugin table, open and shutdown. No work happens before open, and no thread starts
// before the first call on a stream.
#include "config.h"
#include "device.h"
#include "ferrule/plugin_entry.h"
#include "runtime.h"

namespace ferrule::cpu {
namespace {

frl_status quiesce(frl_error*) {
  quiesce_all();
  return FRL_OK;
}

void shutdown(int32_t process_is_exiting) { shutdown_all(process_is_exiting != 0); }

constexpr frl_plugin_api kPluginApi = {
    .struct_size = sizeof(frl_plugin_api),
    .abi_minor = FRL_ABI_MINOR,
    .device_count = device_count,
    .device_info = device_info,
    .device_open = device_open,
    .device_close = device_close,
    .quiesce = quiesce,
    .shutdown = shutdown,
    .plugin_extension = nullptr,
};

frl_status open(const frl_host_api* host, const frl_plugin_api** out_api, frl_error* error) {
  if (host == nullptr || out_api == nullptr) {
    return fail(error, FRL_INVALID_ARGUMENT, "[open] %s is NULL", host == nullptr ? "host" : "out_api");
  }
  plugin::set_host(host, "cpu");
  plugin::start_process();
  apply_target_config();
  *out_api = &kPluginApi;
  return FRL_OK;
}

}  // namespace
}  // namespace ferrule::cpu

FRL_DEFINE_PLUGIN("cpu", "Ferrule", "0.1.0", FRL_ROLE_BACKEND, 10, ferrule::cpu::open)
