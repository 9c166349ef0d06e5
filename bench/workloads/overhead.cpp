// What the framework itself costs: chains of small ops, and a call through the plugin ABI.
#include "ferrule/ferrule.h"
#include "workload.h"

namespace ferrule::bench {
namespace {

constexpr int kChain = 1000;

std::function<void()> small_chain() {
  array one(1.0f);
  array x = ones({16});
  x.eval();
  return [=] {
    array y = x;
    for (int i = 0; i < kChain; ++i) y = y + one;
    y.eval();
  };
}

std::function<void()> compiled_chain() {
  auto f = compile([](const std::vector<array>& in) {
    array y = in[0];
    for (int i = 0; i < kChain; ++i) y = y + array(1.0f);
    return std::vector<array>{y};
  });
  array x = ones({16});
  expect_near("compiled chain", sum(f({x})[0]).item<float>(), 16.0 * (kChain + 1), 1e-3);
  return [=] { f({x})[0].eval(); };
}

// Four tiny kernels in one recording, called in a dependent loop; one wait at the end of many calls.
std::function<void()> compiled_calls(bool submit_each) {
  array x = ones({4, 4});
  auto step = compile(std::function<std::vector<array>(const std::vector<array>&)>([x](const std::vector<array>& in) {
    array y = tanh(matmul(x, in[0]));
    return std::vector<array>{tanh(matmul(x, y))};
  }));
  array start = full({4, 1}, 0.5f);
  start.eval();
  return [=] {
    array w = start;
    for (int i = 0; i < kChain; ++i) {
      w = step({w})[0];
      if (submit_each) async_eval({w});
    }
    w.eval();
  };
}

std::function<void()> million_nodes() {
  return [] {
    array y = ones({4});
    for (int i = 0; i < 1'000'000; ++i) y = y + array(1.0f);
    y.eval();
  };
}

std::function<void()> item_roundtrip() {
  array x = ones({16});
  x.eval();
  return [=] {
    for (int i = 0; i < 100; ++i) (void)sum(x).item<float>();
  };
}

}  // namespace

std::vector<Workload> overhead_workloads() {
  return {
      {"small op in a chain of 1000", "us", kChain, small_chain},
      {"small op in a chain of 1000, compiled", "us", kChain, compiled_chain},
      {"compiled call, evaluated at the end", "us", kChain, [] { return compiled_calls(false); }},
      {"compiled call, submitted each", "us", kChain, [] { return compiled_calls(true); }},
      {"node in a graph of 1,000,000", "us", 1e6, million_nodes},
      {"sum(16).item()", "us", 100, item_roundtrip},
  };
}

}  // namespace ferrule::bench
