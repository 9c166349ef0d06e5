// `ferrule bench --suite performance`: the workloads of docs/performance.md through the core, on the default device or a
// named backend.
#pragma once

#include <cstdint>
#include <string>

namespace ferrule::tools {

struct SuiteOptions {
  std::string backend;  // empty: the default device
  std::string filter;   // only workloads whose name contains this
  double seconds = 0.2;
  int64_t shrink = 1;  // accelerator sizes are divided by this
  bool list = false, as_json = false;
};

// Prints the table. Throws ferrule::error, or std::runtime_error when a workload failed.
void run_performance_suite(const SuiteOptions& options);

}  // namespace ferrule::tools
