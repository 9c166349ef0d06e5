// What the host configures and how the plugin speaks back: config values and log lines. Any thread, after open.
#pragma once

#include <cstdint>

#include "ferrule/plugin.h"

namespace ferrule::cpu {

// Remembers the host's table (NULL forgets it). Called by open and shutdown only.
void set_host(const frl_host_api* host);

// The host's value for `key` ("threads", "cpu.target", ...), or nullptr when unset or without a host.
const char* config(const char* key);

// As config, read as an integer; `fallback` when unset or not a number (which is logged).
int64_t config_int(const char* key, int64_t fallback);

// One line to the host's log sink; dropped without a host.
void log(int32_t level, const char* format, ...) __attribute__((format(printf, 2, 3)));

// Config "cpu.target" (FERRULE_CPU_TARGET) = "baseline", "avx2" or "avx512" makes every kernel run the code of that
// instruction set, if this machine has it; unset: the best one. Called by
// open, while no kernel runs.
void apply_target_config();

// The instruction set that kernels use: "baseline", "avx2", "avx512", or on other machines Highway's name.
const char* target_name();

}  // namespace ferrule::cpu
