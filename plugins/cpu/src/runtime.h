// What belongs to the process rather than to a device: the list of streams, and what a fork breaks.
#pragma once

#include "common/process.h"
#include "ferrule/plugin.h"

namespace ferrule::cpu {

class Stream;

using plugin::is_forked_child;
using plugin::process_is_exiting;

// Our threads do not survive a fork: a child that inherited them gets INVALID_STATE instead of a hang.
frl_status forked_error(const char* slot, frl_error* error);
inline frl_status check_process(const char* slot, frl_error* error) {
  return is_forked_child() ? forked_error(slot, error) : FRL_OK;
}

void register_stream(Stream* stream);    // throws std::bad_alloc
void unregister_stream(Stream* stream);  // the caller has stopped it

// Finishes all work and stops every thread of the plugin. Later work starts them again.
void quiesce_all();
// The last call.
void shutdown_all(bool process_is_exiting);

}  // namespace ferrule::cpu
