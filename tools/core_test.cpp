#include "core_test.h"

#include <ferrule/ferrule.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <exception>

namespace ferrule::tools {
namespace {

constexpr int64_t kRows = 8, kColumns = 4;

// One dense layer with softmax, its loss and gradient: matmul, elementwise, reductions and their gradients.
array loss(const std::vector<array>& parameters) {
  const array x = reshape(arange(0.0, static_cast<double>(kRows * kRows), float32), {kRows, kRows}) / array(64.0f);
  const array probability = softmax(matmul(x, parameters[0]), -1);
  return negative(mean(log(probability)));
}

// With all weights equal, every probability is 1 / kColumns, the loss is log(kColumns), and the gradient is 0.
std::string wrong_result() {
  const array weights = full({kRows, kColumns}, array(0.5f));
  const auto [value, gradients] = value_and_grad(ScalarFn(loss))({weights});
  eval(std::vector<array>{value, gradients[0]});
  const float got = value.item<float>(), expected = std::log(static_cast<float>(kColumns));
  if (!(std::abs(got - expected) < 1e-5f)) return fmt::format("the loss is {}; expected {}", got, expected);
  const float slope = max(abs(gradients[0])).item<float>();
  if (!(slope < 1e-5f)) return fmt::format("the gradient is {}; expected 0", slope);
  return "";
}

}  // namespace

CoreTest core_test(bool quiet) {
  if (quiet) set_log_handler([](LogLevel, const std::string&) {});
  CoreTest result;
  const auto begin = std::chrono::steady_clock::now();
  try {
    const Device device = default_device();
    result.device = fmt::format("{}:{}", device.name(), device.index);
    result.problem = wrong_result();
    for (const FallbackCount& each : fallback_counts()) result.fallbacks.push_back({each.backend, each.op, each.count});
    result.transfers = transfer_count();
  } catch (const std::exception& error) {
    result.problem = error.what();
  }
  result.microseconds = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

}  // namespace ferrule::tools
