// Copies between host and device and on the device, and fills.
#pragma once

#include <cstdint>

#include "ferrule/plugin.h"

namespace ferrule::gpu {

frl_status copy_in(frl_stream* stream, frl_buffer* dst, uint64_t dst_offset, const void* src, uint64_t bytes,
                   uint32_t flags, frl_error* error);
frl_status copy_out(frl_stream* stream, void* dst, frl_buffer* src, uint64_t src_offset, uint64_t bytes,
                    frl_error* error);
frl_status copy(frl_stream* stream, frl_buffer* dst, uint64_t dst_offset, frl_buffer* src, uint64_t src_offset,
                uint64_t bytes, frl_error* error);
frl_status fill(frl_stream* stream, frl_buffer* dst, uint64_t offset, uint64_t bytes, uint64_t pattern,
                uint32_t pattern_bytes, frl_error* error);

}  // namespace ferrule::gpu
