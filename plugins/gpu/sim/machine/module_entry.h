// What a kernel compiled at run time is completed with: the calls of running.h, through the table of the machine that
// loads it, and the kernels that it exports. Included once, after the kernels, with FERRULE_SIM_MODULE defined.
#pragma once

#include <cstdarg>
#include <cstdio>

#include "machine/kernel.h"
#include "machine/running.h"

namespace ferrule::gpu::sim {

static const Machine* loaded_by = nullptr;

Running& self() { return *loaded_by->running; }
void fault(const char* format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  loaded_by->end_with(text);
  __builtin_unreachable();
}
void sync_block(const Site& site) { loaded_by->barrier(site); }
void sync_lanes(const Site& site) { loaded_by->warp_barrier(site); }
Lanes exchange(WarpCall call, const void* value, size_t bytes, bool vote, const Site& site) {
  return loaded_by->warp_exchange(call, value, bytes, vote, site);
}
std::byte* place_shared(SharedSlot& slot, size_t bytes, const char* name) {
  return loaded_by->place(slot, bytes, name);
}
SharedRange dynamic_shared() { return loaded_by->dynamic_memory(); }
size_t shared_bytes_from(const void* p) { return loaded_by->bytes_from(p); }
void touch_shared(const void* p, size_t bytes) { loaded_by->touch(p, bytes); }
void touch_atomic(const void* p, size_t bytes) { loaded_by->touch_by_atomic(p, bytes); }

}  // namespace ferrule::gpu::sim

extern "C" __attribute__((visibility("default"))) void ferrule_sim_connect(const ferrule::gpu::sim::Machine* machine) {
  ferrule::gpu::sim::loaded_by = machine;
}

#define FERRULE_SIM_EXPORT(name)                                                              \
  extern "C" __attribute__((visibility("default"))) const void* ferrule_sim_kernel_##name() { \
    return &::ferrule::gpu::sim::kernel_of<&name>;                                            \
  }
