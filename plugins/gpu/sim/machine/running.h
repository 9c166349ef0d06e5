// Where the running thread of a kernel is, and the calls by which device code reaches the executor (executor.h). One
// kernel runs at a time and on one host thread, so this is plain memory. Used by vendor/device.h; kernels compiled at run
// time (FERRULE_SIM_MODULE) are libraries of their own and reach the same through a table (module.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if !defined(FERRULE_SIM_WARP_WIDTH)
#define FERRULE_SIM_WARP_WIDTH 32
#endif

namespace ferrule::gpu::sim {

inline constexpr uint32_t kWarpWidth = FERRULE_SIM_WARP_WIDTH;
static_assert(kWarpWidth >= 4 && kWarpWidth <= 64 && (kWarpWidth & (kWarpWidth - 1)) == 0);
inline constexpr size_t kLaneBytes = 64;  // the largest value that a shuffle moves

struct Point {
  uint32_t x, y, z;
};
struct Running {
  Point thread, block, threads, blocks;
  uint32_t number, lane, warp;  // of the thread in its block, row by row; of it in its warp; of the warp in the block
  uint64_t block_serial;        // differs between all blocks that ever ran
  bool race_check;
  uint32_t begun;  // threads of the block that have called begin_kernel
};
#if defined(FERRULE_SIM_MODULE)
Running& self();
#else
extern constinit Running running;
inline Running& self() { return running; }
#endif

// Where device code calls from. (Not std::source_location, which clang 14 has not.)
struct Site {
  const char* file;
  uint32_t line;

  bool operator==(const Site& o) const { return line == o.line && (file == o.file || std::strcmp(file, o.file) == 0); }
};

// Ends the kernel; the launch returns kKernelFault with this text and the position. printf-style.
[[noreturn]] void fault(const char* format, ...) __attribute__((format(printf, 1, 2)));

// Returns when all threads of the block have called it.
void sync_block(const Site& site);
// Returns when all lanes of the warp have called it.
void sync_lanes(const Site& site);

enum class WarpCall : uint8_t { kSync, kShuffle, kShuffleXor, kShuffleUp, kShuffleDown, kVote };
// What the lanes of the running thread's warp passed to one call of `call`; valid until the thread's next warp call.
struct Lanes {
  const std::byte (*value)[kLaneBytes];
  uint64_t votes;
  uint32_t count;
};
Lanes exchange(WarpCall call, const void* value, size_t bytes, bool vote, const Site& site);

// ---- shared memory ----

// One array of a kernel; its address in the running block.
struct SharedSlot {
  uint64_t block_serial = 0;
  std::byte* data = nullptr;
};
std::byte* place_shared(SharedSlot& slot, size_t bytes, const char* name);
inline std::byte* shared_array(SharedSlot& slot, size_t bytes, const char* name) {
  if (slot.block_serial != self().block_serial) [[unlikely]]
    return place_shared(slot, bytes, name);
  return slot.data;
}
struct SharedRange {
  std::byte* data;
  size_t bytes;
};
SharedRange dynamic_shared();
// The bytes from `p`, which lies in the block's shared memory, to the end of what is in use.
size_t shared_bytes_from(const void* p);

// ---- race check (race_check.h) ----
void touch_shared(const void* p, size_t bytes);
// An access by an atomic operation to a word that was touched just before.
void touch_atomic(const void* p, size_t bytes);

// All of this for a library that another machine loads.
struct Machine {
  Running* running;
  void (*end_with)(const char* text);
  decltype(&sync_block) barrier;
  decltype(&sync_lanes) warp_barrier;
  decltype(&exchange) warp_exchange;
  decltype(&place_shared) place;
  decltype(&dynamic_shared) dynamic_memory;
  decltype(&shared_bytes_from) bytes_from;
  decltype(&touch_shared) touch;
  decltype(&touch_atomic) touch_by_atomic;
};
const Machine& machine();

}  // namespace ferrule::gpu::sim
