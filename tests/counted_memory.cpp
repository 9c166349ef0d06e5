#include "counted_memory.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<int64_t> live{0};
thread_local int64_t* left = nullptr;

void* allocate(std::size_t bytes, std::size_t alignment) {
  if (left != nullptr && --*left == 0) throw std::bad_alloc();
  void* at = alignment == 0 ? std::malloc(bytes == 0 ? 1 : bytes)
                            : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (at == nullptr) throw std::bad_alloc();
  live.fetch_add(1, std::memory_order_relaxed);
  return at;
}
void* allocate_or_null(std::size_t bytes, std::size_t alignment) noexcept try {
  return allocate(bytes, alignment);
} catch (const std::bad_alloc&) {
  return nullptr;
}
void release(void* at) {
  if (at == nullptr) return;
  live.fetch_sub(1, std::memory_order_relaxed);
  std::free(at);
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes, 0); }
void* operator new[](std::size_t bytes) { return allocate(bytes, 0); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return allocate_or_null(bytes, 0); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return allocate_or_null(bytes, 0); }
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate_or_null(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate_or_null(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* at) noexcept { release(at); }
void operator delete[](void* at) noexcept { release(at); }
void operator delete(void* at, std::size_t) noexcept { release(at); }
void operator delete[](void* at, std::size_t) noexcept { release(at); }
void operator delete(void* at, std::align_val_t) noexcept { release(at); }
void operator delete[](void* at, std::align_val_t) noexcept { release(at); }
void operator delete(void* at, std::size_t, std::align_val_t) noexcept { release(at); }
void operator delete[](void* at, std::size_t, std::align_val_t) noexcept { release(at); }
void operator delete(void* at, const std::nothrow_t&) noexcept { release(at); }
void operator delete[](void* at, const std::nothrow_t&) noexcept { release(at); }
void operator delete(void* at, std::align_val_t, const std::nothrow_t&) noexcept { release(at); }
void operator delete[](void* at, std::align_val_t, const std::nothrow_t&) noexcept { release(at); }

namespace ferrule::test {

FailingMemory::FailingMemory(int64_t* remaining) { left = remaining; }
FailingMemory::~FailingMemory() { left = nullptr; }
int64_t live_allocations() { return live.load(std::memory_order_relaxed); }

}  // namespace ferrule::test
