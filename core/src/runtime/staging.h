// Pinned host memory through which a device's copies go: fast, and asynchronous where pageable memory is not. Blocks are
// buffers of kind PINNED of their own, kept for reuse by size; they never serve a device request. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/node.h"

namespace ferrule::detail {

class DeviceRuntime;

class Staging {
 public:
  // The largest block; longer transfers go in pieces, two at a time.
  static constexpr uint64_t kPiece = uint64_t{16} << 20;

  explicit Staging(DeviceRuntime& device);
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  // Whether host copies gain from it: the device has memory of its own and offers PINNED.
  bool offered() const { return offered_; }
  // Host memory of `bytes` <= kPiece; it comes back with the last handle. Ordinary memory when the device has no more.
  // Hold the handle until the copies that use it are done.
  std::shared_ptr<HostBlock> take(uint64_t bytes);
  // Gives idle blocks back to the device.
  void clear();

 private:
  struct Pinned {
    frl_buffer* buffer = nullptr;
    void* data = nullptr;
  };
  struct Lease;
  static constexpr uint64_t kSmallest = 4096;
  static constexpr size_t kSizes = 13;  // 4 KiB ... 16 MiB
  static constexpr uint64_t kMostIdle = uint64_t{128} << 20;

  Pinned allocate(uint64_t bytes);
  void release(size_t size, Pinned block);

  DeviceRuntime& device_;
  bool offered_;
  std::mutex mutex_;
  std::array<std::vector<Pinned>, kSizes> idle_;
  uint64_t idle_bytes_ = 0;
};

}  // namespace ferrule::detail
