// cpu_floors: what the machine allows, as JSON lines: a threaded copy, and oneDNN's matmul called directly where it is
// installed.
#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "workload.h"

#ifdef FERRULE_BENCH_ONEDNN
#include <dnnl.hpp>
#endif

namespace ferrule::bench {
namespace {

std::function<void()> threaded_copy() {
  constexpr size_t kBytes = size_t{8192} * 8192 * 4;
  std::shared_ptr<char[]> from(new char[kBytes]), to(new char[kBytes]);
  std::memset(from.get(), 1, kBytes);
  std::memset(to.get(), 2, kBytes);
  return [=] {
    size_t n = std::max(1u, std::thread::hardware_concurrency());
    std::vector<std::thread> threads;
    for (size_t i = 0; i < n; ++i) {
      threads.emplace_back([=] { std::memcpy(to.get() + kBytes / n * i, from.get() + kBytes / n * i, kBytes / n); });
    }
    for (auto& thread : threads) thread.join();
  };
}

#ifdef FERRULE_BENCH_ONEDNN
Workload onednn_matmul(int64_t n, bool bf16) {
  std::string name = "matmul " + std::to_string(n) + (bf16 ? " bfloat16" : " float32") + "";
  double flops = 2.0 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n);
  return {name, "GFLOP/s", flops, [=]() -> std::function<void()> {
            using namespace dnnl;
            struct State {
              engine cpu{engine::kind::cpu, 0};
              stream queue{cpu};
              memory a, b, c;
              matmul product;
            };
            auto s = std::make_shared<State>();
            auto type = bf16 ? memory::data_type::bf16 : memory::data_type::f32;
            memory::desc plain({n, n}, type, memory::format_tag::ab);
            s->a = memory(plain, s->cpu);
            s->b = memory(plain, s->cpu);
            s->c = memory(plain, s->cpu);
            for (memory* m : {&s->a, &s->b, &s->c}) std::memset(m->get_data_handle(), 0x3c, plain.get_size());
            s->product = matmul(matmul::primitive_desc(matmul::desc(plain, plain, plain), s->cpu));
            return [s] {
              s->product.execute(s->queue, {{DNNL_ARG_SRC, s->a}, {DNNL_ARG_WEIGHTS, s->b}, {DNNL_ARG_DST, s->c}});
              s->queue.wait();
            };
          }};
}
#endif

std::vector<Workload> floor_workloads() {
  std::vector<Workload> floors{{"copy", "GB/s", 2.0 * 8192 * 8192 * 4, threaded_copy}};
#ifdef FERRULE_BENCH_ONEDNN
  for (int64_t n : {512, 1024, 2048}) floors.push_back(onednn_matmul(n, false));
  for (int64_t n : {1024, 2048}) floors.push_back(onednn_matmul(n, true));
#endif
  return floors;
}

}  // namespace
}  // namespace ferrule::bench

int main() {
  using namespace ferrule::bench;
  try {
    for (const Workload& workload : floor_workloads()) {
      const Result r = measure(workload, 1.0);
      fmt::print(
          "{{\"peer\": \"floor\", \"name\": \"{}\", \"unit\": \"{}\", \"value\": {}, \"seconds\": {}, \"runs\": {}}}\n",
          r.name, r.unit, r.value, r.seconds, r.runs);
    }
  } catch (const std::exception& e) {
    fmt::print(stderr, "cpu_floors: {}\n", e.what());
    return 1;
  }
}
