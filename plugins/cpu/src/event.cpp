// Recording puts a completion into the stream's queue; everything else looks at the latest completion. Slots may be
// called from any thread.
#include "event.h"

#include <chrono>
#include <new>
#include <utility>

#include "device.h"
#include "parallel.h"
#include "runtime.h"
#include "spin.h"
#include "stream.h"

namespace ferrule::cpu {

void Completion::complete(const frl_error* failure, bool timed) {
  std::vector<Callback> callbacks;
  {
    std::lock_guard lock(mutex_);
    if (failure != nullptr) {
      failed_ = true;
      failure_ = *failure;
    }
    if (timed) {
      auto now = std::chrono::steady_clock::now().time_since_epoch();
      time_ns_ = static_cast<uint64_t>(std::chrono::nanoseconds(now).count());
    }
    done_.store(true, std::memory_order_release);
    callbacks.swap(callbacks_);
  }
  changed_.notify_all();
  for (const Callback& callback : callbacks) callback.call(callback.user, status(), this->failure());
}

bool Completion::wait(uint64_t timeout_ns) {
  if (done() || timeout_ns == 0) return done();
  auto start = std::chrono::steady_clock::now();
  if (timeout_ns > 100'000 && spin_until(thread_count(), [this] { return done(); })) return true;
  std::unique_lock lock(mutex_);
  auto ready = [this] { return done_.load(std::memory_order_relaxed); };
  constexpr uint64_t kForever = uint64_t{1} << 62;  // beyond what the clock can add
  if (timeout_ns >= kForever) {
    changed_.wait(lock, ready);
    return true;
  }
  return changed_.wait_until(lock, start + std::chrono::nanoseconds(timeout_ns), ready);
}

void Completion::on_done(frl_event_callback callback, void* user) {
  {
    std::lock_guard lock(mutex_);
    if (!done_.load(std::memory_order_relaxed)) {
      callbacks_.push_back({callback, user});
      return;
    }
  }
  callback(user, status(), failure());
}

namespace {

struct RecordEvent {
  Record head;
  bool timed;
  CompletionRef completion;
};

void run_record_event(Stream& stream, Record& record) {
  auto& self = reinterpret_cast<RecordEvent&>(record);
  self.completion->complete(stream.failure(), self.timed);
  stream.clear_failure();
  self.completion.~CompletionRef();
}

struct WaitEvent {
  Record head;
  CompletionRef completion;
};

void run_wait_event(Stream& stream, Record& record) {
  auto& self = reinterpret_cast<WaitEvent&>(record);
  self.completion->wait(UINT64_MAX);
  if (const frl_error* failure = self.completion->failure()) stream.set_failure(*failure);
  self.completion.~CompletionRef();
}

}  // namespace

frl_status event_create(frl_device* device, uint32_t flags, frl_event** out_event, frl_error* error) {
  if (!valid(device)) return bad_handle(error, "event_create", "device", device);
  if (out_event == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[event_create] out_event is NULL");
  if ((flags & ~FRL_EVENT_TIMING) != 0) {
    return fail(error, FRL_INVALID_ARGUMENT, "[event_create] got flags %#x; expected FRL_EVENT_TIMING or 0", flags);
  }
  auto* event = new (std::nothrow) frl_event;
  if (event == nullptr) return fail(error, FRL_OUT_OF_MEMORY, "[event_create] no memory for an event");
  event->flags = flags;
  *out_event = event;
  return FRL_OK;
}

void event_destroy(frl_event* event) {
  if (!valid(event) || process_is_exiting()) return;
  event->tag = 0;
  delete event;
}

frl_status event_record(frl_event* event, frl_stream* stream, frl_error* error) {
  if (!valid(event)) return bad_handle(error, "event_record", "event", event);
  if (!valid(stream)) return bad_handle(error, "event_record", "stream", stream);
  if (frl_status status = check_process("event_record", error); status != FRL_OK) return status;
  try {
    auto completion = std::make_shared<Completion>();
    auto* record = stream->reserve<RecordEvent>(sizeof(RecordEvent), run_record_event);
    record->head.work = 0;
    record->timed = (event->flags & FRL_EVENT_TIMING) != 0;
    new (&record->completion) CompletionRef(completion);
    stream->submit();
    std::lock_guard lock(event->mutex);
    event->completion.swap(completion);
  } catch (const std::exception& e) {
    return fail(error, FRL_OUT_OF_MEMORY, "[event_record] %s", e.what());
  }
  return stream->flush(error);
}

frl_status event_query(frl_event* event, int32_t* out_done, frl_error* error) {
  if (!valid(event)) return bad_handle(error, "event_query", "event", event);
  if (out_done == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[event_query] out_done is NULL");
  CompletionRef completion = event->latest();
  bool done = completion == nullptr || completion->done();
  *out_done = done ? 1 : 0;
  if (!done) return check_process("event_query", error);
  if (completion != nullptr && completion->failure() != nullptr) return copy_error(error, *completion->failure());
  return FRL_OK;
}

frl_status event_wait(frl_event* event, uint64_t timeout_ns, frl_error* error) {
  if (!valid(event)) return bad_handle(error, "event_wait", "event", event);
  CompletionRef completion = event->latest();
  if (completion == nullptr) return FRL_OK;
  if (!completion->done()) {
    if (frl_status status = check_process("event_wait", error); status != FRL_OK) return status;
    if (!completion->wait(timeout_ns)) {
      return fail(error, FRL_TIMEOUT, "[event_wait] not done after %.6f s", static_cast<double>(timeout_ns) * 1e-9);
    }
  }
  return completion->failure() != nullptr ? copy_error(error, *completion->failure()) : FRL_OK;
}

frl_status event_elapsed(frl_event* begin, frl_event* end, uint64_t* out_ns, frl_error* error) {
  if (!valid(begin)) return bad_handle(error, "event_elapsed", "event", begin);
  if (!valid(end)) return bad_handle(error, "event_elapsed", "event", end);
  if (out_ns == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[event_elapsed] out_ns is NULL");
  if ((begin->flags & end->flags & FRL_EVENT_TIMING) == 0) {
    return fail(error, FRL_INVALID_ARGUMENT, "[event_elapsed] got an event made without FRL_EVENT_TIMING");
  }
  CompletionRef first = begin->latest(), last = end->latest();
  if (first == nullptr || last == nullptr || !first->done() || !last->done()) {
    return fail(error, FRL_INVALID_STATE, "[event_elapsed] got an event that is not recorded or not done");
  }
  for (const CompletionRef& completion : {first, last}) {
    if (completion->failure() != nullptr) return copy_error(error, *completion->failure());
  }
  if (last->time_ns() < first->time_ns()) {
    return fail(error, FRL_INVALID_ARGUMENT, "[event_elapsed] the end is done before the beginning");
  }
  *out_ns = last->time_ns() - first->time_ns();
  return FRL_OK;
}

frl_status event_on_done(frl_event* event, frl_event_callback callback, void* user, frl_error* error) {
  if (!valid(event)) return bad_handle(error, "event_on_done", "event", event);
  if (callback == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[event_on_done] callback is NULL");
  CompletionRef completion = event->latest();
  if (completion == nullptr) {
    callback(user, FRL_OK, nullptr);
    return FRL_OK;
  }
  if (!completion->done()) {
    if (frl_status status = check_process("event_on_done", error); status != FRL_OK) return status;
  }
  try {
    completion->on_done(callback, user);
  } catch (const std::bad_alloc&) {
    return fail(error, FRL_OUT_OF_MEMORY, "[event_on_done] no memory for the callback");
  }
  return FRL_OK;
}

frl_status stream_wait_event(frl_stream* stream, frl_event* event, frl_error* error) {
  if (!valid(stream)) return bad_handle(error, "stream_wait_event", "stream", stream);
  if (!valid(event)) return bad_handle(error, "stream_wait_event", "event", event);
  if (frl_status status = check_process("stream_wait_event", error); status != FRL_OK) return status;
  CompletionRef completion = event->latest();
  if (completion == nullptr || (completion->done() && completion->failure() == nullptr)) return FRL_OK;
  try {
    auto* record = stream->reserve<WaitEvent>(sizeof(WaitEvent), run_wait_event);
    record->head.work = 0;
    new (&record->completion) CompletionRef(std::move(completion));
    stream->submit();
  } catch (const std::exception& e) {
    return fail(error, FRL_OUT_OF_MEMORY, "[stream_wait_event] %s", e.what());
  }
  return FRL_OK;
}

}  // namespace ferrule::cpu
