// Raw memory from the vendor; the core's pool makes small buffers of it. An integrated device shares the host's memory:
// its buffers are managed where the device and the host may touch them at once, and pinned otherwise.
#include "host/memory.h"

#include <cinttypes>
#include <memory>
#include <new>

#include "host/failure.h"
#include "host/handles.h"
#include "host/runtime.h"

namespace ferrule::gpu {
namespace {

const char* kind_name(uint32_t kind) {
  switch (kind) {
    case FRL_MEMORY_DEVICE:
      return "DEVICE";
    case FRL_MEMORY_PINNED:
      return "PINNED";
    case FRL_MEMORY_MANAGED:
      return "MANAGED";
    case FRL_MEMORY_SHARED:
      return "SHARED";
    default:
      return "unknown";
  }
}

vendor::Status allocate(const vendor::DeviceFacts& facts, frl_buffer& buffer) {
  auto** data = reinterpret_cast<void**>(&buffer.data);
  const bool shared = buffer.kind == FRL_MEMORY_SHARED;
  if (buffer.kind == FRL_MEMORY_MANAGED || (shared && facts.concurrent_managed)) {
    return vendor::malloc_managed(data, buffer.bytes);
  }
  if (buffer.kind == FRL_MEMORY_PINNED || shared) {
    buffer.pinned = true;
    return vendor::malloc_pinned(data, buffer.bytes);
  }
  return vendor::malloc_device(data, buffer.bytes);
}

frl_status check_buffer(const char* slot, const frl_device* device, const frl_buffer* buffer, frl_error* error) {
  if (!valid(device)) return refuse_handle(error, slot, "device", device);
  if (!valid(buffer)) return refuse_handle(error, slot, "buffer", buffer);
  return FRL_OK;
}

}  // namespace

uint32_t memory_kinds(const vendor::DeviceFacts& facts) {
  uint32_t kinds = 1u << FRL_MEMORY_PINNED;
  kinds |= facts.integrated ? 1u << FRL_MEMORY_SHARED : 1u << FRL_MEMORY_DEVICE;
  if (facts.concurrent_managed) kinds |= 1u << FRL_MEMORY_MANAGED;
  return kinds;
}

frl_status buffer_alloc(frl_device* device, uint32_t kind, uint64_t bytes, frl_buffer** out_buffer, frl_error* error) {
  if (!valid(device)) return refuse_handle(error, "buffer_alloc", "device", device);
  if (out_buffer == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[buffer_alloc] out_buffer is NULL");
  if (bytes == 0) return fail(error, FRL_INVALID_ARGUMENT, "[buffer_alloc] got 0 bytes; expected at least 1");
  if (frl_status status = check_process("buffer_alloc", error); status != FRL_OK) return status;
  const vendor::DeviceFacts& facts = device->device.facts();
  if (kind > FRL_MEMORY_SHARED || (memory_kinds(facts) >> kind & 1) == 0) {
    return fail(error, FRL_UNSUPPORTED,
                "[buffer_alloc] got memory kind %u (%s); expected one of the mask %#x that %s has", kind,
                kind_name(kind), memory_kinds(facts), facts.name);
  }
  if (kind == FRL_MEMORY_DEVICE && bytes > facts.memory_total) {
    return fail(error, FRL_OUT_OF_MEMORY, "[buffer_alloc] asked for %" PRIu64 " bytes; the device has %" PRIu64, bytes,
                facts.memory_total);
  }
  if (bytes > uint64_t{1} << 48) {  // beyond every address space; some allocators overflow there
    return fail(error, FRL_OUT_OF_MEMORY, "[buffer_alloc] asked for %" PRIu64 " bytes of %s memory", bytes,
                kind_name(kind));
  }
  return guarded("buffer_alloc", &device->device, error, [&] {
    device->device.activate();
    auto buffer = std::make_unique<frl_buffer>();
    buffer->kind = kind;
    buffer->device = device->device.index();
    buffer->bytes = bytes;
    const vendor::Status status = allocate(facts, *buffer);
    if (status != vendor::kOk) {
      vendor::clear_error();
      if (vendor::classify(status) != FRL_OUT_OF_MEMORY) throw Failure(status, "allocating memory");
      size_t available = 0, total = 0;
      if (vendor::memory_info(&available, &total) != vendor::kOk) vendor::clear_error();
      throw Failure(FRL_OUT_OF_MEMORY,
                    "[buffer_alloc] asked for %" PRIu64 " bytes of %s memory; %zu of the device's %zu are free", bytes,
                    kind_name(kind), available, total);
    }
    *out_buffer = buffer.release();
  });
}

void buffer_free(frl_device*, frl_buffer* buffer) {
  if (!valid(buffer) || driver_is_gone()) return;
  // A lost device refuses, and its memory went with it.
  if ((buffer->pinned ? vendor::free_pinned(buffer->data) : vendor::free_device(buffer->data)) != vendor::kOk) {
    vendor::clear_error();
  }
  buffer->tag = 0;
  delete buffer;
}

frl_status buffer_map(frl_device* device, frl_buffer* buffer, void** out_pointer, frl_error* error) {
  if (frl_status status = check_buffer("buffer_map", device, buffer, error); status != FRL_OK) return status;
  if (out_pointer == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[buffer_map] out_pointer is NULL");
  if (buffer->kind == FRL_MEMORY_DEVICE) {
    return fail(error, FRL_UNSUPPORTED, "[buffer_map] got a DEVICE buffer; expected PINNED, MANAGED or SHARED");
  }
  if (device->device.lost()) return copy_error(error, device->device.cause());
  *out_pointer = buffer->data;
  return FRL_OK;
}

frl_status buffer_unmap(frl_device* device, frl_buffer* buffer, frl_error* error) {
  if (frl_status status = check_buffer("buffer_unmap", device, buffer, error); status != FRL_OK) return status;
  if (buffer->kind == FRL_MEMORY_DEVICE) {
    return fail(error, FRL_UNSUPPORTED, "[buffer_unmap] got a DEVICE buffer; expected PINNED, MANAGED or SHARED");
  }
  return FRL_OK;
}

frl_status memory_info(frl_device* device, uint64_t* out_free, uint64_t* out_total, frl_error* error) {
  if (!valid(device)) return refuse_handle(error, "memory_info", "device", device);
  if (out_free == nullptr || out_total == nullptr) {
    return fail(error, FRL_INVALID_ARGUMENT, "[memory_info] an out-parameter is NULL");
  }
  if (frl_status status = check_process("memory_info", error); status != FRL_OK) return status;
  return guarded("memory_info", &device->device, error, [&] {
    device->device.activate();
    size_t available = 0, total = 0;
    check(vendor::memory_info(&available, &total), "asking for the memory's state");
    *out_free = available;
    *out_total = total;
  });
}

frl_status device_trim(frl_device* device, frl_error* error) {
  if (!valid(device)) return refuse_handle(error, "device_trim", "device", device);
  if (frl_status status = check_process("device_trim", error); status != FRL_OK) return status;
  return guarded("device_trim", &device->device, error, [&] {
    device->device.activate();
    device->device.trim();
  });
}

}  // namespace ferrule::gpu
