// The opaque handles of the ABI as this plugin defines them (streams: stream.h, events: event.h). Each begins with a
// tag, so that NULL and another plugin's handle are refused with a message instead of a crash.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "error.h"
#include "kernel.h"

namespace ferrule::cpu {

enum Tag : uint32_t {
  kDeviceTag = 0x64757063,  // "cpud", "cpub", ...
  kBufferTag = 0x62757063,
  kStreamTag = 0x73757063,
  kEventTag = 0x65757063,
  kKernelTag = 0x6b757063,
  kRecorderTag = 0x72757063,
  kGraphTag = 0x67757063,
};

template <uint32_t kValue>
struct Tagged {
  static constexpr uint32_t kTag = kValue;
  uint32_t tag = kTag;
};

// Not NULL, and not the FRL_SLOT of a graph.
inline bool is_address(const void* handle) {
  return handle != nullptr && (reinterpret_cast<uintptr_t>(handle) & 1) == 0;
}

// Reads the tag alone: what lies there may be an object of another of these types, with another alignment.
template <typename Handle>
bool valid(const Handle* handle) {
  if (!is_address(handle)) return false;
  uint32_t tag;
  std::memcpy(&tag, static_cast<const void*>(handle), sizeof tag);
  return tag == Handle::kTag;
}

// "[slot] got a NULL stream" or "... a handle that is not a stream of this plugin"; INVALID_STATE for a recorder.
frl_status bad_handle(frl_error* error, const char* slot, const char* noun, const void* handle);

// Answers a query for a kernel that was compiled from an expression.
using ProgramQueryFn = const char* (*)(const void* program, const frl_call& call, frl_requirements& out,
                                       std::span<char> reason);

}  // namespace ferrule::cpu

// One op, or one compiled expression. `program` is NULL for ops; otherwise it reaches run as Call::plan.
struct frl_kernel : ferrule::cpu::Tagged<ferrule::cpu::kKernelTag> {
  uint16_t min_inputs = 0, max_inputs = 0, n_outputs = 0;
  uint32_t attrs_size = 0;
  ferrule::cpu::Kernel kernel{};
  const void* program = nullptr;
  ferrule::cpu::ProgramQueryFn program_query = nullptr;
};

struct frl_buffer : ferrule::cpu::Tagged<ferrule::cpu::kBufferTag> {
  uint32_t kind = 0;
  std::byte* data = nullptr;
  uint64_t bytes = 0;
  uint64_t mapped_bytes = 0;  // of the mmap that holds the data; 0 = from aligned_alloc
};
