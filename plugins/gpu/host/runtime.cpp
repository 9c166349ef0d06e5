// All globals here are constant-initialised and freed by shutdown.
#include "host/runtime.h"

#include <pthread.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <vector>

#include "host/config.h"
#include "host/failure.h"
#include "host/handles.h"
#include "host/stream.h"

namespace ferrule::gpu {

namespace detail {
constinit std::atomic<bool> g_forked{false}, g_exiting{false};
}

namespace {

constinit std::mutex g_mutex;  // guards the lists
constinit std::vector<Device*>* g_devices = nullptr;
constinit std::vector<Stream*>* g_streams = nullptr;
constinit std::atomic<bool> g_driver_used{false};
constinit std::atomic<bool> g_handler_installed{false};

void on_fork_child() {
  if (g_driver_used.load(std::memory_order_relaxed)) detail::g_forked.store(true, std::memory_order_relaxed);
}

template <typename T>
void add(std::vector<T*>*& list, T* item) {
  std::lock_guard lock(g_mutex);
  if (list == nullptr) list = new std::vector<T*>;
  list->push_back(item);
}

template <typename T>
void remove(std::vector<T*>* list, T* item) {
  std::lock_guard lock(g_mutex);
  if (list != nullptr) std::erase(*list, item);
}

}  // namespace

frl_status forked_error(const char* slot, frl_error* error) {
  return fail(
      error, FRL_INVALID_STATE,
      "[%s] called in a child of fork(), where the %s driver's state is lost; expected a fresh process (spawn or "
      "exec), or a fork before the first use",
      slot, vendor::kName);
}

void start_runtime() {
  detail::g_exiting.store(false, std::memory_order_relaxed);
  if (!g_handler_installed.exchange(true)) pthread_atfork(nullptr, nullptr, on_fork_child);
}

void note_driver_used() { g_driver_used.store(true, std::memory_order_relaxed); }

void register_device(Device* device) { add(g_devices, device); }
void unregister_device(Device* device) { remove(g_devices, device); }
void register_stream(Stream* stream) { add(g_streams, stream); }
void unregister_stream(Stream* stream) { remove(g_streams, stream); }

void quiesce_all() {
  if (driver_is_gone()) return;
  std::lock_guard lock(g_mutex);
  if (g_streams != nullptr) {
    for (Stream* stream : *g_streams) stream->finish();
  }
  if (g_devices != nullptr) {
    for (Device* device : *g_devices) device->stop_threads();
  }
}

void shutdown_all(bool exiting) {
  if (exiting) {
    detail::g_exiting.store(true, std::memory_order_relaxed);
    return;
  }
  quiesce_all();
  std::lock_guard lock(g_mutex);
  delete g_devices;
  g_devices = nullptr;
  delete g_streams;
  g_streams = nullptr;
  set_host(nullptr);
}

frl_status report_exception(const char* slot, Device* device, frl_error* error) noexcept {
  try {
    throw;
  } catch (const Failure& failure) {
    if (failure.error().code == FRL_DEVICE_LOST && device != nullptr) {
      device->lose(failure.error());
      return copy_error(error, device->cause());
    }
    return copy_error(error, failure.error());
  } catch (const std::bad_alloc&) {
    return fail(error, FRL_OUT_OF_MEMORY, "[%s] the host has no memory left", slot);
  } catch (const std::exception& e) {
    return fail(error, FRL_INTERNAL, "[%s] %s", slot, e.what());
  } catch (...) {
    return fail(error, FRL_INTERNAL, "[%s] unknown exception", slot);
  }
}

frl_status bad_handle(frl_error* error, const char* slot, const char* noun, const void* handle) {
  if (handle == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[%s] got a NULL %s", slot, noun);
  return fail(error, FRL_INVALID_ARGUMENT, "[%s] got a handle that is not a %s of this plugin", slot, noun);
}

}  // namespace ferrule::gpu
