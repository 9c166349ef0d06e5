// The plugin table of a gpu backend; the backend's plugin.cpp names it in FRL_DEFINE_PLUGIN.
#pragma once

#include "ferrule/plugin.h"

namespace ferrule::gpu {

// frl_manifest::open. Touches no device.
frl_status open_plugin(const frl_host_api* host, const frl_plugin_api** out_api, frl_error* error);

}  // namespace ferrule::gpu
