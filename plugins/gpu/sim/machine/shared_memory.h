// The shared memory of the running block: dynamic memory first, then each array as a thread first reaches it. Every block
// finds it filled with 0xFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "machine/running.h"

namespace ferrule::gpu::sim {

class SharedMemory {
 public:
  static constexpr size_t kAlignment = 16;

  // False where no memory is left.
  bool reserve(size_t limit);
  void begin_block(uint32_t dynamic_bytes);
  std::byte* place(SharedSlot& slot, size_t bytes, const char* name);
  SharedRange dynamic() const { return {data_.get(), dynamic_bytes_}; }
  const std::byte* data() const { return data_.get(); }
  size_t used() const { return used_; }
  // The array that the offset lies in; *inout_offset becomes the offset in it.
  const char* name_of(size_t* inout_offset) const;
  bool contains(const void* p) const {
    const auto* at = static_cast<const std::byte*>(p);
    return data_ != nullptr && at >= data_.get() && at < data_.get() + used_;
  }

 private:
  struct Array {
    size_t offset;
    const char* name;
  };
  struct Free {
    void operator()(std::byte* p) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  std::vector<Array> arrays_;  // of the running block
  size_t limit_ = 0, used_ = 0, dynamic_bytes_ = 0;
};

}  // namespace ferrule::gpu::sim
