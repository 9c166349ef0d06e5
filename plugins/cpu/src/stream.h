// A stream: a queue of calls and the thread that runs them in order. The producer side is externally synchronised; the
// thread starts with the first call and stops with quiesce or destruction.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "handles.h"
#include "ring.h"

namespace ferrule::cpu {

class Profiler;

class Stream {
 public:
  Stream(Profiler& profiler, uint64_t number) : profiler_(profiler), number_(number) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Producer: space for a record that begins with Record; blocks while the queue is full. Throws std::bad_alloc or
  // std::system_error when the thread cannot be started. Fill it completely, then submit.
  template <typename T>
  T* reserve(uint32_t bytes, void (*run)(Stream&, Record&)) {
    Record* record = ring_.reserve(bytes);
    if (state_.load(std::memory_order_relaxed) != kRunning || record == nullptr) [[unlikely]] {
      record = reserve_slow(record, bytes);
    }
    record->run = run;
    return reinterpret_cast<T*>(record);
  }
  // Producer: queues what was reserved. A sleeping thread may miss it until flush.
  void submit() {
    ring_.publish();
    if (state_.load(std::memory_order_relaxed) != kRunning) [[unlikely]]
      wake();
  }
  // Producer: all that was submitted will run without further calls.
  frl_status flush(frl_error* error);
  // Producer: nothing is queued or running.
  bool idle() const { return ring_.idle(); }
  // Producer, when idle, or the stream's thread.
  bool failed() const { return failed_; }

  // Stream's thread: the first failure is kept until an event has taken it.
  void set_failure(const frl_error& error);
  const frl_error* failure() const { return failed_ ? &failure_ : nullptr; }
  void clear_failure() { failed_ = false; }

  Profiler& profiler() const { return profiler_; }
  uint64_t number() const { return number_; }  // told apart by the profiler

  // Runs everything that was submitted, then ends the thread.
  void stop();

 protected:
  ~Stream() = default;

 private:
  enum State : uint32_t { kStopped, kRunning, kSleeping };

  Record* reserve_slow(Record* record, uint32_t bytes);
  void wake();
  void work();
  bool sleep();

  Profiler& profiler_;  // the device's
  const uint64_t number_;
  Ring ring_;
  bool failed_ = false;
  frl_error failure_{};
  alignas(64) std::atomic<uint32_t> state_{kStopped};
  std::atomic<bool> producer_waits_{false};
  std::mutex mutex_;  // guards what follows, and changes of state_
  std::condition_variable news_, room_;
  std::thread thread_;
  bool stop_ = false;
};

frl_status stream_create(frl_device* device, int32_t priority, frl_stream** out_stream, frl_error* error);
void stream_destroy(frl_stream* stream);
frl_status stream_flush(frl_stream* stream, frl_error* error);

}  // namespace ferrule::cpu

struct frl_stream final : ferrule::cpu::Tagged<ferrule::cpu::kStreamTag>, ferrule::cpu::Stream {
  using Stream::Stream;
};
