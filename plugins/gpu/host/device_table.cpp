#include "host/device_table.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <new>

#include "common/out_struct.h"
#include "host/config.h"
#include "host/copies.h"
#include "host/event.h"
#include "host/failure.h"
#include "host/graph.h"
#include "host/memory.h"
#include "host/profiler.h"
#include "host/registry.h"
#include "host/runtime.h"
#include "host/stream.h"
#if defined(FERRULE_GPU_HAS_fusion)
#include "host/fusion.h"
#endif

frl_device::frl_device(uint32_t index) : device(index), kernels(ferrule::gpu::list_kernels(device)) {
  ferrule::gpu::register_device(&device);
}

frl_device::~frl_device() { ferrule::gpu::unregister_device(&device); }

namespace ferrule::gpu {
namespace {

const void* device_extension(frl_device* device, const char* name, uint32_t version) {
  if (!valid(device) || name == nullptr || version != 1) return nullptr;
  if (std::strcmp(name, FRL_EXT_GRAPH) == 0) return graph_extension();
  if (std::strcmp(name, FRL_EXT_PROFILER) == 0) return profiler_extension();
#if defined(FERRULE_GPU_HAS_fusion)
  if (std::strcmp(name, FRL_EXT_FUSION) == 0) return fusion_extension(device->device);
#endif
  return nullptr;
}

constexpr frl_device_api kDeviceApi = {
    .struct_size = sizeof(frl_device_api),
    .reserved = 0,
    .buffer_alloc = buffer_alloc,
    .buffer_free = buffer_free,
    .buffer_map = buffer_map,
    .buffer_unmap = buffer_unmap,
    .memory_info = memory_info,
    .device_trim = device_trim,
    .stream_create = stream_create,
    .stream_destroy = stream_destroy,
    .stream_flush = stream_flush,
    .stream_wait_event = stream_wait_event,
    .event_create = event_create,
    .event_destroy = event_destroy,
    .event_record = event_record,
    .event_query = event_query,
    .event_wait = event_wait,
    .event_elapsed = event_elapsed,
    .event_on_done = event_on_done,
    .copy_in = copy_in,
    .copy_out = copy_out,
    .copy = copy,
    .fill = fill,
    .kernel_find = kernel_find,
    .kernel_query = kernel_query,
    .kernel_launch = kernel_launch,
    .kernel_prepare = nullptr,
    .plan_release = plan_release,
    .device_extension = device_extension,
};

// How many devices there are; with none, the reason.
uint32_t count_devices(char (&reason)[256]) {
  if (is_forked_child()) {
    std::snprintf(reason, sizeof reason, "no device: this is a child of fork(), where the %s driver's state is lost",
                  vendor::kName);
    return 0;
  }
  reason[0] = '\0';
  const uint32_t count = vendor::device_count(reason, sizeof reason);
  if (count != 0) plugin::note_fork_unsafe();
  return count;
}

frl_status check_index(const char* slot, uint32_t index, frl_error* error) {
  char reason[256];
  const uint32_t count = count_devices(reason);
  if (index < count) return FRL_OK;
  return fail(error, FRL_INVALID_ARGUMENT, "[%s] got device index %u; expected one below %u%s%s", slot, index, count,
              reason[0] != '\0' ? ": " : "", reason);
}

void fill_info(const vendor::DeviceFacts& facts, frl_device_info& info) {
  char ignored[256];
  info.flags = (facts.integrated ? FRL_DEVICE_SHARES_HOST_MEMORY : 0) |
               (facts.concurrent_managed ? FRL_DEVICE_CONCURRENT_MANAGED : 0) |
               (count_devices(ignored) > 1 ? FRL_DEVICE_COPIES_PEERS : 0);
  std::snprintf(info.name, sizeof info.name, "%s", facts.name);
  std::snprintf(info.architecture, sizeof info.architecture, "%s", facts.architecture);
  std::snprintf(info.uuid, sizeof info.uuid, "%s", facts.uuid);
  info.memory_total = facts.memory_total;
  info.largest_buffer = facts.memory_total;
  info.buffer_alignment = kBufferAlignment;
  info.offset_alignment = kBufferAlignment;
  info.memory_kinds = memory_kinds(facts);
  info.warp_width = vendor::kWarpWidth;
  // Memory that is used again at once gives a repeated step the same addresses, so that its executables keep their
  // arguments; that is worth more than the branches which memory held back would keep apart.
  info.overlap_bytes = 0;
}

}  // namespace

frl_status device_count(uint32_t* out_count, frl_error* error) {
  if (out_count == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[device_count] out_count is NULL");
  char reason[256];
  *out_count = count_devices(reason);
  if (*out_count == 0) (void)fail(error, FRL_OK, "%s", reason);
  return FRL_OK;
}

frl_status device_info(uint32_t index, frl_device_info* out_info, frl_error* error) {
  if (out_info == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[device_info] out_info is NULL");
  if (frl_status status = check_index("device_info", index, error); status != FRL_OK) return status;
  frl_device_info info;
  if (frl_status status = plugin::read_out_struct("device_info", *out_info, info, error); status != FRL_OK) {
    return status;
  }
  return guarded("device_info", nullptr, error, [&] {
    vendor::DeviceFacts facts{};
    check(configured_facts(index, &facts), "reading the device's properties");
    fill_info(facts, info);
    plugin::write_out_struct(info, out_info);
  });
}

frl_status device_open(uint32_t index, frl_device** out_device, const frl_device_api** out_api, frl_error* error) {
  if (out_device == nullptr || out_api == nullptr) {
    return fail(error, FRL_INVALID_ARGUMENT, "[device_open] an out-parameter is NULL");
  }
  if (frl_status status = check_process("device_open", error); status != FRL_OK) return status;
  if (frl_status status = check_index("device_open", index, error); status != FRL_OK) return status;
  return guarded("device_open", nullptr, error, [&] {
    auto device = std::make_unique<frl_device>(index);
    log(FRL_LOG_DEBUG, "opened device %u, %s (%s): kernels for %zu ops", index, device->device.facts().name,
        device->device.facts().architecture, device->kernels.size());
    *out_device = device.release();
    *out_api = &kDeviceApi;
  });
}

void device_close(frl_device* device) {
  if (!valid(device) || process_is_exiting()) return;
  device->tag = 0;
  delete device;
}

}  // namespace ferrule::gpu
