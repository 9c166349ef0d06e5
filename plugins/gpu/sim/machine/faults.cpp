#include "machine/faults.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string_view>

#include "machine/config.h"

namespace ferrule::gpu::sim {
namespace {

constexpr auto kKinds = static_cast<size_t>(Fault::kCount);
constexpr std::array<std::string_view, kKinds> kNames = {"malloc", "pinned", "managed", "launch", "copy",
                                                         "graph",  "node",   "capture", "event",  "record",
                                                         "wait",   "stream", "sync"};

class Faults {
 public:
  Faults() { set(config().faults.c_str()); }

  bool set(const char* text) {
    std::lock_guard lock(mutex_);
    fail_at_ = {};
    calls_ = {};
    lose_at_ = submissions_ = 0;
    lost_ = false;
    const bool understood = parse(text);
    if (!understood) {
      fail_at_ = {};
      lose_at_ = 0;
    }
    return understood;
  }

  Status count(Fault kind) {
    const auto i = static_cast<size_t>(kind);
    std::lock_guard lock(mutex_);
    const bool submits = kind == Fault::kLaunch || kind == Fault::kCopy || kind == Fault::kGraph;
    if (submits && ++submissions_ == lose_at_) lost_ = true;
    if (lost_) return Status::kLost;
    if (++calls_[i] != fail_at_[i]) return Status::kOk;
    if (i <= static_cast<size_t>(Fault::kManaged)) {
      return failed(Status::kOutOfMemory, "out of simulated device memory, as FERRULE_SIM_FAIL asked for");
    }
    return Status::kInjected;
  }

 private:
  bool parse(const char* text) {
    while (*text != '\0') {
      const char* colon = std::strchr(text, ':');
      if (colon == nullptr) return false;
      const std::string_view name(text, static_cast<size_t>(colon - text));
      char* end = nullptr;
      const uint64_t n = std::strtoull(colon + 1, &end, 10);
      if (end == colon + 1 || n == 0 || (*end != '\0' && *end != ',')) return false;
      if (!assign(name, n)) return false;
      text = *end == ',' ? end + 1 : end;
    }
    return true;
  }

  bool assign(std::string_view name, uint64_t n) {
    if (name == "lost") {
      lose_at_ = n;
      return true;
    }
    for (size_t i = 0; i < kKinds; ++i) {
      if (kNames[i] != name) continue;
      fail_at_[i] = n;
      return true;
    }
    return false;
  }

  std::mutex mutex_;
  std::array<uint64_t, kKinds> fail_at_{}, calls_{};
  uint64_t lose_at_ = 0, submissions_ = 0;
  bool lost_ = false;
};

Faults& faults() {
  static auto& instance = *new Faults;  // outlives every device
  return instance;
}

}  // namespace

Status count_call(Fault kind) { return faults().count(kind); }
bool inject_faults(const char* text) { return faults().set(text); }

}  // namespace ferrule::gpu::sim
