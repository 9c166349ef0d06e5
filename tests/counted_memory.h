// The host's memory of a test binary: operator new counts, and fails on demand in the calling thread.
#pragma once

#include <cstdint>

namespace ferrule::test {

// While one exists, allocations of this thread count down `remaining`; the one that reaches 0 throws std::bad_alloc, and
// so does none after it.
class FailingMemory {
 public:
  explicit FailingMemory(int64_t* remaining);
  ~FailingMemory();
  FailingMemory(const FailingMemory&) = delete;
  FailingMemory& operator=(const FailingMemory&) = delete;
};

// Allocations of all threads that are not freed.
int64_t live_allocations();

}  // namespace ferrule::test
