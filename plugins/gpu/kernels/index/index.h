// The index family on the host: run functions by file, and what they share.
#pragma once

#include <span>

#include "host/command_list.h"
#include "host/device.h"
#include "host/kernel.h"

namespace ferrule::gpu::index {

void gather(Device& device, const Call& call, CommandList& commands);
void gather_axis(Device& device, const Call& call, CommandList& commands);
void scatter(Device& device, const Call& call, CommandList& commands);
void scatter_axis(Device& device, const Call& call, CommandList& commands);
void masked_scatter(Device& device, const Call& call, CommandList& commands);

struct ScatterPlan;
// Bytes of scratch that a plan needs. The device is current.
uint64_t scatter_scratch(const ScatterPlan& plan);
// Bytes of scratch that masked_scatter needs for a mask of `size` elements.
uint64_t masked_scatter_bytes(int64_t size);

}  // namespace ferrule::gpu::index
