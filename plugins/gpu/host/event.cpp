// The event slots; any thread.
#include "host/event.h"

#include <chrono>
#include <new>
#include <thread>
#include <utility>

#include "host/failure.h"
#include "host/runtime.h"
#include "host/stream.h"
#include "host/watcher.h"

namespace ferrule::gpu {
namespace {

using Clock = std::chrono::steady_clock;

// A wait with a limit polls without a pause this long, then sleeps in growing steps.
constexpr auto kSpin = std::chrono::microseconds(50);
constexpr auto kShortestSleep = std::chrono::microseconds(10);
constexpr auto kLongestSleep = std::chrono::microseconds(500);

frl_status status_of(const frl_error& outcome, frl_error* error) {
  return outcome.code == FRL_OK ? FRL_OK : copy_error(error, outcome);
}

}  // namespace

EventRecord::EventRecord(Device& device, bool timing) : device_(device) {
  device.activate();
  check(vendor::event_create(&handle_, timing), "creating an event");
}

EventRecord::~EventRecord() {
  if (driver_is_gone()) return;
  (void)vendor::event_destroy(handle_);  // legal while pending; a lost device refuses, and nothing is left to free
  if (device_.lost()) vendor::clear_error();
}

void EventRecord::set_failure(const frl_error* failure) {
  failed_ = failure != nullptr;
  if (failed_) failure_ = *failure;
}

bool EventRecord::finished(vendor::Status status, frl_error* failure) {
  failure->code = FRL_OK;
  if (status == vendor::kNotReady) {
    vendor::clear_error();
    return false;
  }
  if (status != vendor::kOk) {
    vendor::clear_error();
    const Failure cause(status, "waiting for an event");
    if (cause.error().code == FRL_DEVICE_LOST) {
      device_.lose(cause.error());
      *failure = device_.cause();
    } else {
      *failure = cause.error();
    }
  } else if (failed_) {
    *failure = failure_;
  }
  return true;
}

bool EventRecord::poll(frl_error* failure) {
  if (device_.lost()) {
    *failure = device_.cause();
    return true;
  }
  return finished(vendor::event_query(handle_), failure);
}

bool EventRecord::wait(uint64_t timeout_ns, frl_error* failure) {
  if (poll(failure)) return true;
  if (timeout_ns == UINT64_MAX) return finished(vendor::event_synchronize(handle_), failure);
  const auto begin = Clock::now();
  auto pause = kShortestSleep;
  for (;;) {
    const auto passed = Clock::now() - begin;
    const auto passed_ns = static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(passed).count());
    if (passed_ns >= timeout_ns) return false;
    if (passed > kSpin) {
      std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(
          pause, std::chrono::nanoseconds(static_cast<int64_t>(std::min<uint64_t>(timeout_ns - passed_ns, 1u << 30)))));
      pause = std::min(2 * pause, kLongestSleep);
    }
    if (poll(failure)) return true;
  }
}

frl_status event_create(frl_device* device, uint32_t flags, frl_event** out_event, frl_error* error) {
  if (!valid(device)) return refuse_handle(error, "event_create", "device", device);
  if (out_event == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[event_create] out_event is NULL");
  if ((flags & ~FRL_EVENT_TIMING) != 0) {
    return fail(error, FRL_INVALID_ARGUMENT, "[event_create] got flags %#x; expected FRL_EVENT_TIMING or 0", flags);
  }
  if (frl_status status = check_process("event_create", error); status != FRL_OK) return status;
  return guarded("event_create", &device->device, error, [&] {
    auto event = std::make_unique<frl_event>();
    event->device = &device->device;
    event->flags = flags;
    event->record = std::make_shared<EventRecord>(device->device, (flags & FRL_EVENT_TIMING) != 0);
    *out_event = event.release();
  });
}

void event_destroy(frl_event* event) {
  if (!valid(event) || process_is_exiting()) return;
  event->tag = 0;
  delete event;
}

frl_status event_record(frl_event* event, frl_stream* stream, frl_error* error) {
  if (!valid(event)) return refuse_handle(error, "event_record", "event", event);
  if (frl_status status = check_stream("event_record", stream, error); status != FRL_OK) return status;
  if (event->device->index() != stream->device().index()) {
    return fail(error, FRL_INVALID_ARGUMENT, "[event_record] got an event of device %u and a stream of device %u",
                event->device->index(), stream->device().index());
  }
  return guarded("event_record", event->device, error, [&] {
    stream->device().activate();
    (void)stream->submit();  // a failure stays with the stream, and reaches the event below
    std::lock_guard lock(event->mutex);
    EventRecordRef record = event->record;
    if (record.use_count() > 2) {  // somebody still waits for the earlier record
      record = std::make_shared<EventRecord>(*event->device, (event->flags & FRL_EVENT_TIMING) != 0);
    }
    stream->record(record->handle());
    record->set_failure(stream->failure());
    stream->clear_failure();
    event->record = std::move(record);
    event->recorded = true;
  });
}

frl_status event_query(frl_event* event, int32_t* out_done, frl_error* error) {
  if (!valid(event)) return refuse_handle(error, "event_query", "event", event);
  if (out_done == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[event_query] out_done is NULL");
  if (frl_status status = check_process("event_query", error); status != FRL_OK) return status;
  const EventRecordRef record = event->latest();
  frl_error outcome{};
  const bool done = record == nullptr || record->poll(&outcome);
  *out_done = done ? 1 : 0;
  return done ? status_of(outcome, error) : FRL_OK;
}

frl_status event_wait(frl_event* event, uint64_t timeout_ns, frl_error* error) {
  if (!valid(event)) return refuse_handle(error, "event_wait", "event", event);
  if (frl_status status = check_process("event_wait", error); status != FRL_OK) return status;
  const EventRecordRef record = event->latest();
  if (record == nullptr) return FRL_OK;
  frl_error outcome{};
  if (!record->wait(timeout_ns, &outcome)) {
    return fail(error, FRL_TIMEOUT, "[event_wait] not done after %.6f s", static_cast<double>(timeout_ns) * 1e-9);
  }
  return status_of(outcome, error);
}

frl_status event_elapsed(frl_event* begin, frl_event* end, uint64_t* out_ns, frl_error* error) {
  if (!valid(begin)) return refuse_handle(error, "event_elapsed", "event", begin);
  if (!valid(end)) return refuse_handle(error, "event_elapsed", "event", end);
  if (out_ns == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[event_elapsed] out_ns is NULL");
  if ((begin->flags & end->flags & FRL_EVENT_TIMING) == 0) {
    return fail(error, FRL_INVALID_ARGUMENT, "[event_elapsed] got an event made without FRL_EVENT_TIMING");
  }
  if (frl_status status = check_process("event_elapsed", error); status != FRL_OK) return status;
  const EventRecordRef first = begin->latest(), last = end->latest();
  for (const EventRecordRef& record : {first, last}) {
    frl_error outcome{};
    if (record == nullptr || !record->poll(&outcome)) {
      return fail(error, FRL_INVALID_STATE, "[event_elapsed] got an event that is not recorded or not done");
    }
    if (outcome.code != FRL_OK) return copy_error(error, outcome);
  }
  float milliseconds = 0;
  const frl_status status = guarded("event_elapsed", begin->device, error, [&] {
    check(vendor::event_elapsed_ms(&milliseconds, first->handle(), last->handle()), "reading two events' times");
  });
  if (status != FRL_OK) return status;
  if (milliseconds < 0) {
    return fail(error, FRL_INVALID_ARGUMENT, "[event_elapsed] the end is done before the beginning");
  }
  *out_ns = static_cast<uint64_t>(static_cast<double>(milliseconds) * 1e6);
  return FRL_OK;
}

frl_status event_on_done(frl_event* event, frl_event_callback callback, void* user, frl_error* error) {
  if (!valid(event)) return refuse_handle(error, "event_on_done", "event", event);
  if (callback == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[event_on_done] callback is NULL");
  if (frl_status status = check_process("event_on_done", error); status != FRL_OK) return status;
  EventRecordRef record = event->latest();
  frl_error outcome{};
  if (record == nullptr || record->poll(&outcome)) {
    callback(user, outcome.code, outcome.code == FRL_OK ? nullptr : &outcome);
    return FRL_OK;
  }
  return guarded("event_on_done", event->device, error,
                 [&] { event->device->watcher().watch(std::move(record), callback, user); });
}

frl_status stream_wait_event(frl_stream* stream, frl_event* event, frl_error* error) {
  if (frl_status status = check_stream("stream_wait_event", stream, error); status != FRL_OK) return status;
  if (!valid(event)) return refuse_handle(error, "stream_wait_event", "event", event);
  const EventRecordRef record = event->latest();
  if (record == nullptr) return FRL_OK;
  return guarded("stream_wait_event", &stream->device(), error, [&] {
    stream->device().activate();
    frl_error outcome{};
    outcome.struct_size = sizeof outcome;
    const bool done = record->poll(&outcome);
    if (done && outcome.code == FRL_OK) return;
    (void)stream->submit();                         // what was appended so far does not wait
    if (done) return stream->set_failure(outcome);  // its device may be lost, and then could not be waited for
    stream->wait(record->handle());
    if (record->failure() != nullptr) stream->set_failure(*record->failure());
  });
}

}  // namespace ferrule::gpu
