// What belongs to the process rather than to a device: fork, exit, and the list of open streams that quiesce finishes.
#pragma once

#include <atomic>

#include "ferrule/plugin.h"

namespace ferrule::gpu {

class Device;
class Stream;

namespace detail {
extern std::atomic<bool> g_forked, g_exiting;
}

// After shutdown(process_is_exiting = 1): destructors and frees do nothing, the driver is not touched.
inline bool process_is_exiting() { return detail::g_exiting.load(std::memory_order_relaxed); }

// A driver's state does not survive a fork: a child that inherited it gets INVALID_STATE instead of a hang.
frl_status forked_error(const char* slot, frl_error* error);
inline bool is_forked_child() { return detail::g_forked.load(std::memory_order_relaxed); }
inline frl_status check_process(const char* slot, frl_error* error) {
  return is_forked_child() ? forked_error(slot, error) : FRL_OK;
}
// True when destroying must leave the driver alone.
inline bool driver_is_gone() { return process_is_exiting() || is_forked_child(); }

// Called once from open: installs the fork handler.
void start_runtime();
// Called before the plugin first uses the driver; a fork before that leaves the child a working plugin.
void note_driver_used();

void register_device(Device* device);  // throws std::bad_alloc
void unregister_device(Device* device);
void register_stream(Stream* stream);  // throws std::bad_alloc
void unregister_stream(Stream* stream);

// Finishes all work and stops every thread of the plugin. Later work starts them again.
void quiesce_all();
// The last call.
void shutdown_all(bool process_is_exiting);

// Turns the exception that is being handled into a status and an error; a lost device is marked. `device` may be NULL.
frl_status report_exception(const char* slot, Device* device, frl_error* error) noexcept;

// Runs body, whose exceptions become a status.
template <typename Body>
frl_status guarded(const char* slot, Device* device, frl_error* error, const Body& body) noexcept {
  try {
    body();
    return FRL_OK;
  } catch (...) {
    return report_exception(slot, device, error);
  }
}

}  // namespace ferrule::gpu
