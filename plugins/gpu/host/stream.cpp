#include "host/stream.h"

#include <new>

#include "host/failure.h"
#include "host/graph.h"
#include "host/profiler.h"
#include "host/runtime.h"

namespace ferrule::gpu {

Stream::Stream(Device& device, int32_t priority) : device_(device), batch_(device) {
  device.activate();
  check(vendor::stream_create(&handle_, priority), "creating a stream");
  try {
    register_stream(this);
  } catch (...) {
    (void)vendor::stream_destroy(handle_);
    throw;
  }
}

Stream::~Stream() {
  if (driver_is_gone()) return;
  unregister_stream(this);
  finish();
  (void)vendor::stream_destroy(handle_);
  vendor::clear_error();
}

void Stream::set_failure(const frl_error& failure) {
  if (failed_) return;
  failed_ = true;
  failure_ = failure;
}

void Stream::appended() {
  const BatchPolicy& policy = device_.batch_policy();
  // Library work is launched by itself, and the host's part of it is long: nothing is gained by holding it back.
  if (commands_.size() >= policy.limit || commands_.has_library() || !policy.graphs.load(std::memory_order_relaxed)) {
    (void)submit();
  }
}

bool Stream::submit() {
  if (failed_) {
    commands_.clear();
    return false;
  }
  if (commands_.empty()) return true;
  frl_error error{};
  error.struct_size = sizeof error;
  const frl_status status = guarded("submit", &device_, &error, [this] {
    device_.activate();
    if (device_.profiler().active()) [[unlikely]] {
      launch_profiled();
    } else {
      batch_.submit(commands_, handle_);
    }
  });
  commands_.clear();
  if (status != FRL_OK) set_failure(error);
  return status == FRL_OK;
}

void Stream::launch_profiled() {
  const auto calls = commands_.calls();
  for (size_t i = 0; i < calls.size(); ++i) {
    const size_t last = i + 1 < calls.size() ? calls[i + 1].first_command : commands_.size();
    const CommandList::CallInfo& info = calls[i].info;
    const Profiler::Scope scope(device_.profiler(), handle_, info.name, info.kind, info.bytes);
    launch_plainly(commands_, calls[i].first_command, last, false, handle_, arguments_);
  }
}

void Stream::finish() {
  (void)submit();
  if (device_.lost()) return;
  frl_error ignored{};
  (void)guarded("finish", &device_, &ignored, [this] {
    device_.activate();
    check(vendor::stream_synchronize(handle_), "waiting for a stream");
  });
}

void Stream::record(vendor::Event event) { check(vendor::event_record(event, handle_), "recording an event"); }
void Stream::wait(vendor::Event event) { check(vendor::stream_wait(handle_, event), "waiting for an event"); }

frl_status check_stream(const char* slot, const frl_stream* stream, frl_error* error) {
  if (valid(stream)) [[likely]]
    return check_process(slot, error);
  if (!is_recorder(stream)) return refuse_handle(error, slot, "stream", stream);
  return fail(error, FRL_INVALID_STATE, "[%s] got a recorder; expected a stream (a recorder takes kernel_launch only)",
              slot);
}

frl_status stream_create(frl_device* device, int32_t priority, frl_stream** out_stream, frl_error* error) {
  if (!valid(device)) return refuse_handle(error, "stream_create", "device", device);
  if (out_stream == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[stream_create] out_stream is NULL");
  if (frl_status status = check_process("stream_create", error); status != FRL_OK) return status;
  return guarded("stream_create", &device->device, error,
                 [&] { *out_stream = new frl_stream(device->device, priority); });
}

void stream_destroy(frl_stream* stream) {
  if (!valid(stream) || driver_is_gone()) return;
  stream->tag = 0;
  delete stream;
}

frl_status stream_flush(frl_stream* stream, frl_error* error) {
  if (frl_status status = check_stream("stream_flush", stream, error); status != FRL_OK) return status;
  if (stream->device().lost()) return copy_error(error, stream->device().cause());
  return stream->submit() ? FRL_OK : copy_error(error, *stream->failure());
}

}  // namespace ferrule::gpu
