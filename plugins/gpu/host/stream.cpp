#include "host/stream.h"

#include <new>

#include "host/failure.h"
#include "host/runtime.h"

namespace ferrule::gpu {

Stream::Stream(Device& device, int32_t priority) : device_(device) {
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
  if (!submit()) {
    Failure failure(failure_.code, "%s", failure_.message);
    throw failure;
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
    launch_plainly();
  });
  commands_.clear();
  if (status != FRL_OK) set_failure(error);
  return status == FRL_OK;
}

void Stream::launch_plainly() {
  for (const Command& command : commands_.commands()) {
    switch (command.kind) {
      case Command::Kind::kKernel:
        commands_.arguments_of(command, arguments_);
        check(vendor::launch(command.function, command.shape, arguments_.data(), handle_), "launching a kernel");
        break;
      case Command::Kind::kCopy:
        check(vendor::copy_async(command.to, command.from, command.bytes, handle_), "copying on the device");
        break;
      case Command::Kind::kLibrary:
        check(commands_.library_of(command)(handle_), "running a library's kernel");
        break;
    }
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

frl_status Stream::refuse_recording(const char*, frl_error*) const { return FRL_OK; }

frl_status stream_create(frl_device* device, int32_t priority, frl_stream** out_stream, frl_error* error) {
  if (!valid(device)) return bad_handle(error, "stream_create", "device", device);
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
  if (!valid(stream)) return bad_handle(error, "stream_flush", "stream", stream);
  if (frl_status status = check_process("stream_flush", error); status != FRL_OK) return status;
  if (frl_status status = stream->refuse_recording("stream_flush", error); status != FRL_OK) return status;
  if (stream->device().lost()) return copy_error(error, stream->device().cause());
  return stream->submit() ? FRL_OK : copy_error(error, *stream->failure());
}

}  // namespace ferrule::gpu
