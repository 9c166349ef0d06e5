// All globals here are constant-initialised and never destroyed while threads may use them.
#include "runtime.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "config.h"
#include "pool.h"
#include "stream.h"

namespace ferrule::cpu {

namespace {

constinit std::mutex g_mutex;                         // guards g_streams
constinit std::vector<Stream*>* g_streams = nullptr;  // freed by shutdown

}  // namespace

frl_status forked_error(const char* slot, frl_error* error) {
  return fail(error, FRL_INVALID_STATE,
              "[%s] called in a child of fork(), which has none of the cpu backend's threads; expected a fresh process "
              "(spawn or exec), or a fork before the first use",
              slot);
}

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
    plugin::note_exiting();
    return;
  }
  quiesce_all();
  std::lock_guard lock(g_mutex);
  delete g_streams;
  g_streams = nullptr;
  free_pool();
  plugin::set_host(nullptr, "cpu");
}

}  // namespace ferrule::cpu
