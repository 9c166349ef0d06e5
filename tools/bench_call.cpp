#include "bench_call.h"

#include <algorithm>
#include <cstring>
#include <random>

namespace ferrule::tools {
namespace {

// Bytes of one element of `dtype` with the (small) value.
void store(uint32_t dtype, double value, unsigned char* to) {
  const auto put = [&](auto typed) { std::memcpy(to, &typed, sizeof(typed)); };
  const auto single = static_cast<float>(value);
  uint32_t bits = 0;
  std::memcpy(&bits, &single, sizeof(bits));
  switch (dtype) {
    case FRL_DTYPE_BOOL:
      return put(static_cast<uint8_t>(value > 1.0 ? 1 : 0));
    case FRL_DTYPE_U8:
    case FRL_DTYPE_I8:
      return put(static_cast<uint8_t>(value));
    case FRL_DTYPE_U16:
    case FRL_DTYPE_I16:
      return put(static_cast<uint16_t>(value));
    case FRL_DTYPE_U32:
    case FRL_DTYPE_I32:
      return put(static_cast<uint32_t>(value));
    case FRL_DTYPE_U64:
    case FRL_DTYPE_I64:
      return put(static_cast<uint64_t>(value));
    case FRL_DTYPE_BF16:
      return put(static_cast<uint16_t>(bits >> 16));
    // Positive normal numbers of half's range only: rebias the exponent, cut the mantissa.
    case FRL_DTYPE_F16:
      return put(static_cast<uint16_t>(single == 0 ? 0 : (bits - (112u << 23)) >> 13));
    case FRL_DTYPE_F32:
      return put(single);
    case FRL_DTYPE_F64:
      return put(value);
    default:
      std::memcpy(to, &single, 4), std::memcpy(to + 4, &single, 4);
  }
}

}  // namespace

BenchCall::BenchCall(const OpenDevice& device, const OpInfo& op, const SampleCall& sample)
    : device_(device), sample_(sample), stream_(device) {
  frl_error error = make_error();
  const std::string name(op.name);
  check(device.api().kernel_find(device.handle(), name.c_str(), op.version, &kernel_, &error), error, name);
  for (size_t i = 0; i < sample_.inputs.size(); ++i) {
    place(sample_.inputs[i]);
    fill(sample_.inputs[i], sample_.contents[i]);
  }
  for (frl_tensor& tensor : sample_.outputs) place(tensor);
  stream_.wait();
  call_ = sample_.call();
  needs_.struct_size = sizeof(needs_);
  check(device.api().kernel_query(kernel_, &call_, &needs_, &error), error, name);
  if (needs_.support == 0) throw loader::Error(loader::describe(FRL_UNSUPPORTED, error));
  if (needs_.scratch_bytes != 0) {
    buffers_.push_back(std::make_unique<Buffer>(device, needs_.scratch_bytes));
    call_.scratch = buffers_.back()->handle();
    call_.scratch_bytes = needs_.scratch_bytes;
  }
}

BenchCall::~BenchCall() {
  if (needs_.plan != nullptr) device_.api().plan_release(kernel_, needs_.plan);
}

void BenchCall::place(frl_tensor& tensor) {
  buffers_.push_back(std::make_unique<Buffer>(device_, byte_count(tensor)));
  tensor.buffer = buffers_.back()->handle();
}

void BenchCall::fill(const frl_tensor& tensor, Contents contents) {
  const auto count = static_cast<size_t>(element_count(tensor));
  const size_t item = dtype_info(tensor.dtype).bytes;
  std::vector<unsigned char> bytes(count * item);
  std::mt19937 random(12345);
  std::uniform_real_distribution<double> uniform(0.5, 1.5);
  for (size_t i = 0; i < count; ++i) {
    double value = uniform(random);
    if (contents == Contents::ones) value = 1;
    if (contents == Contents::ascending) value = static_cast<double>(i) / static_cast<double>(count);
    if (contents == Contents::indices)
      value = static_cast<double>(random() % static_cast<uint64_t>(sample_.index_limit));
    if (contents == Contents::bits) value = tensor.dtype == FRL_DTYPE_BOOL ? value : static_cast<double>(random() >> 1);
    store(tensor.dtype, value, bytes.data() + i * item);
  }
  frl_error error = make_error();
  check(device_.api().copy_in(stream_.handle(), tensor.buffer, 0, bytes.data(), bytes.size(), FRL_COPY_CONSUME, &error),
        error, "copy_in");
}

void BenchCall::launch_and_wait() {
  frl_error error = make_error();
  check(device_.api().kernel_launch(stream_.handle(), kernel_, needs_.plan, &call_, &error), error, "kernel_launch");
  stream_.wait();
}

double BenchCall::device_microseconds() {
  const auto* profiler =
      static_cast<const frl_profiler_api*>(device_.api().device_extension(device_.handle(), FRL_EXT_PROFILER, 1));
  if (profiler == nullptr) return 0;
  constexpr int kLaunches = 5;
  frl_error error = make_error();
  frl_profile_record records[64];
  uint64_t count = 0, dropped = 0;
  check(profiler->profiler_start(device_.handle(), std::size(records), &error), error, "profiler_start");
  for (int i = 0; i < kLaunches; ++i) launch_and_wait();
  check(profiler->profiler_stop(device_.handle(), &error), error, "profiler_stop");
  check(profiler->profiler_read(device_.handle(), records, std::size(records), &count, &dropped, &error), error,
        "profiler_read");
  uint64_t busy = 0;
  for (uint64_t i = 0; i < count; ++i) busy += records[i].end_ns - records[i].begin_ns;
  return dropped != 0 ? 0 : static_cast<double>(busy) * 1e-3 / kLaunches;
}

}  // namespace ferrule::tools
