// A benchmark workload: a name, the work that one run does, and a function to run. The rows of docs/performance.md.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace ferrule::bench {

struct Workload {
  std::string name;
  // Of the figure: "GB/s", "GFLOP/s", "TFLOP/s", "Gkeys/s", "M/s", "steps/s", "us".
  std::string unit;
  double work;  // bytes, flops, keys or elements of one run; for "us" and "steps/s": runs per call
  // Makes inputs, checks one result (throws when it is wrong) and returns what is timed. Unless `enqueues`, the function
  // waits for its result.
  std::function<std::function<void()>()> prepare;
  // The function only submits work: runs are timed in groups, each with one wait at its end.
  bool enqueues = false;
};

struct Result {
  std::string name, unit;
  double value = 0;    // in `unit`
  double seconds = 0;  // median of one run
  int runs = 0;
};

// Warms up, then times runs for about `budget` seconds (at least 5 runs or groups) and takes the median.
Result measure(const Workload& workload, double budget);

// For the cpu backend, in order.
std::vector<Workload> elementwise_workloads();
std::vector<Workload> row_workloads();
std::vector<Workload> product_workloads();
std::vector<Workload> training_workloads();
std::vector<Workload> overhead_workloads();
std::vector<Workload> cpu_workloads();  // all of them
// For accelerators: sizes that fill one. Extents and counts are divided by `shrink`, for trying the suite elsewhere.
std::vector<Workload> accelerator_workloads(int64_t shrink = 1);

// Throws unless |got - expected| <= tolerance.
void expect_near(const std::string& what, double got, double expected, double tolerance);

}  // namespace ferrule::bench
