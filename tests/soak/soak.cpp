// ferrule-soak: keeps a device busy through the core and checks that values stay right and memory stays flat: many small
// ops, many allocations of varied sizes, several threads, and running out of memory on purpose. Prints one line per phase,
// or one JSON object; exit status 1 when a phase failed.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "ferrule/ferrule.h"

namespace mx = ferrule;

namespace {

struct Options {
  std::string backend;
  int64_t ops = 1'000'000, allocations = 100'000;
  int threads = 8;
  bool as_json = false;
};

struct Phase {
  std::string name;
  double seconds = 0;
  int64_t rss_growth = 0, held_growth = 0;  // bytes, after a warm-up
  std::string failure;
};

int64_t resident_bytes() {
  long pages = 0;
  if (FILE* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%*s %ld", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return static_cast<int64_t>(pages) * sysconf(_SC_PAGESIZE);
}

int64_t held_bytes() { return static_cast<int64_t>(mx::get_active_memory() + mx::get_cache_memory()); }

void expect(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

// Small dependent ops, evaluated in pieces, as an interactive program does.
void small_ops(int64_t count) {
  constexpr int64_t kPiece = 500;
  mx::array x = mx::zeros({64});
  const mx::array one(1.0f);
  int64_t added = 0;
  for (int64_t done = 0; done < count; done += kPiece) {
    for (int64_t i = 0; i < kPiece; ++i) x = x + one;
    added += kPiece;
    mx::async_eval({x});
    if (added < 100 * kPiece && done + kPiece < count) continue;
    const float got = mx::max(x).item<float>(), want = static_cast<float>(added);
    expect(got == want, fmt::format("after {} additions of 1: got {}; expected {}", added, got, want));
    x = mx::zeros({64});
    added = 0;
  }
}

// Arrays of varied sizes, held for varied times.
void allocations(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<mx::array> held(64, mx::array(0.0f));
  std::vector<float> marks(held.size(), 0.0f);
  std::uniform_real_distribution<double> exponent(0.0, 20.0);  // 1 to 2^20 elements
  for (int64_t i = 0; i < count; ++i) {
    const size_t slot = random() % held.size();
    if (i % 97 == 0 && held[slot].size() > 0) {
      const float got = mx::min(held[slot]).item<float>();
      expect(got == marks[slot],
             fmt::format("an array of {} elements: got {}; expected {}", held[slot].size(), got, marks[slot]));
    }
    const auto size = static_cast<int64_t>(std::exp2(exponent(random)));
    marks[slot] = static_cast<float>(random() % 1000);
    held[slot] = mx::full({size}, mx::array(marks[slot]));
    mx::async_eval({held[slot]});
  }
  mx::eval(held);
}

// Threads with graphs of their own; each result is checked.
void thread_storm(int threads, int64_t rounds) {
  std::vector<std::thread> workers;
  std::vector<std::string> failures(static_cast<size_t>(threads));
  for (int t = 0; t < threads; ++t) {
    workers.emplace_back([t, rounds, &failures] {
      try {
        for (int64_t round = 0; round < rounds; ++round) {
          mx::array a = mx::full({33, 65}, mx::array(static_cast<float>(t + 1)));
          mx::array b = mx::matmul(a, mx::transpose(a)) + mx::array(1.0f);
          const float got = mx::max(b).item<float>(), want = static_cast<float>(65 * (t + 1) * (t + 1) + 1);
          expect(got == want, fmt::format("thread {}: got {}; expected {}", t, got, want));
        }
      } catch (const std::exception& e) {
        failures[static_cast<size_t>(t)] = e.what();
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  for (const std::string& failure : failures) expect(failure.empty(), failure);
}

// A limit set low, an allocation beyond it, and work afterwards.
void out_of_memory() {
  mx::clear_cache();
  const size_t before = mx::set_memory_limit(mx::get_active_memory() + (size_t{64} << 20));
  std::string message;
  try {
    mx::array big = mx::ones({int64_t{1} << 28});
    big.eval();
  } catch (const mx::error& e) {
    message = e.code() == mx::ErrorCode::out_of_memory ? e.what() : std::string();
  }
  const float got = mx::sum(mx::ones({1000})).item<float>();
  mx::set_memory_limit(before);
  expect(!message.empty(), "an allocation of 1 GiB beyond a limit of 64 MiB: got no out_of_memory error");
  expect(got == 1000, fmt::format("after out of memory: got {}; expected 1000", got));
  const float again = mx::sum(mx::ones({int64_t{1} << 26})).item<float>();
  expect(again == static_cast<float>(int64_t{1} << 26), fmt::format("with the limit restored: got {}", again));
}

template <typename Work>
Phase run_phase(const std::string& name, int64_t allowed_growth, Work work) {
  using Clock = std::chrono::steady_clock;
  Phase phase;
  phase.name = name;
  try {
    work(true);  // warm-up
    mx::synchronize();
    const int64_t rss = resident_bytes(), held = held_bytes();
    const auto begin = Clock::now();
    work(false);
    mx::synchronize();
    phase.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    phase.rss_growth = resident_bytes() - rss;
    phase.held_growth = held_bytes() - held;
    expect(phase.rss_growth <= allowed_growth,
           fmt::format("host memory grew by {} bytes; expected at most {}", phase.rss_growth, allowed_growth));
    expect(phase.held_growth <= allowed_growth,
           fmt::format("device memory grew by {} bytes; expected at most {}", phase.held_growth, allowed_growth));
  } catch (const std::exception& e) {
    phase.failure = e.what();
  }
  return phase;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Keeps a device busy and checks that values stay right and memory stays flat.");
  app.add_option("--backend", options.backend, "backend to use (default: the default device's)");
  app.add_option("--ops", options.ops, "small ops (default: 1000000)")->check(CLI::PositiveNumber);
  app.add_option("--allocations", options.allocations, "allocations of varied sizes (default: 100000)")
      ->check(CLI::PositiveNumber);
  app.add_option("--threads", options.threads, "threads at once (default: 8)")->check(CLI::Range(1, 256));
  app.add_flag("--json", options.as_json, "print one JSON object");
  CLI11_PARSE(app, argc, argv);
  std::vector<Phase> phases;
  try {
    if (!options.backend.empty()) mx::set_default_device(mx::Device(options.backend));
    constexpr int64_t kMiB = 1 << 20;
    phases.push_back(run_phase("small ops", 32 * kMiB, [&](bool warm) {
      small_ops(warm ? std::min<int64_t>(options.ops, 20000) : options.ops);
    }));
    // What is held at the end differs by what random sizes ask for: 64 arrays of up to 4 MiB, and their reuse.
    phases.push_back(run_phase("allocations", 256 * kMiB, [&](bool warm) {
      allocations(warm ? std::max<int64_t>(options.allocations / 4, 1000) : options.allocations, warm ? 1 : 2);
    }));
    phases.push_back(
        run_phase("threads", 64 * kMiB, [&](bool warm) { thread_storm(options.threads, warm ? 20 : 500); }));
    phases.push_back(run_phase("out of memory", 512 * kMiB, [&](bool) { out_of_memory(); }));
  } catch (const std::exception& e) {
    fmt::print(stderr, "ferrule-soak: {}\n", e.what());
    return 1;
  }
  const std::string device = mx::default_device().name();
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  bool failed = false;
  for (const Phase& phase : phases) {
    failed |= !phase.failure.empty();
    if (options.as_json) {
      rows.push_back({{"phase", phase.name},
                      {"seconds", phase.seconds},
                      {"host_growth_bytes", phase.rss_growth},
                      {"device_growth_bytes", phase.held_growth},
                      {"failure", phase.failure}});
    } else {
      fmt::print("{:<16}{:>8.2f} s   host {:+.1f} MiB   device {:+.1f} MiB   {}\n", phase.name, phase.seconds,
                 static_cast<double>(phase.rss_growth) / 1048576, static_cast<double>(phase.held_growth) / 1048576,
                 phase.failure.empty() ? "ok" : phase.failure);
    }
  }
  if (options.as_json) {
    fmt::print("{}\n", nlohmann::ordered_json{{"device", device},
                                              {"ops", options.ops},
                                              {"allocations", options.allocations},
                                              {"threads", options.threads},
                                              {"phases", rows}}
                           .dump());
  }
  return failed ? 1 : 0;
}
