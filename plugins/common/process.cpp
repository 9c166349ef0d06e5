// All globals here are constant-initialised and never destroyed.
#include "common/process.h"

#include <pthread.h>

namespace ferrule::plugin {

namespace detail {
constinit std::atomic<bool> g_forked{false}, g_exiting{false};
}

namespace {

constinit std::atomic<bool> g_fork_unsafe{false};
constinit std::atomic<bool> g_handler_installed{false};

void on_fork_child() {
  if (g_fork_unsafe.load(std::memory_order_relaxed)) detail::g_forked.store(true, std::memory_order_relaxed);
}

}  // namespace

void start_process() {
  detail::g_exiting.store(false, std::memory_order_relaxed);
  if (!g_handler_installed.exchange(true)) pthread_atfork(nullptr, nullptr, on_fork_child);
}

void note_fork_unsafe() { g_fork_unsafe.store(true, std::memory_order_relaxed); }
void note_exiting() { detail::g_exiting.store(true, std::memory_order_relaxed); }

}  // namespace ferrule::plugin
