#include "workload.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <stdexcept>

#include "ferrule/ferrule.h"

namespace ferrule::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// A group lasts long enough that its one wait does not count.
constexpr double kGroupSeconds = 0.02;

}  // namespace

Result measure(const Workload& workload, double budget) {
  auto run = workload.prepare();
  int group = 1;
  auto time_group = [&] {
    const auto begin = Clock::now();
    for (int i = 0; i < group; ++i) run();
    if (workload.enqueues) synchronize();
    return seconds_since(begin);
  };
  synchronize();
  for (int i = 0; i < 3; ++i) time_group();
  if (workload.enqueues) {
    const double once = time_group();
    group = static_cast<int>(std::clamp(kGroupSeconds / once, 1.0, 20000.0));
    time_group();
  }
  std::vector<double> times;
  for (double total = 0; total < budget || times.size() < 5;) {
    const double seconds = time_group();
    times.push_back(seconds / group);
    total += seconds;
  }
  std::nth_element(times.begin(), times.begin() + static_cast<long>(times.size() / 2), times.end());
  const double median = times[times.size() / 2];
  static const std::map<std::string, double> scales = {{"M/s", 1e-6}, {"steps/s", 1.0}, {"TFLOP/s", 1e-12}};
  const auto scale = scales.find(workload.unit);
  const double value = workload.unit == "us" ? median / workload.work * 1e6
                                             : workload.work / median * (scale == scales.end() ? 1e-9 : scale->second);
  return {workload.name, workload.unit, value, median, static_cast<int>(times.size()) * group};
}

std::vector<Workload> cpu_workloads() {
  std::vector<Workload> all;
  for (auto family :
       {elementwise_workloads, row_workloads, product_workloads, training_workloads, overhead_workloads}) {
    for (Workload& workload : family()) all.push_back(std::move(workload));
  }
  return all;
}

void expect_near(const std::string& what, double got, double expected, double tolerance) {
  if (std::abs(got - expected) <= tolerance) return;
  throw std::runtime_error(what + ": got " + std::to_string(got) + "; expected " + std::to_string(expected));
}

}  // namespace ferrule::bench
