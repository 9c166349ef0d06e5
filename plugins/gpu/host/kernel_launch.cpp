// kernel_launch: the hot path. A call is resolved to device addresses and byte ranges on the stack; the kernel appends its
// commands to the stream's list.
#include "host/graph.h"
#include "host/registry.h"
#include "host/resolve.h"
#include "host/runtime.h"
#include "host/stream.h"

namespace ferrule::gpu {

frl_status kernel_launch(frl_stream* stream, frl_kernel* kernel, const frl_plan* plan, const frl_call* call,
                         frl_error* error) {
  const bool recording = !valid(stream) && is_recorder(stream);
  if (!recording && !valid(stream)) return refuse_handle(error, "kernel_launch", "stream", stream);
  if (!valid(kernel)) return refuse_handle(error, "kernel_launch", "kernel", kernel);
  if (plan != nullptr && !valid(plan)) return refuse_handle(error, "kernel_launch", "plan", plan);
  if (call == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[kernel_launch] call is NULL");
  if (frl_status status = check_process("kernel_launch", error); status != FRL_OK) return status;
  if (recording) {
    return guarded("kernel_launch", kernel->device, error, [&] { record_call(stream, *kernel, plan, *call); });
  }
  Device& device = stream->device();
  return guarded("kernel_launch", &device, error, [&] {
    device.activate();
    append_call(*kernel, plan, *call, device, stream->commands());
    stream->appended();
  });
}

}  // namespace ferrule::gpu
