// Calls back when events are done: one thread per device that polls what is pending, started at first use. Any thread.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "ferrule/plugin.h"

namespace ferrule::gpu {

class Device;
class EventRecord;

class Watcher {
 public:
  explicit Watcher(Device& device) : device_(device) {}
  ~Watcher();

  // Throws std::bad_alloc, std::system_error.
  void watch(std::shared_ptr<EventRecord> record, frl_event_callback callback, void* user);
  // Waits until nothing is pending, then ends the thread; watch starts it again.
  void stop();

 private:
  struct Pending {
    std::shared_ptr<EventRecord> record;
    frl_event_callback callback;
    void* user;
  };
  void work();
  void take_added(std::vector<Pending>& pending);
  static bool call_done(std::vector<Pending>& pending);

  Device& device_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Pending> added_;
  std::thread thread_;
  bool running_ = false;  // the thread will look at added_ again
  bool stop_ = false;
};

}  // namespace ferrule::gpu
