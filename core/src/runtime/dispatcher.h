// The core's one thread: releases streams whose held work waited for another plugin's event. Started at the first use.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/stream_state.h"

namespace ferrule::detail {

class Dispatcher {
 public:
  Dispatcher() = default;
  ~Dispatcher() { stop(); }
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Ends the thread; what it still watched is forgotten. Nothing is watched afterwards.
  void stop();
  // Calls waiter.resume() once the marker's work is done.
  void watch(std::shared_ptr<Marker> marker, StreamState& waiter);

 private:
  struct Watch {
    std::shared_ptr<Marker> marker;
    StreamState* waiter;
  };
  static bool released(const Watch& watch);
  void take_added(std::vector<Watch>& watches);
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Watch> added_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace ferrule::detail
