// What belongs to the process rather than to a device: the list of streams, fork and exit.
#pragma once

#include <atomic>

#include "ferrule/plugin.h"

namespace ferrule::cpu {

class Stream;

namespace detail {
extern std::atomic<bool> g_forked, g_exiting;
}

// After shutdown(process_is_exiting = 1): destructors and frees do nothing.
inline bool process_is_exiting() { return detail::g_exiting.load(std::memory_order_relaxed); }

// Our threads do not survive a fork: a child that inherited them gets INVALID_STATE instead of a hang.
frl_status forked_error(const char* slot, frl_error* error);
inline frl_status check_process(const char* slot, frl_error* error) {
  return detail::g_forked.load(std::memory_order_relaxed) ? forked_error(slot, error) : FRL_OK;
}
inline bool is_forked_child() { return detail::g_forked.load(std::memory_order_relaxed); }

// Called once from open: installs the fork handler.
void start_runtime();
// Called before the plugin's first thread starts; a fork before that leaves the child a working plugin.
void note_threads_started();

void register_stream(Stream* stream);    // throws std::bad_alloc
void unregister_stream(Stream* stream);  // the caller has stopped it

// Finishes all work and stops every thread of the plugin. Later work starts them again.
void quiesce_all();
// The last call.
void shutdown_all(bool process_is_exiting);

}  // namespace ferrule::cpu
