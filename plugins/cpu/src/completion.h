// One record of an event: done or not, and how it ended. Shared by the event, by waiting streams and by the queue, so
// that an event may be destroyed or recorded again while earlier records are pending.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "ferrule/plugin.h"

namespace ferrule::cpu {

class Completion {
 public:
  bool done() const { return done_.load(std::memory_order_acquire); }
  // Valid when done: the failure, or NULL.
  const frl_error* failure() const { return failed_ ? &failure_ : nullptr; }
  frl_status status() const { return failed_ ? failure_.code : FRL_OK; }
  uint64_t time_ns() const { return time_ns_; }

  // Stream's thread: ends the record (failure may be NULL), wakes who waits, then calls back. Once.
  void complete(const frl_error* failure, bool timed);

  // False when timeout_ns passed first; UINT64_MAX waits for ever.
  bool wait(uint64_t timeout_ns);

  // Calls back when done, at once if it is. Throws std::bad_alloc.
  void on_done(frl_event_callback callback, void* user);

 private:
  struct Callback {
    frl_event_callback call;
    void* user;
  };

  std::atomic<bool> done_{false};
  bool failed_ = false;
  uint64_t time_ns_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Callback> callbacks_;
  frl_error failure_;  // when failed_
};

using CompletionRef = std::shared_ptr<Completion>;

}  // namespace ferrule::cpu
