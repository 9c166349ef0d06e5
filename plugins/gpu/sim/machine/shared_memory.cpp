#include "machine/shared_memory.h"

#include <cstdlib>
#include <cstring>

#include "machine/kernel.h"

namespace ferrule::gpu::sim {
namespace {

constexpr size_t kPageBytes = 4096;
constexpr int kPoison = 0xff;

size_t aligned(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

}  // namespace

void SharedMemory::Free::operator()(std::byte* p) const { std::free(p); }

bool SharedMemory::reserve(size_t limit) {
  if (limit <= limit_) return true;
  data_.reset(static_cast<std::byte*>(std::aligned_alloc(kPageBytes, aligned(limit, kPageBytes))));
  limit_ = data_ == nullptr ? 0 : limit;
  return data_ != nullptr;
}

void SharedMemory::begin_block(uint32_t dynamic_bytes) {
  arrays_.clear();
  dynamic_bytes_ = dynamic_bytes;
  used_ = aligned(dynamic_bytes, kAlignment);
  std::memset(data_.get(), kPoison, used_);
}

std::byte* SharedMemory::place(SharedSlot& slot, size_t bytes, const char* name) {
  const size_t dynamic = aligned(dynamic_bytes_, kAlignment);
  const size_t before = used_ - dynamic;
  if (before + bytes > kStaticSharedLimit) {
    fault("shared array '%s' of %zu bytes, after %zu bytes of others; expected at most %u in all", name, bytes, before,
          kStaticSharedLimit);
  }
  if (used_ + bytes > limit_) {
    fault("shared array '%s' of %zu bytes, after %zu bytes of arrays and %zu of dynamic memory; expected at most %zu",
          name, bytes, before, dynamic_bytes_, limit_);
  }
  arrays_.push_back({used_, name});
  slot.data = data_.get() + used_;
  slot.block_serial = running.block_serial;
  used_ += aligned(bytes, kAlignment);
  std::memset(slot.data, kPoison, bytes);
  return slot.data;
}

const char* SharedMemory::name_of(size_t* inout_offset) const {
  for (auto array = arrays_.rbegin(); array != arrays_.rend(); ++array) {
    if (*inout_offset < array->offset) continue;
    *inout_offset -= array->offset;
    return array->name;
  }
  return "dynamic memory";
}

}  // namespace ferrule::gpu::sim
