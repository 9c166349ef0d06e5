#include "host/plugin_main.h"

#include "host/config.h"
#include "host/device_table.h"
#include "host/handles.h"
#include "host/runtime.h"

namespace ferrule::gpu {
namespace {

frl_status quiesce(frl_error* error) {
  return guarded("quiesce", nullptr, error, [] { quiesce_all(); });
}

void shutdown(int32_t process_is_exiting) {
  (void)guarded("shutdown", nullptr, nullptr, [&] { shutdown_all(process_is_exiting != 0); });
}

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

}  // namespace

frl_status open_plugin(const frl_host_api* host, const frl_plugin_api** out_api, frl_error* error) {
  if (host == nullptr || out_api == nullptr) {
    return fail(error, FRL_INVALID_ARGUMENT, "[open] %s is NULL", host == nullptr ? "host" : "out_api");
  }
  plugin::set_host(host, vendor::kName);
  plugin::start_process();
  *out_api = &kPluginApi;
  return FRL_OK;
}

}  // namespace ferrule::gpu
