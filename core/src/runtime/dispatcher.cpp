#include "runtime/dispatcher.h"

#include <chrono>

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
  watches_.clear();
}

void Dispatcher::watch(std::shared_ptr<Marker> marker, StreamState& waiter) {
  std::lock_guard lock(mutex_);
  watches_.push_back({std::move(marker), &waiter});
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
}

void Dispatcher::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (watches_.empty()) {
      changed_.wait(lock, [this] { return stop_ || !watches_.empty(); });
      continue;
    }
    auto watches = std::move(watches_);
    watches_.clear();
    lock.unlock();
    std::vector<Watch> waiting;
    for (Watch& watch : watches) {
      if (watch.marker->stream->is_done(watch.marker->sequence))
        watch.waiter->resume();
      else
        waiting.push_back(std::move(watch));
    }
    watches.clear();
    lock.lock();
    bool idle = waiting.size() > 0 && watches_.empty();
    watches_.insert(watches_.end(), std::make_move_iterator(waiting.begin()), std::make_move_iterator(waiting.end()));
    if (idle) changed_.wait_for(lock, kPollInterval);
  }
}

}  // namespace ferrule::detail
