// The backend "remote": the cpu backend's code behind a table that says that its memory is its own. It stands for a
// discrete device where there is none: DEVICE memory cannot be mapped, host copies are counted by kind of memory, some
// ops are missing, recorders and launches refuse on demand, and the device can be lost.
#include "remote_plugin.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <string_view>
#include <vector>

#include "config.h"
#include "device.h"
#include "error.h"
#include "ferrule/plugin_entry.h"
#include "graph.h"
#include "remote_fusion.h"
#include "runtime.h"

namespace ferrule::cpu {
namespace {

test::RemoteControl control;
const frl_device_api* inner = nullptr;
const frl_graph_api* inner_graph = nullptr;

std::mutex pinned_mutex;
auto& pinned = *new std::vector<frl_buffer*>;  // the core frees buffers after our destructors

bool is_pinned(const void* address) {
  const auto* at = static_cast<const std::byte*>(address);
  std::lock_guard lock(pinned_mutex);
  for (const frl_buffer* buffer : pinned) {
    if (at >= buffer->data && at < buffer->data + buffer->bytes) return true;
  }
  return false;
}

void count_copy(const void* host, uint64_t bytes, bool consumed) {
  (consumed ? control.consumed_copies : is_pinned(host) ? control.pinned_copies : control.pageable_copies)++;
  uint64_t largest = control.largest_copy;
  while (bytes > largest && !control.largest_copy.compare_exchange_weak(largest, bytes)) {
  }
}

frl_status lost(frl_error* error) {
  return control.lost ? fail(error, FRL_DEVICE_LOST, "[remote] the device is gone") : FRL_OK;
}

// FERRULE_REMOTE_MANAGED=0 takes managed memory away.
bool offers_managed() {
  const char* value = config("remote.managed");
  return value == nullptr || std::strcmp(value, "0") != 0;
}

frl_status FRL_CALL remote_info(uint32_t index, frl_device_info* info, frl_error* error) {
  frl_status status = device_info(index, info, error);
  if (status != FRL_OK) return status;
  info->flags = offers_managed() ? FRL_DEVICE_CONCURRENT_MANAGED : 0;
  info->memory_kinds = 1u << FRL_MEMORY_DEVICE | 1u << FRL_MEMORY_PINNED;
  if (offers_managed()) info->memory_kinds |= 1u << FRL_MEMORY_MANAGED;
  info->offset_alignment = 256;
  info->overlap_bytes = 1 << 20;
  return FRL_OK;
}

frl_status FRL_CALL remote_alloc(frl_device* device, uint32_t kind, uint64_t bytes, frl_buffer** out,
                                 frl_error* error) {
  if (frl_status status = lost(error); status != FRL_OK) return status;
  if (kind >= FRL_MEMORY_SHARED || (kind == FRL_MEMORY_MANAGED && !offers_managed())) {
    return fail(error, FRL_UNSUPPORTED, "[buffer_alloc] got kind %u", kind);
  }
  frl_status status = inner->buffer_alloc(device, FRL_MEMORY_SHARED, bytes, out, error);
  if (status != FRL_OK) return status;
  (*out)->kind = kind;
  ++control.allocations[kind];
  if (kind == FRL_MEMORY_PINNED) {
    std::lock_guard lock(pinned_mutex);
    pinned.push_back(*out);
  }
  return FRL_OK;
}

void FRL_CALL remote_free(frl_device* device, frl_buffer* buffer) {
  {
    std::lock_guard lock(pinned_mutex);
    std::erase(pinned, buffer);
  }
  if (control.lost) quiesce_all();  // a device that is really lost computes no more
  inner->buffer_free(device, buffer);
}

frl_status FRL_CALL remote_map(frl_device* device, frl_buffer* buffer, void** out, frl_error* error) {
  if (buffer && buffer->kind == FRL_MEMORY_DEVICE) {
    return fail(error, FRL_UNSUPPORTED, "[buffer_map] got device memory; expected pinned or managed");
  }
  return inner->buffer_map(device, buffer, out, error);
}

frl_status FRL_CALL remote_copy_in(frl_stream* stream, frl_buffer* dst, uint64_t offset, const void* src,
                                   uint64_t bytes, uint32_t flags, frl_error* error) {
  if (frl_status status = lost(error); status != FRL_OK) return status;
  count_copy(src, bytes, (flags & FRL_COPY_CONSUME) != 0);
  return inner->copy_in(stream, dst, offset, src, bytes, flags, error);
}

frl_status FRL_CALL remote_copy_out(frl_stream* stream, void* dst, frl_buffer* src, uint64_t offset, uint64_t bytes,
                                    frl_error* error) {
  if (frl_status status = lost(error); status != FRL_OK) return status;
  count_copy(dst, bytes, false);
  return inner->copy_out(stream, dst, src, offset, bytes, error);
}

// Streams with a kernel that failed, and the events that say so.
std::mutex failed_mutex;
auto& failed = *new std::vector<const void*>;

bool has_failed(const void* handle, bool forget) {
  std::lock_guard lock(failed_mutex);
  return forget ? std::erase(failed, handle) != 0 : std::find(failed.begin(), failed.end(), handle) != failed.end();
}
void note_failed(const void* handle) {
  std::lock_guard lock(failed_mutex);
  failed.push_back(handle);
}
frl_status failed_kernel(frl_error* error) { return fail(error, FRL_INTERNAL, "[remote] a kernel failed"); }

frl_status FRL_CALL remote_memory(frl_device* device, uint64_t* free, uint64_t* total, frl_error* error) {
  if (frl_status status = lost(error); status != FRL_OK) return status;
  return inner->memory_info(device, free, total, error);
}

frl_status FRL_CALL remote_record(frl_event* event, frl_stream* stream, frl_error* error) {
  if (frl_status status = lost(error); status != FRL_OK) return status;
  has_failed(event, true);
  if (has_failed(stream, true)) note_failed(event);
  return inner->event_record(event, stream, error);
}

frl_status FRL_CALL remote_query(frl_event* event, int32_t* done, frl_error* error) {
  if (frl_status status = lost(error); status != FRL_OK) return status;
  if (control.behind) return *done = 0, FRL_OK;
  frl_status status = inner->event_query(event, done, error);
  return status == FRL_OK && *done && has_failed(event, false) ? failed_kernel(error) : status;
}

frl_status FRL_CALL remote_flush(frl_stream* stream, frl_error* error) {
  if (frl_status status = lost(error); status != FRL_OK) return status;
  ++control.flushes;
  return inner->stream_flush(stream, error);
}

frl_status FRL_CALL remote_wait(frl_event* event, uint64_t timeout, frl_error* error) {
  if (frl_status status = lost(error); status != FRL_OK) return status;
  control.behind = 0;
  frl_status status = inner->event_wait(event, timeout, error);
  return status == FRL_OK && has_failed(event, false) ? failed_kernel(error) : status;
}

frl_status FRL_CALL remote_find(frl_device* device, const char* op, uint32_t version, frl_kernel** out,
                                frl_error* error) {
  if (std::string_view(op) == "cos") return fail(error, FRL_UNSUPPORTED, "[kernel_find] no cos here");
  return inner->kernel_find(device, op, version, out, error);
}

frl_status FRL_CALL remote_launch(frl_stream* stream, frl_kernel* kernel, const frl_plan* plan, const frl_call* call,
                                  frl_error* error) {
  if (frl_status status = lost(error); status != FRL_OK) return status;
  if (is_recorder(stream)) {
    if (control.refuse_recording && std::string_view(kernel->kernel.name) == "reduce_sum") {
      return fail(error, FRL_UNSUPPORTED, "[reduce_sum] cannot be recorded");
    }
  } else {
    ++control.kernel_launches;
    if (control.fail_kernel > 0 && --control.fail_kernel == 0) {
      note_failed(stream);
      return FRL_OK;
    }
  }
  return inner->kernel_launch(stream, kernel, plan, call, error);
}

frl_status FRL_CALL remote_graph_launch(frl_stream* stream, frl_graph* graph, const frl_binding* bindings, uint32_t n,
                                        frl_error* error) {
  if (frl_status status = lost(error); status != FRL_OK) return status;
  if (control.refuse_launch > 0 && --control.refuse_launch == 0) {
    return fail(error, FRL_OUT_OF_MEMORY, "[graph_launch] no memory for an executable");
  }
  ++control.graph_launches;
  return inner_graph->graph_launch(stream, graph, bindings, n, error);
}

frl_graph_api graph_api{};

const void* FRL_CALL remote_extension(frl_device* device, const char* name, uint32_t version) {
  if (name != nullptr && std::string_view(name) == "remote.control") return &control;
  if (name != nullptr && std::string_view(name) == FRL_EXT_GRAPH && version == 1) {
    inner_graph = static_cast<const frl_graph_api*>(inner->device_extension(device, name, version));
    graph_api = *inner_graph;
    graph_api.graph_launch = remote_graph_launch;
    return &graph_api;
  }
  const void* table = inner->device_extension(device, name, version);
  if (table != nullptr && std::string_view(name) == FRL_EXT_FUSION) {
    return test::remote_fusion(static_cast<const frl_fusion_api*>(table));
  }
  return table;
}

frl_device_api device_api{};

frl_status FRL_CALL remote_open(uint32_t index, frl_device** out, const frl_device_api** api, frl_error* error) {
  frl_status status = device_open(index, out, &inner, error);
  if (status != FRL_OK) return status;
  device_api = *inner;
  device_api.buffer_alloc = remote_alloc;
  device_api.buffer_free = remote_free;
  device_api.buffer_map = remote_map;
  device_api.copy_in = remote_copy_in;
  device_api.copy_out = remote_copy_out;
  device_api.memory_info = remote_memory;
  device_api.event_record = remote_record;
  device_api.event_query = remote_query;
  device_api.event_wait = remote_wait;
  device_api.stream_flush = remote_flush;
  device_api.kernel_find = remote_find;
  device_api.kernel_launch = remote_launch;
  device_api.device_extension = remote_extension;
  *api = &device_api;
  return FRL_OK;
}

frl_status FRL_CALL quiesce(frl_error*) {
  quiesce_all();
  return FRL_OK;
}

void FRL_CALL shutdown(int32_t exiting) { shutdown_all(exiting != 0); }

constexpr frl_plugin_api kPluginApi = {
    .struct_size = sizeof(frl_plugin_api),
    .abi_minor = FRL_ABI_MINOR,
    .device_count = device_count,
    .device_info = remote_info,
    .device_open = remote_open,
    .device_close = device_close,
    .quiesce = quiesce,
    .shutdown = shutdown,
    .plugin_extension = nullptr,
};

frl_status FRL_CALL open(const frl_host_api* host, const frl_plugin_api** out_api, frl_error*) {
  plugin::set_host(host, "remote");
  plugin::start_process();
  apply_target_config();
  *out_api = &kPluginApi;
  return FRL_OK;
}

}  // namespace
}  // namespace ferrule::cpu

FRL_DEFINE_PLUGIN("remote", "Ferrule", "0.1.0", FRL_ROLE_BACKEND, 0, ferrule::cpu::open)
