// Events: a replaceable reference to the completion of their latest record.
#pragma once

#include <mutex>

#include "completion.h"
#include "handles.h"

struct frl_event : ferrule::cpu::Tagged<ferrule::cpu::kEventTag> {
  uint32_t flags = 0;

  // NULL when never recorded.
  ferrule::cpu::CompletionRef latest() const {
    std::lock_guard lock(mutex);
    return completion;
  }

  mutable std::mutex mutex;
  ferrule::cpu::CompletionRef completion;
};

namespace ferrule::cpu {

frl_status event_create(frl_device* device, uint32_t flags, frl_event** out_event, frl_error* error);
void event_destroy(frl_event* event);
frl_status event_record(frl_event* event, frl_stream* stream, frl_error* error);
frl_status event_query(frl_event* event, int32_t* out_done, frl_error* error);
frl_status event_wait(frl_event* event, uint64_t timeout_ns, frl_error* error);
frl_status event_elapsed(frl_event* begin, frl_event* end, uint64_t* out_ns, frl_error* error);
frl_status event_on_done(frl_event* event, frl_event_callback callback, void* user, frl_error* error);
frl_status stream_wait_event(frl_stream* stream, frl_event* event, frl_error* error);

}  // namespace ferrule::cpu
