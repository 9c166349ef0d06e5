// All globals here are constant-initialised and never destroyed while threads may use them.
#include "runtime.h"

#include <pthread.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "config.h"
#include "error.h"
#include "pool.h"
#include "stream.h"

namespace ferrule::cpu {

namespace detail {
constinit std::atomic<bool> g_forked{false}, g_exiting{false};
}

namespace {

constinit std::mutex g_mutex;                         // guards g_streams
constinit std::vector<Stream*>* g_streams = nullptr;  // freed by shutdown
constinit std::atomic<bool> g_threads_started{false};
constinit std::atomic<bool> g_handler_installed{false};

void on_fork_child() {
  if (g_threads_started.load(std::memory_order_relaxed)) detail::g_forked.store(true, std::memory_order_relaxed);
}

}  // namespace

frl_status forked_error(const char* slot, frl_error* error) {
  return fail(error, FRL_INVALID_STATE,
              "[%s] called in a child of fork(), which has none of the cpu backend's threads; expected a fresh process "
              "(spawn or exec), or a fork before the first use",
              slot);
}

void start_runtime() {
  detail::g_exiting.store(false, std::memory_order_relaxed);
  if (!g_handler_installed.exchange(true)) pthread_atfork(nullptr, nullptr, on_fork_child);
}

void note_threads_started() { g_threads_started.store(true, std::memory_order_relaxed); }

void register_stream(Stream* stream) {
  std::lock_guard lock(g_mutex);
  if (g_streams == nullptr) g_streams = new std::vector<Stream*>;
  g_streams->push_back(stream);
}

void unregister_stream(Stream* stream) {
  std::lock_guard lock(g_mutex);
  if (g_streams != nullptr) std::erase(*g_streams, stream);
}

void quiesce_all() {
  if (is_forked_child() || process_is_exiting()) return;
  {
    std::lock_guard lock(g_mutex);
    if (g_streams != nullptr) {
      for (Stream* stream : *g_streams) stream->stop();
    }
  }
  stop_pool();
}

void shutdown_all(bool exiting) {
  if (exiting) {
    detail::g_exiting.store(true, std::memory_order_relaxed);
    return;
  }
  quiesce_all();
  std::lock_guard lock(g_mutex);
  delete g_streams;
  g_streams = nullptr;
  free_pool();
  set_host(nullptr);
}

}  // namespace ferrule::cpu
