// The cuda backend's manifest; the plugin itself is plugins/gpu/host over plugins/cuda/vendor.
#include "ferrule/plugin_entry.h"
#include "host/plugin_main.h"

FRL_DEFINE_PLUGIN("cuda", "Ferrule", "0.1.0", FRL_ROLE_BACKEND, 100, ferrule::gpu::open_plugin)
