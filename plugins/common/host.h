// What the host configures and how the plugin speaks back: config values and log lines. Any thread, after open.
#pragma once

#include <cstdint>

#include "ferrule/plugin.h"

namespace ferrule::plugin {

// Remembers the host's table (NULL forgets it) and the name that log lines carry. Called by open and shutdown only.
void set_host(const frl_host_api* host, const char* plugin_name);

// The host's value for `key` ("threads", "cpu.target", ...), or nullptr when unset or without a host.
const char* config(const char* key);

// As config, read as an integer; `fallback` when unset or not a number (which is logged).
int64_t config_int(const char* key, int64_t fallback);

// One line to the host's log sink; dropped without a host.
void log(int32_t level, const char* format, ...) __attribute__((format(printf, 2, 3)));

}  // namespace ferrule::plugin
