// What the host configures for this plugin; keys of no plugin ("cache_dir") are read by plugin::config. Any thread, after
// open.
#pragma once

#include <cstdint>

#include "common/host.h"

namespace ferrule::gpu {

using plugin::log;

// The host's value for "<plugin>.<key>" ("cuda.force_integrated" is FERRULE_CUDA_FORCE_INTEGRATED), or nullptr when
// unset or without a host.
const char* config(const char* key);

// True for "1", false for "0"; `fallback` when unset, and for any other text, which is logged.
bool config_flag(const char* key, bool fallback = false);
// `fallback` when unset or not a number (which is logged).
int64_t config_int(const char* key, int64_t fallback);

}  // namespace ferrule::gpu
