// frl.fusion of the backend "remote": what the cpu backend fuses, and float32 sums with an epilogue, element by element.
#pragma once

#include "ferrule/plugin.h"

namespace ferrule::test {

// `inner`: the cpu backend's table.
const frl_fusion_api* remote_fusion(const frl_fusion_api* inner);

}  // namespace ferrule::test
