// ferrule-bench: the workloads of docs/performance.md on the default backend, as a table or as JSON lines.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "ferrule/ferrule.h"
#include "workload.h"

int main(int argc, char** argv) {
  using namespace ferrule::bench;
  CLI::App app("Times the workloads of docs/performance.md on the default backend (FERRULE_BACKEND).");
  std::string only;
  double budget = 1.0;
  bool json = false, list = false;
  app.add_option("--only", only, "run the workloads whose name contains this text");
  app.add_option("--seconds", budget, "time to spend on each workload")->check(CLI::PositiveNumber);
  app.add_flag("--json", json, "print one JSON object per line");
  app.add_flag("--list", list, "print the names");
  CLI11_PARSE(app, argc, argv);

  std::vector<Workload> all;
  for (auto family : {floor_workloads, elementwise_workloads, row_workloads, product_workloads, training_workloads,
                      overhead_workloads}) {
    for (Workload& workload : family()) {
      if (workload.name.find(only) != std::string::npos) all.push_back(std::move(workload));
    }
  }
  if (all.empty()) {
    fmt::print(stderr, "ferrule-bench: no workload's name contains '{}'; see --list\n", only);
    return 2;
  }
  int failures = 0;
  bool progress = isatty(2) && !list;
  for (size_t i = 0; i < all.size(); ++i) {
    if (list) {
      fmt::print("{}\n", all[i].name);
      continue;
    }
    if (progress) fmt::print(stderr, "\r\033[K[{}/{}] {}", i + 1, all.size(), all[i].name);
    try {
      Result r = measure(all[i], budget);
      if (progress) fmt::print(stderr, "\r\033[K");
      if (json) {
        fmt::print("{}\n", nlohmann::json({{"peer", "ferrule"},
                                           {"name", r.name},
                                           {"unit", r.unit},
                                           {"value", r.value},
                                           {"seconds", r.seconds},
                                           {"runs", r.runs}})
                               .dump());
      } else {
        fmt::print("{:<42} {:>12.4g} {}\n", r.name, r.value, r.unit);
      }
    } catch (const std::exception& e) {
      fmt::print(stderr, "{}{}: {}\n", progress ? "\r\033[K" : "", all[i].name, e.what());
      ++failures;
    }
    std::fflush(stdout);
    ferrule::clear_cache();
  }
  return failures == 0 ? 0 : 1;
}
