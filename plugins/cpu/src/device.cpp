// The device table and what the machine is called.
#include "device.h"

#include <cstdio>
#include <cstring>
#include <new>

#include "common/out_struct.h"
#include "config.h"
#include "copies.h"
#include "event.h"
#include "fusion.h"
#include "graph.h"
#include "memory.h"
#include "registry.h"
#include "runtime.h"
#include "stream.h"

namespace ferrule::cpu {
namespace {

const void* device_extension(frl_device*, const char* name, uint32_t version) {
  if (name == nullptr || version != 1) return nullptr;
  if (std::strcmp(name, FRL_EXT_FUSION) == 0) return fusion_extension();
  if (std::strcmp(name, FRL_EXT_GRAPH) == 0) return graph_extension();
  if (std::strcmp(name, FRL_EXT_PROFILER) == 0) return profiler_extension();
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
    .device_trim = nullptr,
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
    .plan_release = nullptr,
    .device_extension = device_extension,
};

// "model name" of /proc/cpuinfo; machines that have none there are called by their architecture.
void read_name(char* name, size_t size, const char* fallback) {
  std::snprintf(name, size, "%s", fallback);
  FILE* file = std::fopen("/proc/cpuinfo", "re");
  if (file == nullptr) return;
  char line[256];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, "model name", 10) != 0) continue;
    const char* value = std::strchr(line, ':');
    if (value == nullptr) break;
    value += 1 + std::strspn(value + 1, " \t");
    std::snprintf(name, size, "%.*s", static_cast<int>(std::strcspn(value, "\n")), value);
    break;
  }
  std::fclose(file);
}

const char* architecture() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    return "x86-64-v4";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) {
    return "x86-64-v3";
  }
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt")) return "x86-64-v2";
  return "x86-64";
#elif defined(__aarch64__)
  return "aarch64";
#else
  return "unknown";
#endif
}

frl_status check_index(const char* slot, uint32_t index, frl_error* error) {
  if (index == 0) return FRL_OK;
  return fail(error, FRL_INVALID_ARGUMENT, "[%s] got device index %u; expected 0, the only one", slot, index);
}

}  // namespace

frl_status device_count(uint32_t* out_count, frl_error* error) {
  if (out_count == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[device_count] out_count is NULL");
  *out_count = 1;
  return FRL_OK;
}

frl_status device_info(uint32_t index, frl_device_info* out_info, frl_error* error) {
  if (out_info == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[device_info] out_info is NULL");
  if (frl_status status = check_index("device_info", index, error); status != FRL_OK) return status;
  frl_device_info info;
  if (frl_status status = plugin::read_out_struct("device_info", *out_info, info, error); status != FRL_OK) {
    return status;
  }
  info.flags = FRL_DEVICE_SHARES_HOST_MEMORY;
  std::snprintf(info.architecture, sizeof info.architecture, "%s", architecture());
  read_name(info.name, sizeof info.name, info.architecture);
  info.uuid[0] = '\0';
  info.memory_total = memory_of_machine().total;
  info.largest_buffer = info.memory_total;
  info.buffer_alignment = kBufferAlignment;
  info.offset_alignment = kBufferAlignment;
  info.memory_kinds = 1u << FRL_MEMORY_SHARED | 1u << FRL_MEMORY_PINNED;
  info.warp_width = 1;
  info.overlap_bytes = 0;
  plugin::write_out_struct(info, out_info);
  return FRL_OK;
}

frl_status device_open(uint32_t index, frl_device** out_device, const frl_device_api** out_api, frl_error* error) {
  if (out_device == nullptr || out_api == nullptr) {
    return fail(error, FRL_INVALID_ARGUMENT, "[device_open] an out-parameter is NULL");
  }
  if (frl_status status = check_index("device_open", index, error); status != FRL_OK) return status;
  if (frl_status status = check_process("device_open", error); status != FRL_OK) return status;
  try {
    auto device = std::make_unique<frl_device>();
    device->kernels = list_kernels();
    log(FRL_LOG_DEBUG, "opened: kernels for %zu ops, instruction set %s", device->kernels.size(), target_name());
    *out_device = device.release();
  } catch (const std::bad_alloc&) {
    return fail(error, FRL_OUT_OF_MEMORY, "[device_open] no memory for a device");
  }
  *out_api = &kDeviceApi;
  return FRL_OK;
}

void device_close(frl_device* device) {
  if (!valid(device) || process_is_exiting()) return;
  device->tag = 0;
  delete device;
}

}  // namespace ferrule::cpu
