// Small buffers come from the heap, large ones from mmap on a huge-page boundary. Linux promises more memory than it
// has and kills the process that touches it, so a large request is compared with what is available first.
#include "memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "device.h"
#include "runtime.h"

namespace ferrule::cpu {
namespace {

constexpr uint64_t kHugePage = uint64_t{2} << 20;
constexpr uint64_t kMapThreshold = uint64_t{1} << 20;
constexpr uint64_t kCheckThreshold = uint64_t{64} << 20;

uint64_t round_up(uint64_t value, uint64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

// The first number of a one-line file; `fallback` when it cannot be read ("max" included).
uint64_t read_number(const char* path, uint64_t fallback) {
  FILE* file = std::fopen(path, "re");
  if (file == nullptr) return fallback;
  uint64_t value = 0;
  int fields = std::fscanf(file, "%" SCNu64, &value);
  std::fclose(file);
  return fields == 1 ? value : fallback;
}

// MemTotal and MemAvailable of /proc/meminfo; sysconf where there is none.
MemoryInfo memory_of_kernel() {
  auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  MemoryInfo info{0, page * static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES))};
  info.available = info.total;
  FILE* file = std::fopen("/proc/meminfo", "re");
  if (file == nullptr) return info;
  char line[128];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    uint64_t kib = 0;
    if (std::sscanf(line, "MemTotal: %" SCNu64, &kib) == 1) info.total = kib * 1024;
    if (std::sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1) {
      info.available = kib * 1024;
      break;
    }
  }
  std::fclose(file);
  return info;
}

// An address range of `bytes` that begins on a huge page, or NULL.
std::byte* map_aligned(uint64_t bytes) {
  uint64_t reserve = bytes + kHugePage;
  void* base = mmap(nullptr, reserve, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return nullptr;
  auto address = reinterpret_cast<uintptr_t>(base);
  uintptr_t start = round_up(address, kHugePage);
  if (start != address) munmap(base, start - address);
  uintptr_t end = start + bytes;
  munmap(reinterpret_cast<void*>(end), address + reserve - end);
#ifdef MADV_HUGEPAGE
  madvise(reinterpret_cast<void*>(start), bytes, MADV_HUGEPAGE);
#endif
  return reinterpret_cast<std::byte*>(start);
}

frl_status check_buffer(const char* slot, const frl_device* device, const frl_buffer* buffer, frl_error* error) {
  if (!valid(device)) return bad_handle(error, slot, "device", device);
  if (!valid(buffer)) return bad_handle(error, slot, "buffer", buffer);
  return FRL_OK;
}

}  // namespace

MemoryInfo memory_of_machine() {
  MemoryInfo info = memory_of_kernel();
  uint64_t limit = read_number("/sys/fs/cgroup/memory.max", UINT64_MAX);
  if (limit < info.total) {
    uint64_t used = read_number("/sys/fs/cgroup/memory.current", 0);
    info.total = limit;
    info.available = std::min(info.available, limit - std::min(limit, used));
  }
  return info;
}

frl_status buffer_alloc(frl_device* device, uint32_t kind, uint64_t bytes, frl_buffer** out_buffer, frl_error* error) {
  if (!valid(device)) return bad_handle(error, "buffer_alloc", "device", device);
  if (out_buffer == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[buffer_alloc] out_buffer is NULL");
  if (bytes == 0) return fail(error, FRL_INVALID_ARGUMENT, "[buffer_alloc] got 0 bytes; expected at least 1");
  if (kind != FRL_MEMORY_SHARED && kind != FRL_MEMORY_PINNED) {
    return fail(error, FRL_UNSUPPORTED, "[buffer_alloc] got memory kind %u; expected SHARED (3) or PINNED (1)", kind);
  }
  if (bytes >= kCheckThreshold) {
    MemoryInfo memory = memory_of_machine();
    if (bytes > memory.available) {
      return fail(error, FRL_OUT_OF_MEMORY,
                  "[buffer_alloc] asked for %" PRIu64 " bytes; %" PRIu64 " of %" PRIu64 " are available", bytes,
                  memory.available, memory.total);
    }
  }
  auto* buffer = new (std::nothrow) frl_buffer;
  if (buffer == nullptr) return fail(error, FRL_OUT_OF_MEMORY, "[buffer_alloc] no memory for the handle");
  buffer->kind = kind;
  buffer->bytes = bytes;
  if (bytes >= kMapThreshold) {
    buffer->mapped_bytes = round_up(bytes, static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
    buffer->data = map_aligned(buffer->mapped_bytes);
  } else {
    buffer->data = static_cast<std::byte*>(std::aligned_alloc(kBufferAlignment, round_up(bytes, kBufferAlignment)));
  }
  if (buffer->data == nullptr) {
    delete buffer;
    return fail(error, FRL_OUT_OF_MEMORY, "[buffer_alloc] the system refused %" PRIu64 " bytes", bytes);
  }
  *out_buffer = buffer;
  return FRL_OK;
}

void buffer_free(frl_device*, frl_buffer* buffer) {
  if (!valid(buffer) || process_is_exiting()) return;
  if (buffer->mapped_bytes != 0) {
    munmap(buffer->data, buffer->mapped_bytes);
  } else {
    std::free(buffer->data);
  }
  buffer->tag = 0;
  delete buffer;
}

frl_status buffer_map(frl_device* device, frl_buffer* buffer, void** out_pointer, frl_error* error) {
  if (frl_status status = check_buffer("buffer_map", device, buffer, error); status != FRL_OK) return status;
  if (out_pointer == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[buffer_map] out_pointer is NULL");
  *out_pointer = buffer->data;
  return FRL_OK;
}

frl_status buffer_unmap(frl_device* device, frl_buffer* buffer, frl_error* error) {
  return check_buffer("buffer_unmap", device, buffer, error);
}

frl_status memory_info(frl_device* device, uint64_t* out_free, uint64_t* out_total, frl_error* error) {
  if (!valid(device)) return bad_handle(error, "memory_info", "device", device);
  if (out_free == nullptr || out_total == nullptr) {
    return fail(error, FRL_INVALID_ARGUMENT, "[memory_info] an out-parameter is NULL");
  }
  MemoryInfo memory = memory_of_machine();
  *out_free = memory.available;
  *out_total = memory.total;
  return FRL_OK;
}

}  // namespace ferrule::cpu
