// Making, keeping and running primitives. Only for libraries/.
#pragma once

#include "onednn_api.h"

#ifdef FERRULE_CPU_HAS_ONEDNN
#include <atomic>
#include <cstring>
#include <list>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "onednn.h"

namespace ferrule::cpu::onednn {

// While alive, oneDNN makes and runs primitives on the calling thread alone.
class SingleThread {
 public:
  SingleThread();
  ~SingleThread();
  SingleThread(const SingleThread&) = delete;
  SingleThread& operator=(const SingleThread&) = delete;

 private:
  int before_ = 1;
};

class Primitive {
 public:
  // Takes `desc` over; `arguments` are DNNL_ARG_* of the operands (0: there is none), `operands` their descriptors.
  Primitive(dnnl_primitive_desc_t desc, const int (&arguments)[3], const dnnl_memory_desc_t (&operands)[3]);
  ~Primitive();
  Primitive(const Primitive&) = delete;
  Primitive& operator=(const Primitive&) = delete;

  bool ok() const { return primitive_ != nullptr; }
  void run(const void* source, const void* weights, void* destination) const;
  const dnnl_memory_desc_t& operand(int i) const { return operands_[i]; }

 private:
  dnnl_primitive_t primitive_ = nullptr;
  int arguments_[3];
  dnnl_memory_desc_t operands_[3];
  dnnl_memory_desc_t scratchpad_;
  size_t scratchpad_bytes_ = 0;

  // The memory objects of one run; as many are kept as runs overlapped.
  struct Operands;
  std::unique_ptr<Operands> take() const;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Operands>> idle_;
  mutable std::atomic<bool> has_run_{false};
};

// Attributes with a scratchpad of ours: the library's own is shared by every primitive of a thread.
class UserScratchpad {
 public:
  UserScratchpad();
  ~UserScratchpad();
  UserScratchpad(const UserScratchpad&) = delete;
  UserScratchpad& operator=(const UserScratchpad&) = delete;
  dnnl_primitive_attr_t get() const { return attr_; }

 private:
  dnnl_primitive_attr_t attr_ = nullptr;
};

// The most recently used values by key, compared as bytes. Failures are kept too (as null values).
template <typename Key, typename Value>
class RecentCache {
 public:
  explicit RecentCache(size_t capacity) : capacity_(capacity) {}

  template <typename Make>
  Value get(const Key& key, Make&& make) {
    std::lock_guard lock(mutex_);
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (std::memcmp(&it->first, &key, sizeof(Key)) != 0) continue;
      entries_.splice(entries_.begin(), entries_, it);
      return it->second;
    }
    entries_.emplace_front(key, make(key));
    if (entries_.size() > capacity_) entries_.pop_back();
    return entries_.front().second;
  }

 private:
  const size_t capacity_;
  std::mutex mutex_;
  std::list<std::pair<Key, Value>> entries_;
};

}  // namespace ferrule::cpu::onednn
#endif
