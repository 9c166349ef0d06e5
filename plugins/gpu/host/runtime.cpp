// All globals here are constant-initialised and freed by shutdown.
#include "host/runtime.h"

#include <algorithm>
#include <mutex>
#include <new>
#include <vector>

#include "host/config.h"
#include "host/failure.h"
#include "host/handles.h"
#include "host/stream.h"

namespace ferrule::gpu {

namespace {

constinit std::mutex g_mutex;  // guards the lists
constinit std::vector<Device*>* g_devices = nullptr;
constinit std::vector<Stream*>* g_streams = nullptr;

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
    plugin::note_exiting();
    return;
  }
  quiesce_all();
  std::lock_guard lock(g_mutex);
  delete g_devices;
  g_devices = nullptr;
  delete g_streams;
  g_streams = nullptr;
  plugin::set_host(nullptr, vendor::kName);
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

}  // namespace ferrule::gpu
