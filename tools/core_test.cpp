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

std::string wrong_loss(const array& value, const array& gradient) {
  eval(std::vector<array>{value, gradient});
  const float got = value.item<float>(), expected = std::log(static_cast<float>(kColumns));
  if (!(std::abs(got - expected) < 1e-5f)) return fmt::format("the loss is {}; expected {}", got, expected);
  const float slope = max(abs(gradient)).item<float>();
  if (!(slope < 1e-5f)) return fmt::format("the gradient is {}; expected 0", slope);
  return "";
}

// With all weights equal, every probability is 1 / kColumns, the loss is log(kColumns), and the gradient is 0.
std::string wrong_result() {
  const array weights = full({kRows, kColumns}, array(0.5f));
  const auto [value, gradients] = value_and_grad(ScalarFn(loss))({weights});
  return wrong_loss(value, gradients[0]);
}

// The same under compile(), twice: recorded, then replayed.
std::string wrong_compiled(CoreTest& result) {
  const auto step = compile(ArrayFn([](const std::vector<array>& in) {
    const auto [value, gradients] = value_and_grad(ScalarFn(loss))(in);
    return std::vector<array>{value, gradients[0]};
  }));
  for (int i = 0; i < 2; ++i) {
    const std::vector<array> outputs = step({full({kRows, kColumns}, array(0.5f))});
    const std::string problem = wrong_loss(outputs[0], outputs[1]);
    if (!problem.empty()) return "compiled: " + problem;
  }
  for (const CompiledProgram& program : compile_report()) {
    result.graphs = program.segments;
    result.graph_calls = program.calls;
    result.not_recorded = program.recorded ? "" : program.reason;
    for (const CompileSplit& split : program.splits) result.splits.push_back({split.op, split.reason});
  }
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
    if (result.problem.empty()) result.problem = wrong_compiled(result);
    for (const FallbackCount& each : fallback_counts()) result.fallbacks.push_back({each.backend, each.op, each.count});
    result.transfers = transfer_count();
  } catch (const std::exception& error) {
    result.problem = error.what();
  }
  result.microseconds = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

}  // namespace ferrule::tools
