#include "machine/memory.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>

#include "machine/config.h"
#include "machine/sanitizers.h"

namespace ferrule::gpu::sim {
namespace {

constexpr size_t kAlignment = 256;
#if defined(FERRULE_SIM_ASAN)
constexpr size_t kCanaryBytes = 0;
#else
constexpr size_t kCanaryBytes = 256;
#endif
constexpr unsigned char kCanary = 0xa5;
constexpr int kPoison = 0xff;
constexpr size_t kPoisonBytes = size_t{1} << 20;

struct Allocation {
  size_t bytes;
  MemoryKind kind;
  uint32_t device;
};

struct Heap {
  std::mutex mutex;
  std::map<uintptr_t, Allocation> allocations;  // by address
  std::array<size_t, 8> used{};
};

Heap& heap() {
  static auto& instance = *new Heap;  // a program frees memory until it ends, after this would be destroyed
  return instance;
}

bool is_canary(const unsigned char* p) {
  return std::all_of(p, p + kCanaryBytes, [](unsigned char byte) { return byte == kCanary; });
}

}  // namespace

Status allocate(void** out, size_t bytes, MemoryKind kind, uint32_t device) {
  *out = nullptr;
  if (bytes == 0) return Status::kOk;
  Heap& h = heap();
  std::lock_guard lock(h.mutex);
  if (kind != MemoryKind::kPinned) {
    const size_t limit = config().memory_bytes, free = limit - std::min(limit, h.used[device]);
    if (bytes > free) {
      return failed(Status::kOutOfMemory,
                    "out of simulated device memory: got a request for %zu bytes; %zu of %zu are free", bytes, free,
                    limit);
    }
  }
  const size_t whole = (bytes + kAlignment - 1) / kAlignment * kAlignment + 2 * kCanaryBytes;
  void* block = nullptr;
  if (whole < bytes || posix_memalign(&block, kAlignment, kCanaryBytes == 0 ? bytes : whole) != 0) {
    return failed(Status::kOutOfMemory, "no host memory for %zu bytes", bytes);
  }
  std::unique_ptr<void, decltype(&std::free)> owned(block, &std::free);  // until it is on the list
  auto* begin = static_cast<unsigned char*>(block);
  std::memset(begin, kCanary, kCanaryBytes);
  std::memset(begin + kCanaryBytes + bytes, kCanary, kCanaryBytes);
  unsigned char* payload = begin + kCanaryBytes;
  if (kind == MemoryKind::kDevice) std::memset(payload, kPoison, std::min(bytes, kPoisonBytes));
  h.allocations.emplace(reinterpret_cast<uintptr_t>(payload), Allocation{bytes, kind, device});
  if (kind != MemoryKind::kPinned) h.used[device] += bytes;
  *out = payload;
  (void)owned.release();
  return Status::kOk;
}

Status release(void* p, bool pinned) {
  if (p == nullptr) return Status::kOk;
  Heap& h = heap();
  std::lock_guard lock(h.mutex);
  const auto found = h.allocations.find(reinterpret_cast<uintptr_t>(p));
  if (found == h.allocations.end() || (found->second.kind == MemoryKind::kPinned) != pinned) {
    return failed(Status::kInvalidPointer, "freeing %p: got an address that is not %s memory in use", p,
                  pinned ? "pinned" : "device or managed");
  }
  const Allocation allocation = found->second;
  h.allocations.erase(found);
  if (allocation.kind != MemoryKind::kPinned) h.used[allocation.device] -= allocation.bytes;
  auto* payload = static_cast<unsigned char*>(p);
  const bool before = is_canary(payload - kCanaryBytes), after = is_canary(payload + allocation.bytes);
  Status status = Status::kOk;
  if (!before || !after) {
    status = failed(Status::kMemoryCorrupted, "the bytes %s an allocation of %zu bytes at %p were overwritten",
                    before ? "after" : "before", allocation.bytes, p);
  }
  std::free(payload - kCanaryBytes);
  return status;
}

bool range_is_inside(const void* p, size_t bytes) {
  Heap& h = heap();
  std::lock_guard lock(h.mutex);
  const auto at = reinterpret_cast<uintptr_t>(p);
  auto found = h.allocations.upper_bound(at);
  if (found == h.allocations.begin()) return true;
  --found;
  const size_t offset = at - found->first;
  return offset >= found->second.bytes || bytes <= found->second.bytes - offset;
}

size_t used_bytes(uint32_t device) {
  Heap& h = heap();
  std::lock_guard lock(h.mutex);
  return h.used[device];
}

}  // namespace ferrule::gpu::sim
