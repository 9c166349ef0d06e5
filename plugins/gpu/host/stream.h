// One stream: calls are appended to its command list and handed to the device by submit. Externally synchronised, as the
// ABI's streams are. A failure is kept until the next event takes it; until then later work is dropped.
#pragma once

#include <memory>
#include <vector>

#include "host/batch.h"
#include "host/command_list.h"
#include "host/handles.h"

namespace ferrule::gpu {

class Stream {
 public:
  Stream(Device& device, int32_t priority);  // throws Failure
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  Device& device() const { return device_; }
  vendor::Stream handle() const { return handle_; }
  // Where calls are appended; `appended` follows each.
  CommandList& commands() { return commands_; }
  void appended();

  // Hands what was appended to the device. False, with failure() set, when that did not work.
  bool submit();
  // As submit; then waits until the device is done. Reports nothing: failures stay with the stream and its device.
  void finish();
  // After submit.
  void record(vendor::Event event);
  void wait(vendor::Event event);

  const frl_error* failure() const { return failed_ ? &failure_ : nullptr; }
  void set_failure(const frl_error& failure);  // the first one counts
  void clear_failure() { failed_ = false; }

 private:
  void launch_profiled();

  Device& device_;
  vendor::Stream handle_{};
  CommandList commands_;
  Batch batch_;
  std::vector<void*> arguments_;
  bool failed_ = false;
  frl_error failure_{};  // when failed_
};

frl_status stream_create(frl_device* device, int32_t priority, frl_stream** out_stream, frl_error* error);
void stream_destroy(frl_stream* stream);
frl_status stream_flush(frl_stream* stream, frl_error* error);

}  // namespace ferrule::gpu

struct frl_stream : ferrule::gpu::Tagged<ferrule::gpu::kStreamTag>, ferrule::gpu::Stream {
  using ferrule::gpu::Stream::Stream;
};
