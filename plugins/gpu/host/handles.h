// The opaque handles of the ABI as gpu backends define them (streams: stream.h, events: event.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/handle.h"
#include "common/op_table.h"
#include "host/device.h"
#include "host/kernel.h"
#include "host/program.h"

namespace ferrule::gpu {

using plugin::copy_error;
using plugin::fail;
using plugin::refuse_handle;
using plugin::Tagged;
using plugin::valid;

enum Tag : uint32_t {
  kDeviceTag = 0x64757067,  // "gpud", "gpub", ...
  kBufferTag = 0x62757067,
  kStreamTag = 0x73757067,
  kEventTag = 0x65757067,
  kKernelTag = 0x6b757067,
  kPlanTag = 0x70757067,
  kGraphTag = 0x67757067,
  kRecorderTag = 0x72757067,
};

// FRL_OK for a stream in a process that may use it; INVALID_STATE for a recorder, which takes kernel_launch only.
frl_status check_stream(const char* slot, const frl_stream* stream, frl_error* error);

}  // namespace ferrule::gpu

struct frl_buffer : ferrule::gpu::Tagged<ferrule::gpu::kBufferTag> {
  uint32_t kind = 0;
  uint32_t device = 0;  // index
  std::byte* data = nullptr;
  uint64_t bytes = 0;
  bool pinned = false;  // came from malloc_pinned
};

// One op with the kernels that are asked for it in order, or one program.
struct frl_kernel : ferrule::gpu::Tagged<ferrule::gpu::kKernelTag> {
  const char* name = "";  // of ops.def, or of all programs; outlives every list
  uint16_t min_inputs = 0, max_inputs = 0, n_outputs = 0;
  uint32_t attrs_size = 0;
  ferrule::gpu::Device* device = nullptr;
  const ferrule::plugin::OpInfo* op = nullptr;     // of ops.def; nullptr for a program
  std::vector<const ferrule::gpu::Kernel*> chain;  // empty for a program
  std::shared_ptr<const ferrule::gpu::Program> program;
  std::atomic<bool> has_state{false};  // some answer came with a state: a launch without a plan must ask again
};

// What a query chose.
struct frl_plan : ferrule::gpu::Tagged<ferrule::gpu::kPlanTag> {
  const ferrule::gpu::Kernel* kernel = nullptr;  // nullptr for a program
  std::shared_ptr<const void> state;
};

struct frl_device : ferrule::gpu::Tagged<ferrule::gpu::kDeviceTag> {
  explicit frl_device(uint32_t index);  // throws Failure, std::bad_alloc
  ~frl_device();

  ferrule::gpu::Device device;
  std::deque<frl_kernel> kernels;  // fixed after construction
};
