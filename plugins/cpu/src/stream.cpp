// The producer's fast path publishes with one release store and never fences, so a thread on its way to sleep may miss
// a record. flush closes that gap: it and the sleeper both read-modify-write state_, so that the later of the two sees
// what the other did before. The thread polls for a moment, then sleeps.
#include "stream.h"

#include <chrono>
#include <exception>
#include <new>

#include "device.h"
#include "graph.h"
#include "parallel.h"
#include "runtime.h"
#include "spin.h"

namespace ferrule::cpu {

frl_status Stream::flush(frl_error* error) {
  if (state_.fetch_add(0, std::memory_order_acq_rel) == kRunning || ring_.empty()) return FRL_OK;
  try {
    wake();
  } catch (const std::exception& e) {
    return fail(error, FRL_OUT_OF_MEMORY, "[stream_flush] cannot start the stream's thread: %s", e.what());
  }
  return FRL_OK;
}

void Stream::set_failure(const frl_error& error) {
  if (failed_) return;
  failed_ = true;
  failure_ = error;
}

Record* Stream::reserve_slow(Record* record, uint32_t bytes) {
  // The thread must exist before the call is accepted; later it can only be missing after quiesce.
  if (state_.load(std::memory_order_relaxed) == kStopped) wake();
  if (record != nullptr) return record;
  // Half the ring, so that the two threads do not wake each other for every record.
  auto has_room = [&] { return ring_.used() <= Ring::kBytes / 2 && (record = ring_.reserve(bytes)) != nullptr; };
  std::unique_lock lock(mutex_);
  producer_waits_.store(true, std::memory_order_relaxed);
  while (!has_room()) {
    news_.notify_one();
    room_.wait_for(lock, std::chrono::milliseconds(1));  // a missed notification costs no more than this
  }
  producer_waits_.store(false, std::memory_order_relaxed);
  return record;
}

void Stream::wake() {
  std::lock_guard lock(mutex_);
  switch (state_.load(std::memory_order_relaxed)) {
    case kRunning:
      break;
    case kSleeping:
      news_.notify_one();
      break;
    case kStopped:
      plugin::note_fork_unsafe();
      thread_ = std::thread([this] { work(); });
      state_.store(kRunning, std::memory_order_relaxed);
      break;
  }
}

void Stream::work() {
  const int threads = thread_count();
  for (;;) {
    while (Record* record = ring_.front()) {
      if (record->work == 0 || !failed_) record->run(*this, *record);
      ring_.pop(*record);
      if (producer_waits_.load(std::memory_order_relaxed)) [[unlikely]]
        room_.notify_one();
    }
    if (spin_until(threads, [this] { return !ring_.empty(); })) continue;
    if (!sleep()) return;
  }
}

// Returns false when the thread is to end.
bool Stream::sleep() {
  std::unique_lock lock(mutex_);
  for (;;) {
    state_.exchange(kSleeping, std::memory_order_acq_rel);
    if (!ring_.empty()) {
      state_.store(kRunning, std::memory_order_relaxed);
      return true;
    }
    if (stop_) {
      state_.store(kStopped, std::memory_order_relaxed);
      return false;
    }
    news_.wait(lock);
  }
}

void Stream::stop() {
  std::thread thread;
  {
    std::lock_guard lock(mutex_);
    if (!thread_.joinable()) return;
    stop_ = true;
    thread.swap(thread_);
    news_.notify_one();
  }
  thread.join();
  std::lock_guard lock(mutex_);
  stop_ = false;
}

frl_status bad_handle(frl_error* error, const char* slot, const char* noun, const void* handle) {
  if (is_recorder(handle)) {
    return fail(error, FRL_INVALID_STATE, "[%s] got a recorder; expected a %s (a recorder takes kernel_launch only)",
                slot, noun);
  }
  return plugin::refuse_handle(error, slot, noun, handle);
}

frl_status stream_create(frl_device* device, int32_t, frl_stream** out_stream, frl_error* error) {
  if (!valid(device)) return bad_handle(error, "stream_create", "device", device);
  if (out_stream == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[stream_create] out_stream is NULL");
  if (frl_status status = check_process("stream_create", error); status != FRL_OK) return status;
  try {
    static std::atomic<uint64_t> numbers{0};
    auto stream = std::make_unique<frl_stream>(device->profiler, numbers.fetch_add(1, std::memory_order_relaxed));
    register_stream(stream.get());
    *out_stream = stream.release();
  } catch (const std::bad_alloc&) {
    return fail(error, FRL_OUT_OF_MEMORY, "[stream_create] no memory for a stream");
  }
  return FRL_OK;
}

void stream_destroy(frl_stream* stream) {
  if (!valid(stream) || process_is_exiting()) return;
  if (is_forked_child()) return;  // its thread is not ours to join
  unregister_stream(stream);
  stream->stop();
  stream->tag = 0;
  delete stream;
}

frl_status stream_flush(frl_stream* stream, frl_error* error) {
  if (!valid(stream)) return bad_handle(error, "stream_flush", "stream", stream);
  if (frl_status status = check_process("stream_flush", error); status != FRL_OK) return status;
  return stream->flush(error);
}

}  // namespace ferrule::cpu
