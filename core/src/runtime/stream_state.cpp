#include "runtime/stream_state.h"

#include <cstring>

#include "runtime/device_runtime.h"
#include "runtime/dispatcher.h"
#include "runtime/pool_allocator.h"

namespace ferrule::detail {
namespace {

// A marker costs the host half a microsecond and the device a pause; so many evaluations share one. What fails in one of
// them fails all, unless somebody waited in between.
constexpr uint32_t kEvaluationsPerMarker = 16;

// So often an event is recorded that the device refuses, before its work counts as lost.
constexpr int kRecordAttempts = 1000;

// A device that is behind by that many evaluations does not wait for the next ones: short ones are handed to it together, so
// that a backend can put them into one graph, whose start takes a GPU as long as a small kernel.
constexpr uint64_t kSubmissionsPerFlush = 8;

}  // namespace

Marker::~Marker() {
  if (event) stream->device().recycle_event(event);
}

StreamState::~StreamState() { device_.api().stream_destroy(handle_); }

void StreamState::release_all() {
  std::lock_guard lock(mutex_);
  markers_.clear();
  retained_.clear();
}

frl_status StreamState::record_event(Marker& marker, PluginError& cause) {
  ++marker.attempts;
  cause.code = device_.api().event_record(marker.event, handle_, &cause);
  if (cause.code == FRL_OK) marker.has_event.store(true, std::memory_order_release);
  return cause.code;
}

void StreamState::record_first(Marker& marker) {
  PluginError ignored;
  if (held_failure_.code != FRL_OK) {
    marker.failure = held_failure_;
    held_failure_ = PluginError{};
  }
  (void)record_event(marker, ignored);
  marker.recorded.store(true, std::memory_order_release);
  recorded_.notify_all();
}

std::shared_ptr<Marker> StreamState::record() {
  unmarked_ = 0;
  flushed_ = submitted_;  // by the event
  auto marker = std::allocate_shared<Marker>(PoolAllocator<Marker>());
  marker->stream = this;
  marker->sequence = submitted_;
  marker->event = device_.take_event();
  markers_.push_back(marker);
  if (held_.empty()) {
    record_first(*marker);
    return marker;
  }
  try {
    held_.push_back({[this, marker](frl_stream*, frl_error*) {
                       record_first(*marker);
                       return FRL_OK;
                     },
                     nullptr, true});
  } catch (...) {
    markers_.pop_back();  // nobody would record it
    throw;
  }
  return marker;
}

std::shared_ptr<Marker> StreamState::marker_for(uint64_t sequence) {
  for (auto& marker : markers_) {
    if (marker->sequence >= sequence) return marker;
  }
  return record();
}

void StreamState::mark() {
  std::lock_guard lock(mutex_);
  uint64_t covered = markers_.empty() ? completed_.load() : markers_.back()->sequence;
  if (covered >= submitted_) return;
  bool keeps = !retained_.empty() && retained_.back().first > covered;
  if (++unmarked_ >= kEvaluationsPerMarker || keeps || !held_.empty()) {
    retire();
    behind_ = !markers_.empty();
    record();
    return;
  }
  if (behind_ && submitted_ - flushed_ < kSubmissionsPerFlush) return;
  flushed_ = submitted_;
  PluginError plugin_error;
  frl_status status = device_.api().stream_flush(handle_, &plugin_error);
  if (status == FRL_OK) return;
  auto marker = record();  // remembers the failure for the arrays it concerns
  if (marker->failure.code != FRL_OK) return;
  marker->failure = plugin_error;
  marker->failure.code = status;
}

void StreamState::flush() {
  std::lock_guard lock(mutex_);
  if (!held_.empty()) return;  // the marker behind the held work submits
  PluginError plugin_error;
  check(device_.api().stream_flush(handle_, &plugin_error), plugin_error, "stream_flush");
}

// Whether the work before a marker is done, and how it ended; with the lock held. Memory in use must not be given back
// because a record failed: it is tried again.
bool StreamState::is_over(Marker& marker, PluginError& cause) {
  if (!marker.recorded.load(std::memory_order_acquire)) return false;
  if (!marker.has_event) {
    frl_status status = record_event(marker, cause);
    if (status == FRL_OK || (status != FRL_DEVICE_LOST && marker.attempts < kRecordAttempts)) return false;
  } else {
    int32_t done = 0;
    cause.code = device_.api().event_query(marker.event, &done, &cause);
    if (cause.code == FRL_OK && !done) return false;
  }
  if (marker.failure.code != FRL_OK) cause = marker.failure;
  return true;
}

// Pops the markers that are done, in order; with the lock held.
void StreamState::retire() {
  while (!markers_.empty()) {
    Marker& marker = *markers_.front();
    PluginError cause;
    if (!is_over(marker, cause)) break;
    if (cause.code != FRL_OK) {
      note_failure(completed_ + 1, cause);
      marker.failure = cause;  // for streams that depend on it
    } else {                   // its work came before an earlier failure was noticed, and may depend on it
      for (const Failure& failure : failures_) {
        if (failure.first <= marker.sequence && marker.sequence <= failure.last) marker.failure = *failure.cause;
      }
    }
    completed_.store(marker.sequence, std::memory_order_release);
    markers_.pop_front();
  }
  behind_ = behind_ && !markers_.empty();
  while (!retained_.empty() && retained_.front().first <= completed_) retained_.pop_front();
}

// With the lock held. What was submitted before the failure was noticed may depend on the work that failed.
void StreamState::note_failure(uint64_t first, const PluginError& cause) {
  const bool same = !failures_.empty() && std::strcmp(failures_.back().cause->message, cause.message) == 0 &&
                    failures_.back().cause->code == cause.code;
  if (same && first <= failures_.back().last + 1) {
    failures_.back().last = submitted_;
  } else {
    failures_.push_back({first, submitted_, same ? failures_.back().cause : std::make_shared<PluginError>(cause)});
  }
  has_failures_.store(true, std::memory_order_relaxed);
  // Work that waited for another device's may have failed because that one is lost.
  if (cause.code == FRL_DEVICE_LOST && lost_.code == FRL_OK && device_.is_lost()) lost_ = cause;
}

// With the lock held.
void StreamState::throw_failure(uint64_t sequence) {
  if (lost_.code != FRL_OK) check(lost_.code, lost_, "wait");
  for (const Failure& failure : failures_) {
    if (failure.first <= sequence && sequence <= failure.last) check(failure.cause->code, *failure.cause, "wait");
  }
}

void StreamState::require(uint64_t sequence) {
  if (!has_failures()) return;
  std::lock_guard lock(mutex_);
  throw_failure(sequence);
}

bool StreamState::is_done(uint64_t sequence) {
  if (sequence <= completed_.load(std::memory_order_acquire)) return true;
  std::lock_guard lock(mutex_);
  retire();
  return sequence <= completed_;
}

bool StreamState::poll(uint64_t sequence) {
  if (is_done(sequence)) return true;
  std::lock_guard lock(mutex_);
  marker_for(sequence);
  return false;
}

void StreamState::host_wait(uint64_t sequence) {
  std::unique_lock lock(mutex_);
  while (completed_ < sequence) {
    auto marker = marker_for(sequence);
    recorded_.wait(lock, [&] { return marker->recorded.load(); });
    lock.unlock();
    PluginError ignored;  // retire() asks again, and remembers the failure for every array it concerns
    device_.api().event_wait(marker->event, UINT64_MAX, &ignored);
    lock.lock();
    retire();
  }
  throw_failure(sequence);
}

void StreamState::finish() noexcept {
  try {
    host_wait();
  } catch (const std::exception&) {
    // The arrays concerned report it when they are read.
  }
}

void StreamState::wait_for(StreamState& other, uint64_t sequence) {
  if (&other == this) return;
  if (other.is_done(sequence)) return other.require(sequence);
  std::shared_ptr<Marker> marker;
  {
    std::lock_guard lock(other.mutex_);
    marker = other.marker_for(sequence);
  }
  std::lock_guard lock(mutex_);
  bool native = other.device_.same_plugin(device_) && marker->has_event.load(std::memory_order_acquire);
  if (native && held_.empty()) {
    PluginError plugin_error;
    check(device_.api().stream_wait_event(handle_, marker->event, &plugin_error), plugin_error, "stream_wait_event");
    retained_.emplace_back(submitted_ + 1, marker);  // the event stays until the wait has happened
    return;
  }
  bool first = held_.empty();
  held_.push_back({nullptr, marker, false});
  if (!first) return;
  try {
    device_.dispatcher().watch(marker, *this);
  } catch (...) {
    held_.pop_back();  // nobody would release the stream
    throw;
  }
}

void StreamState::resume() {
  std::unique_lock lock(mutex_);
  while (!held_.empty()) {
    Held& next = held_.front();  // stays in place: others only append, and only the dispatcher pops
    if (next.dependency) {
      lock.unlock();  // never two streams' locks at once
      bool done = next.dependency->stream->is_done(next.dependency->sequence);
      lock.lock();
      if (!done) {
        device_.dispatcher().watch(next.dependency, *this);
        return;
      }
      if (next.dependency->failure.code != FRL_OK && held_failure_.code == FRL_OK) {
        held_failure_ = next.dependency->failure;
      }
    } else {
      PluginError plugin_error;
      // Work after a failure is skipped up to the next marker, as on a device; markers are always recorded.
      if (held_failure_.code != FRL_OK && !next.is_marker) {
        held_.pop_front();
        continue;
      }
      frl_status status = next.work(handle_, &plugin_error);
      if (status != FRL_OK && held_failure_.code == FRL_OK) {
        held_failure_ = plugin_error;
        held_failure_.code = status;
      }
    }
    held_.pop_front();
  }
}

void StreamState::retain(std::shared_ptr<void> object) {
  std::lock_guard lock(mutex_);
  retained_.emplace_back(submitted_, std::move(object));
}

}  // namespace ferrule::detail
