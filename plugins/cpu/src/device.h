// The one device of this plugin: the machine's processor and its memory.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "handles.h"
#include "profiler.h"

struct frl_device : ferrule::cpu::Tagged<ferrule::cpu::kDeviceTag> {
  std::vector<frl_kernel> kernels;  // fixed after construction
  ferrule::cpu::Profiler profiler;  // streams point to it
};

namespace ferrule::cpu {

frl_status device_count(uint32_t* out_count, frl_error* error);
frl_status device_info(uint32_t index, frl_device_info* out_info, frl_error* error);
frl_status device_open(uint32_t index, frl_device** out_device, const frl_device_api** out_api, frl_error* error);
void device_close(frl_device* device);

}  // namespace ferrule::cpu
