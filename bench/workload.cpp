#include "workload.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>

namespace ferrule::bench {

Result measure(const Workload& workload, double budget) {
  using Clock = std::chrono::steady_clock;
  auto run = workload.prepare();
  auto time_one = [&] {
    auto begin = Clock::now();
    run();
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  for (int i = 0; i < 3; ++i) time_one();
  std::vector<double> times;
  for (double total = 0; total < budget || times.size() < 5;) {
    times.push_back(time_one());
    total += times.back();
  }
  std::nth_element(times.begin(), times.begin() + static_cast<long>(times.size() / 2), times.end());
  double median = times[times.size() / 2];
  double value = workload.unit == "us"        ? median / workload.work * 1e6
                 : workload.unit == "M/s"     ? workload.work / median / 1e6
                 : workload.unit == "steps/s" ? workload.work / median
                                              : workload.work / median / 1e9;
  return {workload.name, workload.unit, value, median, static_cast<int>(times.size())};
}

void expect_near(const std::string& what, double got, double expected, double tolerance) {
  if (std::abs(got - expected) <= tolerance) return;
  throw std::runtime_error(what + ": got " + std::to_string(got) + "; expected " + std::to_string(expected));
}

}  // namespace ferrule::bench
