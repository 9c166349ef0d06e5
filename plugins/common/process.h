// What the plugin knows of its process: whether it is exiting, and whether it is a child of fork().
#pragma once

#include <atomic>

namespace ferrule::plugin {

namespace detail {
extern std::atomic<bool> g_forked, g_exiting;
}

// After shutdown(process_is_exiting = 1): destructors and frees do nothing.
inline bool process_is_exiting() { return detail::g_exiting.load(std::memory_order_relaxed); }
// A child of a fork that came after note_fork_unsafe(): what the plugin holds does not work here.
inline bool is_forked_child() { return detail::g_forked.load(std::memory_order_relaxed); }

// Called by each open: installs the fork handler once.
void start_process();
// Called before the plugin first starts a thread or uses a driver; a fork before that leaves the child a working plugin.
void note_fork_unsafe();
void note_exiting();

}  // namespace ferrule::plugin
