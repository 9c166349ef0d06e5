// A device's buffer, stream and event as owning objects. Each belongs to one thread and dies before its device.
#pragma once
#include <cstdint>
#include <utility>

#include "session.h"

namespace ferrule::tools {

class Buffer {
 public:
  Buffer(const OpenDevice& device, uint64_t bytes) : device_(device), bytes_(bytes) {
    frl_error error = make_error();
    const bool shared = (device.info().memory_kinds & (1u << FRL_MEMORY_DEVICE)) == 0;
    check(device.api().buffer_alloc(device.handle(), shared ? FRL_MEMORY_SHARED : FRL_MEMORY_DEVICE, bytes, &handle_,
                                    &error),
          error, "buffer_alloc");
  }
  ~Buffer() { device_.api().buffer_free(device_.handle(), handle_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  frl_buffer* handle() const { return handle_; }
  uint64_t bytes() const { return bytes_; }

 private:
  const OpenDevice& device_;
  uint64_t bytes_;
  frl_buffer* handle_ = nullptr;
};

class Stream {
 public:
  explicit Stream(const OpenDevice& device) : device_(device) {
    frl_error error = make_error();
    check(device.api().stream_create(device.handle(), 0, &handle_, &error), error, "stream_create");
    check(device.api().event_create(device.handle(), 0, &event_, &error), error, "event_create");
  }
  ~Stream() {
    device_.api().event_destroy(event_);
    device_.api().stream_destroy(handle_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  frl_stream* handle() const { return handle_; }

  // Waits for everything submitted so far; throws what failed there.
  void wait() const {
    constexpr uint64_t kLimit = 60ull * 1000 * 1000 * 1000;
    frl_error error = make_error();
    check(device_.api().event_record(event_, handle_, &error), error, "event_record");
    check(device_.api().event_wait(event_, kLimit, &error), error, "event_wait");
  }

 private:
  const OpenDevice& device_;
  frl_stream* handle_ = nullptr;
  frl_event* event_ = nullptr;
};

}  // namespace ferrule::tools
