// A benchmark workload: a name, the work that one run does, and a function to run. Shared by the rows of cpu.cpp.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace ferrule::bench {

struct Workload {
  std::string name;
  std::string unit;  // of the figure: "GB/s", "GFLOP/s", "M/s", "us"
  double work;       // bytes, flops or elements of one run; for "us": runs per call
  // Makes inputs, checks one result (throws when it is wrong) and returns what is timed. The function waits for its
  // result.
  std::function<std::function<void()>()> prepare;
};

struct Result {
  std::string name, unit;
  double value = 0;    // in `unit`
  double seconds = 0;  // median of one run
  int runs = 0;
};

// Warms up, then times runs for about `budget` seconds (at least 5 runs) and takes the median.
Result measure(const Workload& workload, double budget);

// The rows of docs/performance.md, in order.
std::vector<Workload> elementwise_workloads();
std::vector<Workload> row_workloads();
std::vector<Workload> product_workloads();
std::vector<Workload> training_workloads();
std::vector<Workload> overhead_workloads();
// What a machine allows: plain threaded loops and libraries called directly. Names end in " (floor)".
std::vector<Workload> floor_workloads();

// Throws unless |got - expected| <= tolerance.
void expect_near(const std::string& what, double got, double expected, double tolerance);

}  // namespace ferrule::bench
