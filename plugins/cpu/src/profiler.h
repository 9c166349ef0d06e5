// frl.profiler/1: what ran on a device's streams and when. One per device; the streams' threads add records, any thread
// reads them. When it is off, a call costs one relaxed load.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>

#include "kernel.h"

namespace ferrule::cpu {

class Stream;

class Profiler {
 public:
  bool active() const { return active_.load(std::memory_order_relaxed); }
  // False when it is (start) or is not (stop) active.
  bool start(uint64_t max_records);
  bool stop();
  void add(const frl_profile_record& record);
  // Moves out up to `capacity` records; *dropped: how many found no room since the last read.
  uint64_t read(frl_profile_record* out, uint64_t capacity, uint64_t* dropped);

 private:
  std::atomic<bool> active_{false};
  std::mutex mutex_;  // guards what follows
  std::deque<frl_profile_record> records_;
  uint64_t room_ = 0;  // until the next read
  uint64_t max_records_ = 0, dropped_ = 0;
};

// Records the time of a scope on a stream's thread.
class ProfileScope {
 public:
  ProfileScope(const Stream& stream, const Kernel& kernel, const Call& call);
  ProfileScope(const Stream& stream, const char* slot, uint64_t bytes);
  ~ProfileScope() {
    if (profiler_ != nullptr) [[unlikely]]
      finish();
  }
  ProfileScope(const ProfileScope&) = delete;
  ProfileScope& operator=(const ProfileScope&) = delete;

 private:
  void begin(const Stream& stream, const char* name, uint32_t kind, uint64_t bytes);
  void finish();

  Profiler* profiler_ = nullptr;  // NULL: off
  frl_profile_record record_;     // defined when on
};

// The table that device_extension returns for FRL_EXT_PROFILER, version 1.
const frl_profiler_api* profiler_extension();

}  // namespace ferrule::cpu
