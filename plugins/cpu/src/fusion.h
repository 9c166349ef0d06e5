// frl.fusion/1: an elementwise expression becomes a kernel that runs tile by tile in L1, through the same inner loops
// as the single ops (elementwise/tile_program.h). Any thread.
#pragma once

#include "ferrule/plugin.h"

namespace ferrule::cpu {

// The table that device_extension returns for FRL_EXT_FUSION, version 1.
const frl_fusion_api* fusion_extension();

}  // namespace ferrule::cpu
