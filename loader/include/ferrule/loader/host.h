// A ready frl_host_api for programs that use plugins without the core: configuration from the environment, log lines to
// a handler. One per process; safe from any thread.
#pragma once
#include <string>

#include "ferrule/loader/log.h"
#include "ferrule/plugin.h"

namespace ferrule::loader {

// The variable behind a configuration key: "threads" -> FERRULE_THREADS, "cpu.target" -> FERRULE_CPU_TARGET.
std::string environment_name(const std::string& config_key);

// A value of the host's configuration, or nullptr; the string lives as long as the process. Reads the variable once,
// and nothing in a privileged process.
const char* config_value(const char* key);

// Where the plugins' log lines go, "<plugin>: <text>". An empty handler drops them (the default).
void set_host_log(LogHandler handler);

// The table to pass to open(); it lives as long as the process.
const frl_host_api* host_api();

}  // namespace ferrule::loader
