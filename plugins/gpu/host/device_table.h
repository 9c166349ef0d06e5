// The device slots of the plugin table, and the table of a device.
#pragma once

#include "ferrule/plugin.h"

namespace ferrule::gpu {

frl_status device_count(uint32_t* out_count, frl_error* error);
frl_status device_info(uint32_t index, frl_device_info* out_info, frl_error* error);
frl_status device_open(uint32_t index, frl_device** out_device, const frl_device_api** out_api, frl_error* error);
void device_close(frl_device* device);

}  // namespace ferrule::gpu
