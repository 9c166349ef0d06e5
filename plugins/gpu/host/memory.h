// Buffers: device, pinned, managed and shared memory.
#pragma once

#include <cstdint>

#include "ferrule/plugin.h"
#include "vendor/host.h"

namespace ferrule::gpu {

constexpr uint32_t kBufferAlignment = 256;

// Which kinds a device offers, as frl_device_info::memory_kinds.
uint32_t memory_kinds(const vendor::DeviceFacts& facts);

frl_status buffer_alloc(frl_device* device, uint32_t kind, uint64_t bytes, frl_buffer** out_buffer, frl_error* error);
void buffer_free(frl_device* device, frl_buffer* buffer);
frl_status buffer_map(frl_device* device, frl_buffer* buffer, void** out_pointer, frl_error* error);
frl_status buffer_unmap(frl_device* device, frl_buffer* buffer, frl_error* error);
frl_status memory_info(frl_device* device, uint64_t* out_free, uint64_t* out_total, frl_error* error);
frl_status device_trim(frl_device* device, frl_error* error);

}  // namespace ferrule::gpu
