// What belongs to the process rather than to a device: fork, exit, and the list of open streams that quiesce finishes.
#pragma once

#include "common/process.h"
#include "ferrule/plugin.h"

namespace ferrule::gpu {

class Device;
class Stream;

using plugin::is_forked_child;
using plugin::process_is_exiting;

// A driver's state does not survive a fork: a child that inherited it gets INVALID_STATE instead of a hang.
frl_status forked_error(const char* slot, frl_error* error);
inline frl_status check_process(const char* slot, frl_error* error) {
  return is_forked_child() ? forked_error(slot, error) : FRL_OK;
}
// True when destroying must leave the driver alone.
inline bool driver_is_gone() { return process_is_exiting() || is_forked_child(); }

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
