// The opaque handles of the ABI as this plugin defines them (streams: stream.h, events: event.h).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "common/error.h"
#include "common/handle.h"
#include "common/op_table.h"
#include "kernel.h"

namespace ferrule::cpu {

using plugin::copy_error;
using plugin::fail;
using plugin::is_address;
using plugin::Tagged;
using plugin::valid;

enum Tag : uint32_t {
  kDeviceTag = 0x64757063,  // "cpud", "cpub", ...
  kBufferTag = 0x62757063,
  kStreamTag = 0x73757063,
  kEventTag = 0x65757063,
  kKernelTag = 0x6b757063,
  kRecorderTag = 0x72757063,
  kGraphTag = 0x67757063,
};

// "[slot] got a NULL stream" or "... a handle that is not a stream of this plugin"; INVALID_STATE for a recorder.
frl_status bad_handle(frl_error* error, const char* slot, const char* noun, const void* handle);

// Answers a query for a kernel that was compiled from an expression.
using ProgramQueryFn = const char* (*)(const void* program, const frl_call& call, frl_requirements& out,
                                       std::span<char> reason);

}  // namespace ferrule::cpu

// One op, or one compiled expression. `program` is NULL for ops; otherwise it reaches run as Call::plan.
struct frl_kernel : ferrule::cpu::Tagged<ferrule::cpu::kKernelTag> {
  ferrule::plugin::OpInfo op{};  // of an expression: its name and arity
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
