// The simulated devices' memory: host memory with bookkeeping. New device memory is filled with 0xFF (its first MiB), and
// what lies beside an allocation is checked when it is freed; AddressSanitizer builds find accesses beside it at once.
#pragma once

#include <cstddef>
#include <cstdint>

#include "machine/status.h"

namespace ferrule::gpu::sim {

enum class MemoryKind : uint8_t { kDevice, kManaged, kPinned };

// Any thread. `device` is whose memory it takes; pinned memory takes none.
Status allocate(void** out, size_t bytes, MemoryKind kind, uint32_t device);
// The pointer may be null. `pinned` says which of the two frees it is.
Status release(void* p, bool pinned);
// Whether [p, p + bytes) stays inside the allocation that p lies in; true for addresses outside all allocations.
bool range_is_inside(const void* p, size_t bytes);
size_t used_bytes(uint32_t device);

}  // namespace ferrule::gpu::sim
