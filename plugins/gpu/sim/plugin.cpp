// The manifest of the simulated device; the plugin itself is plugins/gpu/host over vendor/. Score 0: chosen by name only.
#include "ferrule/plugin_entry.h"
#include "host/plugin_main.h"

#if FERRULE_SIM_WARP_WIDTH == 32
#define FERRULE_SIM_NAME "sim"
#else
#define FERRULE_SIM_NAME "sim64"
#endif

FRL_DEFINE_PLUGIN(FERRULE_SIM_NAME, "Ferrule", "0.1.0", FRL_ROLE_BACKEND, 0, ferrule::gpu::open_plugin)
