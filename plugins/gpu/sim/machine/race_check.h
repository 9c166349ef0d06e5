// Finds bytes of shared memory that two threads access, at least one of them to write, with no barrier between. What a
// thread does between two waits is a segment; a byte that it touched and whose value changed counts as written, so writes
// of the value that was there already go unseen, and there are no false alarms from them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ferrule::gpu::sim {

class SharedMemory;

class RaceCheck {
 public:
  // What orders accesses: all of a block's threads are ordered by its barriers, a warp's lanes also by theirs.
  struct Time {
    uint64_t block_epoch;
    uint64_t warp_epoch;
    uint32_t thread, warp;
  };

  explicit RaceCheck(const SharedMemory& memory) : memory_(memory) {}
  void begin_kernel() { entries_.clear(); }  // forgets what a kernel that faulted left
  // Around each access of the running thread; the offset is into the shared memory.
  void touch(size_t offset, size_t bytes);
  void touch_atomic(size_t offset, size_t bytes);
  // The running thread waits or ends. Faults at a race.
  void end_segment(const Time& now);

 private:
  struct Access {
    Time time{};
    bool any = false;
  };
  struct Shadow {
    Access write, atomic, read, other_read;  // the last of each; other_read is of another thread than read
    uint64_t segment = 0;
    uint32_t entry = 0;  // in entries_, when of this segment
  };
  struct Entry {
    uint32_t offset;
    std::byte before;
    uint32_t plain;  // touches that were not atomic
    bool atomic;
  };

  Entry& entry(size_t offset);
  void settle(const Entry& e, const Time& now);

  const SharedMemory& memory_;
  std::vector<Shadow> shadow_;
  std::vector<Entry> entries_;
  uint64_t segment_ = 1;
};

}  // namespace ferrule::gpu::sim
