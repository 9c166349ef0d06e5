#include "host/profiler.h"

#include <cmath>
#include <cstdio>
#include <new>

#include "host/failure.h"
#include "host/handles.h"
#include "host/runtime.h"

namespace ferrule::gpu {
namespace {

// Other streams may have begun before the first event that was recorded; times stay positive.
constexpr uint64_t kOriginNs = uint64_t{3600} * 1'000'000'000;
// The vendor's times are floats in milliseconds: the clock's base moves along before they get coarse.
constexpr double kRebaseNs = 1e9;

}  // namespace

Profiler::~Profiler() {
  if (driver_is_gone()) return;
  for (const Pending& item : pending_) {
    (void)vendor::event_destroy(item.begin);
    (void)vendor::event_destroy(item.end);
  }
  for (vendor::Event event : spare_) (void)vendor::event_destroy(event);
  if (has_base_) (void)vendor::event_destroy(base_);
}

bool Profiler::start(uint64_t max_records) {
  std::lock_guard lock(mutex_);
  if (active()) return false;
  for (const Pending& item : pending_) {
    give_back(item.begin);
    give_back(item.end);
  }
  pending_.clear();
  room_ = max_records_ = max_records;
  dropped_ = 0;
  active_.store(true, std::memory_order_relaxed);
  return true;
}

bool Profiler::stop() {
  std::lock_guard lock(mutex_);
  return active_.exchange(false, std::memory_order_relaxed);
}

vendor::Event Profiler::take_event() {
  if (!spare_.empty()) {
    vendor::Event event = spare_.back();
    spare_.pop_back();
    return event;
  }
  if (spare_.capacity() <= events_) spare_.reserve(2 * events_ + 16);
  vendor::Event event{};
  check(vendor::event_create(&event, true), "creating an event");
  ++events_;
  return event;
}

// Allocates nothing.
void Profiler::give_back(vendor::Event event) { spare_.push_back(event); }

bool Profiler::begin(Pending& item, vendor::Stream stream) {
  std::lock_guard lock(mutex_);
  if (room_ == 0) {
    ++dropped_;
    return false;
  }
  item.begin = take_event();
  try {
    item.end = take_event();
  } catch (...) {
    give_back(item.begin);
    throw;
  }
  if (const vendor::Status status = vendor::event_record(item.begin, stream); status != vendor::kOk) {
    give_back(item.begin);
    give_back(item.end);
    check(status, "recording an event");
  }
  --room_;
  return true;
}

void Profiler::add(const Pending& item) {
  std::lock_guard lock(mutex_);
  try {
    pending_.push_back(item);
  } catch (const std::bad_alloc&) {  // the record is lost
    ++dropped_;
    give_back(item.begin);
    give_back(item.end);
  }
}

// With the lock held; the event is done.
uint64_t Profiler::time_of(vendor::Event event) {
  float milliseconds = 0;
  check(vendor::event_elapsed_ms(&milliseconds, base_, event), "reading an event's time");
  return base_ns_ + static_cast<uint64_t>(std::llround(static_cast<double>(milliseconds) * 1e6));
}

uint64_t Profiler::read(frl_profile_record* out, uint64_t capacity, uint64_t* dropped) {
  std::lock_guard lock(mutex_);
  uint64_t n = 0;
  std::vector<uint64_t> unfinished;  // streams whose later work is not done either
  for (auto item = pending_.begin(); item != pending_.end() && n < capacity;) {
    const auto known = [&] {
      for (uint64_t stream : unfinished) {
        if (stream == item->record.stream) return true;
      }
      return false;
    };
    if (known()) {
      ++item;
      continue;
    }
    const vendor::Status status = vendor::event_query(item->end);
    if (status == vendor::kNotReady) {
      vendor::clear_error();
      unfinished.push_back(item->record.stream);
      ++item;
      continue;
    }
    check(status, "asking for an event");
    if (!has_base_) {
      base_ = item->begin;
      base_ns_ = kOriginNs;
      item->record.begin_ns = kOriginNs;
      item->record.end_ns = time_of(item->end);
      has_base_ = true;
    } else {
      item->record.begin_ns = time_of(item->begin);
      item->record.end_ns = time_of(item->end);
      if (static_cast<double>(item->record.begin_ns - base_ns_) > kRebaseNs && item->record.begin_ns > base_ns_) {
        give_back(base_);
        base_ = item->begin;
        base_ns_ = item->record.begin_ns;
      } else {
        give_back(item->begin);
      }
    }
    give_back(item->end);
    out[n++] = item->record;
    item = pending_.erase(item);
  }
  room_ = max_records_ - pending_.size();
  *dropped = dropped_;
  dropped_ = 0;
  return n;
}

Profiler::Scope::Scope(Profiler& profiler, vendor::Stream stream, const char* name, uint32_t kind, uint64_t bytes)
    : profiler_(profiler), stream_(stream) {
  if (!profiler.active() || !profiler.begin(item_, stream)) [[likely]]
    return;
  item_.record = {};
  std::snprintf(item_.record.name, sizeof item_.record.name, "%s", name);
  item_.record.stream = reinterpret_cast<uint64_t>(stream);
  item_.record.bytes = bytes;
  item_.record.kind = kind;
  on_ = true;
}

Profiler::Scope::~Scope() {
  if (!on_) return;
  // A failure here means a lost device, which the work's own status tells.
  if (vendor::event_record(item_.end, stream_) != vendor::kOk) vendor::clear_error();
  profiler_.add(item_);
}

namespace {

frl_status profiler_start(frl_device* device, uint64_t max_records, frl_error* error) {
  if (!valid(device)) return refuse_handle(error, "profiler_start", "device", device);
  if (max_records == 0) return fail(error, FRL_INVALID_ARGUMENT, "[profiler_start] got 0 records; expected 1 or more");
  if (device->device.profiler().start(max_records)) return FRL_OK;
  return fail(error, FRL_INVALID_STATE, "[profiler_start] the profiler is started already");
}

frl_status profiler_stop(frl_device* device, frl_error* error) {
  if (!valid(device)) return refuse_handle(error, "profiler_stop", "device", device);
  if (device->device.profiler().stop()) return FRL_OK;
  return fail(error, FRL_INVALID_STATE, "[profiler_stop] the profiler is not started");
}

frl_status profiler_read(frl_device* device, frl_profile_record* out_records, uint64_t capacity, uint64_t* out_count,
                         uint64_t* out_dropped, frl_error* error) {
  if (!valid(device)) return refuse_handle(error, "profiler_read", "device", device);
  if (out_count == nullptr || out_dropped == nullptr || (out_records == nullptr && capacity != 0)) {
    return fail(error, FRL_INVALID_ARGUMENT, "[profiler_read] an out-parameter is NULL");
  }
  if (frl_status status = check_process("profiler_read", error); status != FRL_OK) return status;
  return guarded("profiler_read", &device->device, error, [&] {
    device->device.activate();
    *out_count = device->device.profiler().read(out_records, capacity, out_dropped);
  });
}

constexpr frl_profiler_api kProfilerApi = {
    .struct_size = sizeof(frl_profiler_api),
    .reserved = 0,
    .profiler_start = profiler_start,
    .profiler_stop = profiler_stop,
    .profiler_read = profiler_read,
};

}  // namespace

const frl_profiler_api* profiler_extension() { return &kProfilerApi; }

}  // namespace ferrule::gpu
