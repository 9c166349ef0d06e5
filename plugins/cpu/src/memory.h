// Buffers (plain host memory) and what the machine has of it.
#pragma once

#include <cstdint>

#include "ferrule/plugin.h"

namespace ferrule::cpu {

constexpr uint32_t kBufferAlignment = 64;

struct MemoryInfo {
  uint64_t available, total;  // bytes, as limited by the control group
};
MemoryInfo memory_of_machine();

frl_status buffer_alloc(frl_device* device, uint32_t kind, uint64_t bytes, frl_buffer** out_buffer, frl_error* error);
void buffer_free(frl_device* device, frl_buffer* buffer);
frl_status buffer_map(frl_device* device, frl_buffer* buffer, void** out_pointer, frl_error* error);
frl_status buffer_unmap(frl_device* device, frl_buffer* buffer, frl_error* error);
frl_status memory_info(frl_device* device, uint64_t* out_free, uint64_t* out_total, frl_error* error);

}  // namespace ferrule::cpu
