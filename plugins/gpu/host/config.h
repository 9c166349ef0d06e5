// What the host configures and how the plugin speaks back: config values and log lines. Any thread, after open.
#pragma once

#include <cstdint>

#include "ferrule/plugin.h"

namespace ferrule::gpu {

// Remembers the host's table (NULL forgets it). Called by open and shutdown only.
void set_host(const frl_host_api* host);

// The host's value for "<plugin>.<key>" ("cuda.force_integrated" is FERRULE_CUDA_FORCE_INTEGRATED), or nullptr when
// unset or without a host.
const char* config(const char* key);
// The host's value for a key of no plugin ("cache_dir").
const char* host_config(const char* key);

// True for "1"; any other text but "0" and "" is logged and false.
bool config_flag(const char* key);
// `fallback` when unset or not a number (which is logged).
int64_t config_int(const char* key, int64_t fallback);

// One line to the host's log sink; dropped without a host.
void log(int32_t level, const char* format, ...) __attribute__((format(printf, 2, 3)));

}  // namespace ferrule::gpu
