// Pinned memory through which consumed sources go to the device: blocks in a ring, each free again when the copy out of it
// is done. One per device; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "host/device.h"

namespace ferrule::gpu {

class Staging : public Trimmable {
 public:
  explicit Staging(Device& device) : device_(device) {}
  ~Staging() override { release(); }
  void trim() override;

  // Larger sources are not worth a second pass through the host's memory.
  static constexpr uint64_t kLargest = uint64_t{8} << 20;

  // Copies host memory to the device in the order of `stream`; it is read before the call returns. Throws Failure.
  void copy_in(void* to, const void* from, uint64_t bytes, vendor::Stream stream);

 private:
  static constexpr uint64_t kBlockBytes = uint64_t{1} << 20;
  struct Block {
    std::byte* data = nullptr;
    vendor::Event done{};
    bool used = false;  // `done` was recorded
  };
  Block& next_block();
  void release();

  Device& device_;
  std::mutex mutex_;
  std::array<Block, 4> blocks_;
  size_t next_ = 0;
};

}  // namespace ferrule::gpu
