#include "host/watcher.h"

#include <algorithm>
#include <chrono>
#include <new>

#include "host/event.h"
#include "host/runtime.h"

namespace ferrule::gpu {
namespace {

constexpr auto kShortestPause = std::chrono::microseconds(5);
constexpr auto kLongestPause = std::chrono::microseconds(100);

}  // namespace

Watcher::~Watcher() {
  if (driver_is_gone()) {
    if (thread_.joinable()) thread_.detach();
    return;
  }
  stop();
}

void Watcher::watch(std::shared_ptr<EventRecord> record, frl_event_callback callback, void* user) {
  std::lock_guard lock(mutex_);
  added_.push_back({std::move(record), callback, user});
  if (!running_) {
    if (thread_.joinable()) thread_.join();
    try {
      thread_ = std::thread([this] { work(); });
    } catch (...) {
      added_.pop_back();
      throw;
    }
    running_ = true;
  }
  changed_.notify_one();
}

void Watcher::stop() {
  std::thread thread;
  {
    std::lock_guard lock(mutex_);
    if (!thread_.joinable()) return;
    stop_ = true;
    thread.swap(thread_);
    changed_.notify_one();
  }
  thread.join();
  std::lock_guard lock(mutex_);
  stop_ = false;
}

// Calls back for what is done and drops it; true if there was any.
bool Watcher::call_done(std::vector<Pending>& pending) {
  bool any = false;
  for (Pending& item : pending) {
    frl_error outcome{};
    outcome.struct_size = sizeof outcome;
    if (!item.record->poll(&outcome)) continue;
    item.callback(item.user, outcome.code, outcome.code == FRL_OK ? nullptr : &outcome);
    item.record.reset();
    any = true;
  }
  std::erase_if(pending, [](const Pending& item) { return item.record == nullptr; });
  return any;
}

// With the lock held. Where memory is short, what was added waits until nothing else is pending.
void Watcher::take_added(std::vector<Pending>& pending) {
  if (pending.empty()) return pending.swap(added_);
  try {
    pending.insert(pending.end(), added_.begin(), added_.end());
    added_.clear();
  } catch (const std::bad_alloc&) {
  }
}

void Watcher::work() {
  std::vector<Pending> pending;
  auto pause = kShortestPause;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (pending.empty()) {
        changed_.wait(lock, [this] { return stop_ || !added_.empty(); });
        if (added_.empty()) {
          running_ = false;
          return;
        }
        pause = kShortestPause;
      }
      take_added(pending);
    }
    if (call_done(pending)) {
      pause = kShortestPause;
    } else {
      std::this_thread::sleep_for(pause);
      pause = std::min(2 * pause, kLongestPause);
    }
  }
}

}  // namespace ferrule::gpu
