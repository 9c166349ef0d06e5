#include "self_test.h"

#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <functional>

#include "device_objects.h"

namespace ferrule::tools {
namespace {

constexpr uint32_t kCount = 1 << 16;

// The first differing element, in words; empty when all are as expected.
template <typename Expected>
std::string difference(const std::vector<float>& got, Expected expected) {
  for (size_t i = 0; i < got.size(); ++i) {
    if (got[i] != expected(i)) return fmt::format("element {} is {}; expected {}", i, got[i], expected(i));
  }
  return "";
}

class SelfTest {
 public:
  explicit SelfTest(const OpenDevice& device) : device_(device), api_(device.api()), sent_(kCount) {
    for (uint32_t i = 0; i < kCount; ++i) sent_[i] = static_cast<float>(i) - 1000.0f;
  }

  std::vector<SelfTestStep> run() {
    step("copy to the device, inside it and back", [this] { return copies(); });
    step("fill", [this] { return fill(); });
    if (const frl_kernel* kernel = find_add(); kernel != nullptr) {
      step("kernel add (float32)", [this] { return add(); });
    }
    return std::move(steps_);
  }

 private:
  void step(const std::string& name, const std::function<std::string()>& body) {
    SelfTestStep result{name, "", 0};
    const auto begin = std::chrono::steady_clock::now();
    try {
      result.problem = body();
    } catch (const loader::Error& error) {
      result.problem = error.what();
    }
    const std::chrono::duration<double, std::micro> elapsed = std::chrono::steady_clock::now() - begin;
    result.microseconds = elapsed.count();
    steps_.push_back(result);
  }

  std::vector<float> read(const Stream& stream, const Buffer& buffer) {
    std::vector<float> values(kCount, -1.0f);
    frl_error error = make_error();
    check(api_.copy_out(stream.handle(), values.data(), buffer.handle(), 0, kCount * 4, &error), error, "copy_out");
    stream.wait();
    return values;
  }

  std::string copies() {
    const Buffer first(device_, kCount * 4), second(device_, kCount * 4);
    const Stream stream(device_);
    frl_error error = make_error();
    check(api_.copy_in(stream.handle(), first.handle(), 0, sent_.data(), kCount * 4, 0, &error), error, "copy_in");
    check(api_.copy(stream.handle(), second.handle(), 0, first.handle(), 0, kCount * 4, &error), error, "copy");
    return difference(read(stream, second), [this](size_t i) { return sent_[i]; });
  }

  std::string fill() {
    const Buffer buffer(device_, kCount * 4);
    const Stream stream(device_);
    const float value = 2.5f;
    uint64_t pattern = 0;
    std::memcpy(&pattern, &value, sizeof(value));
    frl_error error = make_error();
    check(api_.fill(stream.handle(), buffer.handle(), 0, kCount * 4, pattern, 4, &error), error, "fill");
    return difference(read(stream, buffer), [value](size_t) { return value; });
  }

  frl_kernel* find_add() {
    frl_error error = make_error();
    frl_kernel* kernel = nullptr;
    return api_.kernel_find(device_.handle(), "add", 1, &kernel, &error) == FRL_OK ? kernel : nullptr;
  }

  std::string add() {
    const Buffer x(device_, kCount * 4), y(device_, kCount * 4);
    const Stream stream(device_);
    frl_error error = make_error();
    check(api_.copy_in(stream.handle(), x.handle(), 0, sent_.data(), kCount * 4, 0, &error), error, "copy_in");
    frl_tensor tensor{};
    tensor.dtype = FRL_DTYPE_F32;
    tensor.ndim = 1;
    tensor.shape[0] = kCount;
    tensor.strides[0] = 1;
    tensor.buffer = x.handle();
    const frl_tensor inputs[2] = {tensor, tensor};
    frl_tensor output = tensor;
    output.buffer = y.handle();
    frl_call call{};
    call.inputs = inputs;
    call.outputs = &output;
    call.n_inputs = 2;
    call.n_outputs = 1;
    frl_kernel* kernel = find_add();
    frl_requirements needs{};
    needs.struct_size = sizeof(needs);
    check(api_.kernel_query(kernel, &call, &needs, &error), error, "kernel_query");
    if (needs.support == 0) return "";  // legal: the core would decompose it
    check(api_.kernel_launch(stream.handle(), kernel, needs.plan, &call, &error), error, "kernel_launch");
    const std::vector<float> got = read(stream, y);
    if (needs.plan != nullptr) api_.plan_release(kernel, needs.plan);
    return difference(got, [this](size_t i) { return sent_[i] + sent_[i]; });
  }

  const OpenDevice& device_;
  const frl_device_api& api_;
  std::vector<float> sent_;
  std::vector<SelfTestStep> steps_;
};

}  // namespace

std::vector<SelfTestStep> self_test(const OpenDevice& device) { return SelfTest(device).run(); }

}  // namespace ferrule::tools
