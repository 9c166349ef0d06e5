// What the host configures (common/host.h), and the instruction set that it asks for.
#pragma once

#include "common/host.h"

namespace ferrule::cpu {

using plugin::config;
using plugin::config_int;
using plugin::log;

// Config "cpu.target" (FERRULE_CPU_TARGET) = "baseline", "avx2" or "avx512" makes every kernel run the code of that
// instruction set, if this machine has it; unset: the best one. Called by
// open, while no kernel runs.
void apply_target_config();

// The instruction set that kernels use: "baseline", "avx2", "avx512", or on other machines Highway's name.
const char* target_name();

}  // namespace ferrule::cpu
