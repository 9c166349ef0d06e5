#include "profiler.h"

#include <chrono>
#include <cstdio>
#include <exception>

#include "device.h"
#include "stream.h"
#include "value.h"

namespace ferrule::cpu {
namespace {

uint64_t now_ns() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::nanoseconds(now).count());
}

// Each element once; axes along which an operand is broadcast count once.
uint64_t operand_bytes(const Tensor& tensor) {
  if (tensor.data == nullptr) return 0;
  uint64_t bytes = item_size(tensor.dtype);
  for (uint32_t i = 0; i < tensor.ndim; ++i) {
    if (tensor.strides[i] != 0 || tensor.shape[i] == 0) bytes *= static_cast<uint64_t>(tensor.shape[i]);
  }
  return bytes;
}

uint64_t call_bytes(const Call& call) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < call.n_inputs; ++i) bytes += operand_bytes(call.inputs[i]);
  for (uint32_t i = 0; i < call.n_outputs; ++i) bytes += operand_bytes(call.outputs[i]);
  return bytes;
}

}  // namespace

bool Profiler::start(uint64_t max_records) {
  std::lock_guard lock(mutex_);
  if (active()) return false;
  records_.clear();
  room_ = max_records_ = max_records;
  dropped_ = 0;
  active_.store(true, std::memory_order_relaxed);
  return true;
}

bool Profiler::stop() {
  std::lock_guard lock(mutex_);
  return active_.exchange(false, std::memory_order_relaxed);
}

void Profiler::add(const frl_profile_record& record) {
  std::lock_guard lock(mutex_);
  if (room_ == 0) {
    ++dropped_;
    return;
  }
  try {
    records_.push_back(record);
    --room_;
  } catch (const std::exception&) {
    ++dropped_;
  }
}

uint64_t Profiler::read(frl_profile_record* out, uint64_t capacity, uint64_t* dropped) {
  std::lock_guard lock(mutex_);
  uint64_t n = 0;
  for (; n < capacity && !records_.empty(); ++n) {
    out[n] = records_.front();
    records_.pop_front();
  }
  room_ = max_records_;
  *dropped = dropped_;
  dropped_ = 0;
  return n;
}

ProfileScope::ProfileScope(const Stream& stream, const Kernel& kernel, const Call& call) {
  if (stream.profiler().active()) [[unlikely]]
    begin(stream, kernel.name, FRL_PROFILE_KERNEL, call_bytes(call));
}

ProfileScope::ProfileScope(const Stream& stream, const char* slot, uint64_t bytes) {
  if (stream.profiler().active()) [[unlikely]]
    begin(stream, slot, FRL_PROFILE_COPY, bytes);
}

void ProfileScope::begin(const Stream& stream, const char* name, uint32_t kind, uint64_t bytes) {
  profiler_ = &stream.profiler();
  record_ = {};
  std::snprintf(record_.name, sizeof record_.name, "%s", name);
  record_.stream = stream.number();
  record_.bytes = bytes;
  record_.kind = kind;
  record_.begin_ns = now_ns();
}

void ProfileScope::finish() {
  record_.end_ns = now_ns();
  profiler_->add(record_);
}

namespace {

frl_status profiler_start(frl_device* device, uint64_t max_records, frl_error* error) {
  if (!valid(device)) return bad_handle(error, "profiler_start", "device", device);
  if (max_records == 0) return fail(error, FRL_INVALID_ARGUMENT, "[profiler_start] got 0 records; expected 1 or more");
  if (device->profiler.start(max_records)) return FRL_OK;
  return fail(error, FRL_INVALID_STATE, "[profiler_start] the profiler is started already");
}

frl_status profiler_stop(frl_device* device, frl_error* error) {
  if (!valid(device)) return bad_handle(error, "profiler_stop", "device", device);
  if (device->profiler.stop()) return FRL_OK;
  return fail(error, FRL_INVALID_STATE, "[profiler_stop] the profiler is not started");
}

frl_status profiler_read(frl_device* device, frl_profile_record* out_records, uint64_t capacity, uint64_t* out_count,
                         uint64_t* out_dropped, frl_error* error) {
  if (!valid(device)) return bad_handle(error, "profiler_read", "device", device);
  if (out_count == nullptr || out_dropped == nullptr || (out_records == nullptr && capacity != 0)) {
    return fail(error, FRL_INVALID_ARGUMENT, "[profiler_read] an out-parameter is NULL");
  }
  *out_count = device->profiler.read(out_records, capacity, out_dropped);
  return FRL_OK;
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

}  // namespace ferrule::cpu
