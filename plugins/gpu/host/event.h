// Events: a replaceable reference to their latest record. A record holds the vendor's event and how the work before it
// ended; waits and callbacks under way share it, so that recording again or destroying does not disturb them.
#pragma once

#include <memory>
#include <mutex>

#include "host/handles.h"
#include "vendor/host.h"

namespace ferrule::gpu {

class EventRecord {
 public:
  EventRecord(Device& device, bool timing);  // throws Failure
  ~EventRecord();
  EventRecord(const EventRecord&) = delete;
  EventRecord& operator=(const EventRecord&) = delete;

  Device& device() const { return device_; }
  vendor::Event handle() const { return handle_; }

  // Any thread: whether the work is done, and how it ended (filled when done; FRL_OK or the failure).
  bool poll(frl_error* failure);
  // Waits at most timeout_ns (UINT64_MAX: for ever); false when that passed first.
  bool wait(uint64_t timeout_ns, frl_error* failure);

  // By event_record only, before the record is shared.
  void set_failure(const frl_error* failure);
  const frl_error* failure() const { return failed_ ? &failure_ : nullptr; }

 private:
  bool finished(vendor::Status status, frl_error* failure);

  Device& device_;
  vendor::Event handle_{};
  bool failed_ = false;
  frl_error failure_{};  // when failed_
};

using EventRecordRef = std::shared_ptr<EventRecord>;

frl_status event_create(frl_device* device, uint32_t flags, frl_event** out_event, frl_error* error);
void event_destroy(frl_event* event);
frl_status event_record(frl_event* event, frl_stream* stream, frl_error* error);
frl_status event_query(frl_event* event, int32_t* out_done, frl_error* error);
frl_status event_wait(frl_event* event, uint64_t timeout_ns, frl_error* error);
frl_status event_elapsed(frl_event* begin, frl_event* end, uint64_t* out_ns, frl_error* error);
frl_status event_on_done(frl_event* event, frl_event_callback callback, void* user, frl_error* error);
frl_status stream_wait_event(frl_stream* stream, frl_event* event, frl_error* error);

}  // namespace ferrule::gpu

struct frl_event : ferrule::gpu::Tagged<ferrule::gpu::kEventTag> {
  ferrule::gpu::Device* device = nullptr;
  uint32_t flags = 0;

  // NULL when never recorded.
  ferrule::gpu::EventRecordRef latest() const {
    std::lock_guard lock(mutex);
    return recorded ? record : nullptr;
  }

  mutable std::mutex mutex;
  bool recorded = false;
  ferrule::gpu::EventRecordRef record;
};
