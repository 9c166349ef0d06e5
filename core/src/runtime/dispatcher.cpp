#include "runtime/dispatcher.h"

#include <chrono>
#include <new>

namespace ferrule::detail {
namespace {

// Events are polled: a callback per event would cost a plugin thread more than this thread's look every so often, and
// works alike for plugins without event_on_done. Only streams that wait across plugins pay the delay.
constexpr auto kPollInterval = std::chrono::microseconds(20);

}  // namespace

void Dispatcher::stop() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  added_.clear();
}

void Dispatcher::watch(std::shared_ptr<Marker> marker, StreamState& waiter) {
  std::lock_guard lock(mutex_);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  added_.push_back({std::move(marker), &waiter});
  changed_.notify_all();
}

// Whether the waiter goes on. Where memory is short it is asked again: what it has done already it does not repeat.
bool Dispatcher::released(const Watch& watch) try {
  if (!watch.marker->stream->is_done(watch.marker->sequence)) return false;
  watch.waiter->resume();
  return true;
} catch (const std::exception&) {
  return false;
}

// With the lock held. Where memory is short, what was added waits until nothing else is watched.
void Dispatcher::take_added(std::vector<Watch>& watches) {
  if (watches.empty()) return watches.swap(added_);
  try {
    watches.insert(watches.end(), added_.begin(), added_.end());
    added_.clear();
  } catch (const std::bad_alloc&) {
  }
}

void Dispatcher::run() {
  std::vector<Watch> watches;
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (watches.empty() && added_.empty()) {
      changed_.wait(lock, [this] { return stop_ || !added_.empty(); });
      continue;
    }
    take_added(watches);
    lock.unlock();
    const bool idle = std::erase_if(watches, released) == 0;
    lock.lock();
    if (idle && added_.empty()) changed_.wait_for(lock, kPollInterval);
  }
}

}  // namespace ferrule::detail
