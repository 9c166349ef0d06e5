// ferrule bench: times a backend's kernels one by one through the plugin ABI: microseconds, GB/s (each input read once,
// each output written once) and, for products, TFLOP/s. Median of repeated launches, each waited for.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "bench_call.h"
#include "bench_suite.h"
#include "commands.h"
#include "log.h"
#include "progress.h"

namespace ferrule::tools {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string backend, filter;
  std::vector<std::string> dtypes = {"float32"};
  int64_t elements = 1 << 22;
  int64_t columns = 1024;
  int64_t matrix = 1024;
  double seconds = 0.2;
  std::string suite;
  int64_t shrink = 1;
  bool as_json = false, list = false;
};

uint32_t dtype_code(const std::string& name) {
  std::string known;
  for (const DtypeInfo& dtype : all_dtypes()) {
    if (dtype.name == name) return dtype.code;
    known += (known.empty() ? "" : ", ") + std::string(dtype.name);
  }
  throw loader::Error(fmt::format("--dtype: got \"{}\"; expected one of {}", name, known));
}

double median_microseconds(BenchCall& call, double seconds) {
  using Clock = std::chrono::steady_clock;
  call.launch_and_wait();  // compiles, fills caches
  std::vector<double> times;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (times.size() < 3 || (Clock::now() < end && times.size() < 10000)) {
    const auto begin = Clock::now();
    call.launch_and_wait();
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
  std::nth_element(times.begin(), times.begin() + static_cast<ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

ordered_json measure(const OpenDevice& device, const OpInfo& op, const DtypeInfo& dtype, const SampleCall& sample,
                     double seconds) {
  ordered_json row = {{"op", op.name}, {"dtype", dtype.name}, {"shapes", sample.shapes()}};
  try {
    BenchCall call(device, op, sample);
    const double microseconds = median_microseconds(call, seconds);
    row["microseconds"] = microseconds;
    if (const double busy = call.device_microseconds(); busy > 0) row["device_microseconds"] = busy;
    row["gigabytes_per_second"] = static_cast<double>(sample.bytes()) / microseconds * 1e-3;
    if (sample.operations > 0) row["teraflops"] = sample.operations / microseconds * 1e-6;
  } catch (const loader::Error& error) {
    row["skipped"] = error.what();
  }
  return row;
}

void print_table(const ordered_json& rows) {
  fmt::print("{:<18}{:<11}{:<34}{:>12}{:>12}{:>10}{:>10}\n", "op", "dtype", "shapes", "us", "device us", "GB/s",
             "TFLOP/s");
  for (const ordered_json& row : rows) {
    fmt::print("{:<18}{:<11}{:<34}", row["op"].get<std::string>(), row["dtype"].get<std::string>(),
               row["shapes"].get<std::string>());
    if (row.contains("skipped")) {
      fmt::print("  {}\n", row["skipped"].get<std::string>());
      continue;
    }
    fmt::print(
        "{:>12.1f}{:>12}{:>10.1f}", row["microseconds"].get<double>(),
        row.contains("device_microseconds") ? fmt::format("{:.1f}", row["device_microseconds"].get<double>()) : "",
        row["gigabytes_per_second"].get<double>());
    fmt::print("{:>10}\n", row.contains("teraflops") ? fmt::format("{:.3f}", row["teraflops"].get<double>()) : "");
  }
}

void run(const Options& options) {
  if (options.suite == "performance") {
    return run_performance_suite({.backend = options.backend,
                                  .filter = options.filter,
                                  .seconds = options.seconds,
                                  .shrink = options.shrink,
                                  .list = options.list,
                                  .as_json = options.as_json});
  }
  loader::check_environment();
  Session session(log_handler());
  const loader::Choice choice =
      options.backend.empty() ? session.choose_default() : loader::Choice{session.backend(options.backend), 0, "", {}};
  const OpenDevice device(session.plugin(choice.candidate), choice.device_index);
  SampleSize size;
  size.columns = std::min(options.columns, options.elements);
  size.rows = options.elements / size.columns;
  size.matrix = options.matrix;
  size.batch = 8, size.image = 34, size.channels = 64;

  struct Job {
    const OpInfo* op;
    const DtypeInfo* dtype;
    SampleCall sample;
  };
  std::vector<Job> jobs;
  for (const OpInfo& op : all_ops()) {
    if (op.name.find(options.filter) == std::string_view::npos) continue;
    for (const std::string& name : options.dtypes) {
      const DtypeInfo& dtype = dtype_info(dtype_code(name));
      if (auto sample = make_sample(op, dtype.code, size)) jobs.push_back({&op, &dtype, std::move(*sample)});
    }
  }
  if (jobs.empty())
    throw loader::Error(fmt::format("no op with these dtypes contains \"{}\" in its name", options.filter));
  ordered_json rows = ordered_json::array();
  {
    Progress progress(jobs.size());
    for (const Job& job : jobs) {
      progress.step(job.op->name);
      rows.push_back(measure(device, *job.op, *job.dtype, job.sample, options.seconds));
    }
  }
  const std::string name = fmt::format("{}:{}", choice.candidate.manifest.name, choice.device_index);
  if (options.as_json) {
    fmt::print("{}\n",
               ordered_json{{"device", name}, {"architecture", device.info().architecture}, {"rows", rows}}.dump(
                   2, ' ', false, ordered_json::error_handler_t::replace));
  } else {
    fmt::print("{} {} ({})\n", name, device.info().name, device.info().architecture);
    print_table(rows);
  }
}

}  // namespace

void add_bench(CLI::App& program) {
  CLI::App* command =
      program.add_subcommand("bench", "Time a backend's kernels one op at a time, or a suite of workloads");
  auto options = std::make_shared<Options>();
  constexpr int64_t kMost = int64_t{1} << 40;
  command->add_option("--backend", options->backend, "Backend to time (default: the default device's)");
  command->add_option("--filter", options->filter, "Only ops or workloads whose name contains this");
  CLI::Option* suite =
      command->add_option("--suite", options->suite, "performance: the workloads of docs/performance.md")
          ->check(CLI::IsMember({"performance"}));
  command->add_flag("--list", options->list, "Print the suite's workloads and run none")->needs(suite);
  command->add_option("--shrink", options->shrink, "Divide the suite's accelerator sizes by this, to try it elsewhere")
      ->needs(suite)
      ->check(CLI::Range(int64_t{1}, int64_t{256}));
  command->add_option("--dtype", options->dtypes, "Dtypes, comma-separated (default: float32)")->delimiter(',');
  command->add_option("--elements", options->elements, "Elements of elementwise and row ops (default: 4194304)")
      ->check(CLI::Range(int64_t{1}, kMost));
  command->add_option("--columns", options->columns, "Length of a row (default: 1024)")
      ->check(CLI::Range(int64_t{1}, kMost));
  command->add_option("--matrix", options->matrix, "M = N = K of products (default: 1024)")
      ->check(CLI::Range(int64_t{1}, int64_t{65536}));
  command->add_option("--seconds", options->seconds, "Time per row (default: 0.2)")->check(CLI::Range(0.0, 3600.0));
  command->add_flag("--json", options->as_json, "Print one JSON object");
  command->callback([options] { run(*options); });
}

}  // namespace ferrule::tools
