#include "src/tuner.h"

#include <algorithm>
#include <array>

#include "host/config.h"
#include "host/failure.h"

namespace ferrule::gpu {
namespace {

constexpr int kRuns = 5;
constexpr int kFillByte = 0x3c;  // small positive numbers in every float type

struct Timer {
  vendor::Stream stream = nullptr;
  vendor::Event begin = nullptr, end = nullptr;

  void open() {
    check(vendor::stream_create(&stream, 0), "creating a stream to tune on");
    check(vendor::event_create(&begin, true), "creating an event to tune with");
    check(vendor::event_create(&end, true), "creating an event to tune with");
  }
  ~Timer() {
    if (begin != nullptr) (void)vendor::event_destroy(begin);
    if (end != nullptr) (void)vendor::event_destroy(end);
    if (stream != nullptr) (void)vendor::stream_destroy(stream);
  }
};

// The median time of a candidate in milliseconds; negative when it fails.
float time_one(Timer& timer, const std::function<vendor::Status(vendor::Stream)>& run) {
  if (run(timer.stream) != vendor::kOk) return -1;
  std::array<float, kRuns> times;
  for (float& time : times) {
    if (vendor::event_record(timer.begin, timer.stream) != vendor::kOk || run(timer.stream) != vendor::kOk ||
        vendor::event_record(timer.end, timer.stream) != vendor::kOk ||
        vendor::event_synchronize(timer.end) != vendor::kOk ||
        vendor::event_elapsed_ms(&time, timer.begin, timer.end) != vendor::kOk) {
      return -1;
    }
  }
  std::nth_element(times.begin(), times.begin() + kRuns / 2, times.end());
  return times[kRuns / 2];
}

}  // namespace

bool tuning_enabled() { return config_flag("tune"); }

TuningBuffer::TuningBuffer(uint64_t bytes) {
  check(vendor::malloc_device(&data_, std::max<uint64_t>(bytes, 256)), "allocating memory to tune with");
  if (const cudaError_t status = cudaMemset(data_, kFillByte, bytes); status != cudaSuccess) {
    (void)vendor::free_device(data_);
    check(status, "filling memory to tune with");
  }
}

TuningBuffer::~TuningBuffer() { (void)vendor::free_device(data_); }

size_t fastest(Device& device, size_t count, const std::function<vendor::Status(size_t, vendor::Stream)>& run) {
  device.activate();
  Timer timer;
  timer.open();
  size_t best = count;
  float best_time = 0;
  for (size_t i = 0; i < count; ++i) {
    const float time = time_one(timer, [&](vendor::Stream stream) { return run(i, stream); });
    if (time < 0) {
      vendor::clear_error();
    } else if (best == count || time < best_time) {
      best = i, best_time = time;
    }
  }
  return best;
}

}  // namespace ferrule::gpu
