#include "host/staging.h"

#include <algorithm>
#include <cstring>

#include "host/failure.h"
#include "host/runtime.h"

namespace ferrule::gpu {

// The next block of the ring, when its last copy is done.
Staging::Block& Staging::next_block() {
  Block& block = blocks_[next_++ % blocks_.size()];
  if (block.data == nullptr) {
    vendor::Event done{};
    check(vendor::event_create(&done, false), "creating an event");
    void* data = nullptr;
    const vendor::Status status = vendor::malloc_pinned(&data, kBlockBytes);
    if (status != vendor::kOk) {
      (void)vendor::event_destroy(done);
      check(status, "allocating pinned memory for copies");
    }
    block = {static_cast<std::byte*>(data), done, false};
  }
  if (block.used) check(vendor::event_synchronize(block.done), "waiting for a copy");
  return block;
}

void Staging::copy_in(void* to, const void* from, uint64_t bytes, vendor::Stream stream) {
  std::lock_guard lock(mutex_);
  for (uint64_t at = 0; at < bytes; at += kBlockBytes) {
    const uint64_t n = std::min(kBlockBytes, bytes - at);
    Block& block = next_block();
    std::memcpy(block.data, static_cast<const std::byte*>(from) + at, n);
    check(vendor::copy_async(static_cast<std::byte*>(to) + at, block.data, n, stream), "copying to the device");
    if (const vendor::Status status = vendor::event_record(block.done, stream); status != vendor::kOk) {
      (void)vendor::stream_synchronize(stream);  // nothing else says when the block is free
      check(status, "recording an event");
    }
    block.used = true;
  }
}

void Staging::trim() {
  std::lock_guard lock(mutex_);
  release();
}

void Staging::release() {
  if (driver_is_gone()) return;
  for (Block& block : blocks_) {
    if (block.data == nullptr) continue;
    if (block.used) (void)vendor::event_synchronize(block.done);
    (void)vendor::event_destroy(block.done);
    (void)vendor::free_pinned(block.data);
    block = {};
  }
  vendor::clear_error();
}

}  // namespace ferrule::gpu
