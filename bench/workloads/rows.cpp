// Rows of training: softmax, norms, scans, sorts, gathers, random numbers.
#include <cmath>

#include "ferrule/ferrule.h"
#include "workload.h"

namespace ferrule::bench {
namespace {

using Op = std::function<array(const array&)>;

Workload on_rows(const std::string& name, Shape shape, double passes, Op op) {
  double bytes = 4.0 * static_cast<double>(shape[0] * shape[1]);
  return {name, "GB/s", passes * bytes, [=]() -> std::function<void()> {
            array a = random::normal(shape);
            a.eval();
            return [a, op] { op(a).eval(); };
          }};
}

Workload elements(const std::string& name, int64_t n, Op op) {
  return {name, "M/s", static_cast<double>(n), [=]() -> std::function<void()> {
            array a = random::uniform({n});
            a.eval();
            return [a, op] { op(a).eval(); };
          }};
}

std::function<void()> checked_softmax() {
  array a = random::normal({4096, 4096});
  expect_near("softmax", sum(softmax(a, -1)).item<float>(), 4096.0, 0.5);
  return [a] { softmax(a, -1).eval(); };
}

std::function<void()> gather_rows() {
  array table = random::normal({65536, 256});
  array index = random::randint(0, 65536, {65536}, int32);
  eval(table, index);
  return [=] { take(table, index, 0).eval(); };
}

std::function<void()> scatter_rows() {
  array table = zeros({65536, 256});
  array index = random::randint(0, 65536, {65536}, int32);
  array updates = ones({65536, 1, 256});
  eval(table, index, updates);
  expect_near("scatter_add", sum(scatter_add(table, index, updates, 0)).item<float>(), 65536.0 * 256, 1.0);
  return [=] { scatter_add(table, index, updates, 0).eval(); };
}

}  // namespace

std::vector<Workload> row_workloads() {
  const double gather_bytes = 2.0 * 65536 * 256 * 4;
  return {
      {"softmax 4096x4096", "GB/s", 2.0 * 4096 * 4096 * 4, checked_softmax},
      on_rows("logsumexp 4096x4096", {4096, 4096}, 1, [](const array& a) { return logsumexp(a, -1); }),
      on_rows("layer norm 8192x1024", {8192, 1024}, 2,
              [](const array& a) { return fast::layer_norm(a, ones({1024}), zeros({1024}), 1e-5f); }),
      on_rows("rms norm 8192x1024", {8192, 1024}, 2,
              [](const array& a) { return fast::rms_norm(a, ones({1024}), 1e-5f); }),
      elements("cumsum 2^24", 1 << 24, [](const array& a) { return cumsum(a, 0); }),
      elements("sort 2^22", 1 << 22, [](const array& a) { return sort(a, 0); }),
      elements("argsort 2^22", 1 << 22, [](const array& a) { return argsort(a, 0); }),
      elements("partition 2^22", 1 << 22, [](const array& a) { return partition(a, 1 << 21, 0); }),
      {"gather 65536 rows of 256", "GB/s", gather_bytes, gather_rows},
      {"scatter-add 65536 rows of 256", "GB/s", 1.5 * gather_bytes, scatter_rows},
      elements("random normal 2^24", 1 << 24, [](const array& a) { return random::normal(a.shape()); }),
  };
}

}  // namespace ferrule::bench
