// frl.profiler/1: what ran on a device and when, by events around each call. One per device; any thread. When it is off,
// a call costs one relaxed load.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "ferrule/plugin.h"
#include "vendor/host.h"

namespace ferrule::gpu {

class Device;

class Profiler {
 public:
  explicit Profiler(Device& device) : device_(device) {}
  ~Profiler();

  bool active() const { return active_.load(std::memory_order_relaxed); }
  // False when it is (start) or is not (stop) active.
  bool start(uint64_t max_records);
  bool stop();
  // Moves out up to `capacity` records of finished work; *dropped: how many found no room since the last read. Throws
  // Failure.
  uint64_t read(frl_profile_record* out, uint64_t capacity, uint64_t* dropped);

  struct Pending {
    vendor::Event begin, end;
    frl_profile_record record;
  };
  // Records the time between its construction and its end on a stream; nothing when the profiler is off.
  class Scope {
   public:
    Scope(Profiler& profiler, vendor::Stream stream, const char* name, uint32_t kind, uint64_t bytes);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Profiler& profiler_;
    vendor::Stream stream_;
    bool on_ = false;
    Pending item_;  // defined when on
  };

 private:
  bool begin(Pending& item, vendor::Stream stream);  // false: no room
  void add(const Pending& item);
  vendor::Event take_event();
  void give_back(vendor::Event event);
  uint64_t time_of(vendor::Event event);

  Device& device_;
  std::atomic<bool> active_{false};
  std::mutex mutex_;
  std::deque<Pending> pending_;
  std::vector<vendor::Event> spare_;  // has room for every event that exists
  size_t events_ = 0;                 // that exist
  bool has_base_ = false;
  vendor::Event base_{};  // the clock counts from here
  uint64_t base_ns_ = 0;
  uint64_t room_ = 0, max_records_ = 0, dropped_ = 0;
};

// The table that device_extension returns for FRL_EXT_PROFILER, version 1.
const frl_profiler_api* profiler_extension();

}  // namespace ferrule::gpu
