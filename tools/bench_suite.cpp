#include "bench_suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "ferrule/ferrule.h"
#include "progress.h"
#include "workload.h"

namespace ferrule::tools {
namespace {

using nlohmann::ordered_json;

struct Row {
  bench::Result result;
  std::string failure;
  std::string ceiling;  // what `percent` is of; empty: none
  double percent = 0;
};

// The element type that a workload's name ends with, or "f32".
std::string type_of(const std::string& name) {
  for (const char* type : {"bf16", "bfloat16", "f16", "float16"}) {
    if (name.ends_with(type)) return type;
  }
  return "f32";
}

// Bandwidth against the copy of the same run, arithmetic against its fastest matmul of the same type.
void judge(std::vector<Row>& rows) {
  double copy = 0;
  std::map<std::string, double> matmul;
  for (const Row& row : rows) {
    const bench::Result& r = row.result;
    if (r.unit == "GB/s" && r.name.starts_with("copy")) copy = std::max(copy, r.value);
    if (r.unit.ends_with("FLOP/s") && r.name.starts_with("matmul")) {
      double& best = matmul[r.unit + type_of(r.name)];
      best = std::max(best, r.value);
    }
  }
  for (Row& row : rows) {
    const bench::Result& r = row.result;
    double ceiling = 0;
    if (r.unit == "GB/s") {
      ceiling = copy;
      row.ceiling = "copy";
    } else if (const auto found = matmul.find(r.unit + type_of(r.name)); found != matmul.end()) {
      ceiling = found->second;
      row.ceiling = "matmul";
    }
    if (ceiling > 0 && row.failure.empty())
      row.percent = 100 * r.value / ceiling;
    else
      row.ceiling.clear();
  }
}

void print_table(const std::vector<Row>& rows) {
  fmt::print("{:<42}{:>12} {:<10}{:>16}\n", "workload", "value", "unit", "of the ceiling");
  for (const Row& row : rows) {
    if (!row.failure.empty()) {
      fmt::print("{:<42}  failed: {}\n", row.result.name, row.failure);
      continue;
    }
    fmt::print("{:<42}{:>12.5g} {:<10}", row.result.name, row.result.value, row.result.unit);
    fmt::print("{:>16}\n", row.ceiling.empty() ? "" : fmt::format("{:.0f} % of {}", row.percent, row.ceiling));
  }
}

ordered_json to_json(const std::string& device, const std::vector<Row>& rows) {
  ordered_json list = ordered_json::array();
  for (const Row& row : rows) {
    ordered_json entry = {{"peer", "ferrule"}, {"name", row.result.name}, {"unit", row.result.unit}};
    if (row.failure.empty()) {
      entry["value"] = row.result.value;
      entry["seconds"] = row.result.seconds;
      entry["runs"] = row.result.runs;
      if (!row.ceiling.empty()) entry["percent"] = row.percent, entry["ceiling"] = row.ceiling;
    } else {
      entry["failed"] = row.failure;
    }
    list.push_back(std::move(entry));
  }
  return {{"device", device}, {"suite", "performance"}, {"rows", std::move(list)}};
}

// For whoever expected a GPU's rows: why there are none, and what to do.
void explain_cpu(const SuiteOptions& options) {
  const char* asked_for = std::getenv("FERRULE_BACKEND");
  if (!options.backend.empty() || (asked_for != nullptr && *asked_for != '\0')) return;
  std::string why;
  try {
    (void)new_stream(Device("cuda"));
    return;
  } catch (const error& e) {
    why = e.what();
  }
  fmt::print(
      stderr,
      "These are the rows of the cpu backend, because there is no GPU to use: {}\n"
      "`ferrule doctor` says what was looked for; docs/cuda.md says what a GPU needs. FERRULE_BACKEND=cpu leaves "
      "this out.\n",
      why.substr(0, std::min(why.find('\n'), why.find("; these were found"))));
}

}  // namespace

void run_performance_suite(const SuiteOptions& options) {
  if (!options.backend.empty()) set_default_device(Device(options.backend));
  const Device device = default_device();
  std::vector<bench::Workload> all =
      device.name() == "cpu" ? bench::cpu_workloads() : bench::accelerator_workloads(options.shrink);
  std::erase_if(all, [&](const bench::Workload& w) { return w.name.find(options.filter) == std::string::npos; });
  if (all.empty()) {
    throw std::runtime_error(
        fmt::format("no workload's name contains \"{}\"; see --suite performance --list", options.filter));
  }
  if (options.list) {
    for (const bench::Workload& workload : all) fmt::print("{}\n", workload.name);
    return;
  }
  if (device.name() == "cpu") explain_cpu(options);
  std::vector<Row> rows;
  {
    Progress progress(all.size());
    for (const bench::Workload& workload : all) {
      progress.step(workload.name);
      Row row;
      row.result.name = workload.name;
      row.result.unit = workload.unit;
      try {
        row.result = bench::measure(workload, options.seconds);
      } catch (const std::exception& e) {
        row.failure = e.what();
      }
      rows.push_back(std::move(row));
      clear_cache();
    }
  }
  judge(rows);
  const std::string name = fmt::format("{}:{}", device.name(), device.index);
  if (options.as_json) {
    fmt::print("{}\n", to_json(name, rows).dump(2, ' ', false, ordered_json::error_handler_t::replace));
  } else {
    fmt::print("{}\n", name);
    print_table(rows);
  }
  const auto failed = std::count_if(rows.begin(), rows.end(), [](const Row& row) { return !row.failure.empty(); });
  if (failed != 0) throw std::runtime_error(fmt::format("{} of {} workloads failed", failed, rows.size()));
}

}  // namespace ferrule::tools
