// One stream of a device as the core sees it: submissions are numbered, markers (recorded events) tell how far the
// device has come, and work that waits for another plugin's event is held back here until the dispatcher releases it,
// so that no user thread blocks. All members may be called from any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "ferrule/device.h"
#include "ferrule/plugin.h"
#include "runtime/failure.h"

namespace ferrule::detail {

class DeviceRuntime;
class StreamState;

// A point in a stream's work: everything up to `sequence`.
struct Marker {
  StreamState* stream;
  uint64_t sequence;
  frl_event* event = nullptr;
  std::atomic<bool> recorded{false};   // false while the stream holds work back
  std::atomic<bool> has_event{false};  // the event is in the stream; where recording it failed, retire() tries again
  int attempts = 0;
  PluginError failure;  // of work held back before it, or what retire() found

  ~Marker();
};

class StreamState {
 public:
  StreamState(DeviceRuntime& device, frl_stream* handle, Stream id) : device_(device), handle_(handle), id_(id) {}
  ~StreamState();
  StreamState(const StreamState&) = delete;
  StreamState& operator=(const StreamState&) = delete;

  DeviceRuntime& device() const { return device_; }
  Stream id() const { return id_; }
  // Whether work is held back for another plugin's event.
  bool holds_back() {
    std::lock_guard lock(mutex_);
    return !held_.empty();
  }
  uint64_t submitted() const { return submitted_.load(std::memory_order_relaxed); }

  // Calls work(handle, error) now if nothing is held back, and returns its sequence. `held` makes a self-contained copy
  // of the work for later, and is only called when the stream holds work back. Throws what work reports at once.
  template <typename Work, typename MakeHeld>
  uint64_t submit(const char* what, const Work& work, const MakeHeld& held) {
    std::lock_guard lock(mutex_);
    if (held_.empty()) {
      PluginError plugin_error;
      check(work(handle_, &plugin_error), plugin_error, what);
    } else {
      held_.push_back({held(), nullptr, false});
    }
    return ++submitted_;
  }
  // The same for work that is self-contained already.
  template <typename Work>
  uint64_t submit(const char* what, const Work& work) {
    return submit(what, work, [&] { return HeldWork(work); });
  }

  // Later work starts after `other` has done everything up to `sequence`, and fails when that fails. Does not block;
  // throws what is known to have failed already.
  void wait_for(StreamState& other, uint64_t sequence);
  // Hands deferred work to the device.
  void flush();
  // The end of an evaluation: hands its work to the device, or leaves that to the next ones where the evaluation was short
  // and the device is far behind. Every so often, and when something is kept alive for it, a marker follows; others are
  // made when somebody waits.
  void mark();
  // True when everything up to `sequence` is known to be done. Does not block.
  bool is_done(uint64_t sequence);
  // The same for somebody who asks again and again: makes sure that it will be known.
  bool poll(uint64_t sequence);
  // Whether any work of this stream failed so far; then require() tells which.
  bool has_failures() const { return has_failures_.load(std::memory_order_relaxed); }
  // Throws what is known to have failed of the work numbered `sequence`. Does not wait.
  void require(uint64_t sequence);
  // Blocks until everything up to `sequence` is done; throws if any part of the work up to its marker failed.
  void host_wait(uint64_t sequence);
  void host_wait() { host_wait(submitted()); }
  // Blocks until everything submitted so far is done, however it ended.
  void finish() noexcept;
  // Drops markers and kept objects, of other devices too. When all work is done and none will follow.
  void release_all();
  // Keeps the object alive until the work submitted so far is done.
  void retain(std::shared_ptr<void> object);

 private:
  friend class Dispatcher;
  using HeldWork = std::function<frl_status(frl_stream*, frl_error*)>;
  struct Held {
    HeldWork work;
    std::shared_ptr<Marker> dependency;  // an event of another plugin to wait for first
    bool is_marker = false;
  };
  // Remembered for good: somebody may read an array of that time at any later time.
  struct Failure {
    uint64_t first, last;
    std::shared_ptr<const PluginError> cause;
  };

  std::shared_ptr<Marker> marker_for(uint64_t sequence);  // with the lock held
  std::shared_ptr<Marker> record();
  frl_status record_event(Marker& marker, PluginError& cause);
  void record_first(Marker& marker);
  bool is_over(Marker& marker, PluginError& cause);
  void retire();
  void note_failure(uint64_t first, const PluginError& cause);
  void throw_failure(uint64_t sequence);
  void resume();  // called by the dispatcher when a dependency is done

  DeviceRuntime& device_;
  frl_stream* handle_;
  Stream id_;
  std::mutex mutex_;
  std::condition_variable recorded_;
  std::atomic<uint64_t> submitted_{0};
  std::atomic<uint64_t> completed_{0};
  uint32_t unmarked_ = 0;                        // evaluations since the last marker
  uint64_t flushed_ = 0;                         // what was submitted when work was last handed over
  bool behind_ = false;                          // a marker's evaluations were not done when the next one was made
  std::deque<std::shared_ptr<Marker>> markers_;  // not known to be done, in order
  std::deque<Held> held_;
  PluginError held_failure_;  // of work held back since the last marker
  std::vector<Failure> failures_;
  std::atomic<bool> has_failures_{false};
  PluginError lost_;  // FRL_DEVICE_LOST stays
  std::deque<std::pair<uint64_t, std::shared_ptr<void>>> retained_;
};

}  // namespace ferrule::detail
