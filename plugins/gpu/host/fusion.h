// frl.fusion/1: expressions become kernels by run-time compilation. Any thread.
#pragma once

#include "ferrule/plugin.h"

namespace ferrule::gpu {

class Device;

// The table that device_extension returns for FRL_EXT_FUSION, version 1; nullptr where the compiler is missing.
const frl_fusion_api* fusion_extension(Device& device);

}  // namespace ferrule::gpu
