// The kernels that fusion_generate wrote, in the order of fusion_cases().
#pragma once

#include <vector>

#include "vendor/host.h"

namespace ferrule::gpu::testing {

struct GeneratedKernels {
  vendor::Function main, finish;
};
std::vector<GeneratedKernels> generated_kernels();

}  // namespace ferrule::gpu::testing
