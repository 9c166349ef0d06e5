// What tests may ask of the backend "remote" through device_extension(Device("remote"), "remote.control", 1).
#pragma once

#include <atomic>
#include <cstdint>

namespace ferrule::test {

struct RemoteControl {
  std::atomic<int> lost{0};              // 1: every call says FRL_DEVICE_LOST
  std::atomic<int> refuse_recording{0};  // 1: a recorder refuses reduce_sum
  std::atomic<int> refuse_launch{0};     // n > 0: the nth graph_launch from now on fails
  std::atomic<int> fail_kernel{0};       // n > 0: the nth kernel from now on fails after its launch
  std::atomic<int> managed{1};           // 0: memory of kind MANAGED is not offered (read when a device is asked about)
  std::atomic<int> behind{0};            // 1: no event is done until somebody waits, which sets it to 0
  // Copies between the device and host memory, by where the host memory lies.
  std::atomic<uint64_t> pinned_copies{0}, pageable_copies{0}, consumed_copies{0};
  std::atomic<uint64_t> largest_copy{0};      // bytes
  std::atomic<uint64_t> allocations[4] = {};  // by kind
  std::atomic<uint64_t> graph_launches{0}, kernel_launches{0}, flushes{0};
};

}  // namespace ferrule::test
