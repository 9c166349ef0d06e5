// Matrix products and convolutions.
#include "ferrule/ferrule.h"
#include "workload.h"

namespace ferrule::bench {
namespace {

Workload square_matmul(int64_t n, Dtype dtype) {
  std::string name = "matmul " + std::to_string(n) + " " + dtype_name(dtype);
  double flops = 2.0 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n);
  return {name, "GFLOP/s", flops, [=]() -> std::function<void()> {
            array a = astype(random::normal({n, n}), dtype), b = astype(random::normal({n, n}), dtype);
            eval(a, b);
            array row = astype(slice(a, {3, 0}, {4, n}), float64), column = astype(slice(b, {0, 5}, {n, 6}), float64);
            double expected = sum(transpose(row) * column).item<double>();
            double got = slice(matmul(a, b), {3, 5}, {4, 6}).item<double>();
            expect_near(name, got, expected, dtype == float32 ? 1e-2 : 2.0);
            return [=] { matmul(a, b).eval(); };
          }};
}

Workload conv(int64_t batch, int64_t side, int64_t in, int64_t out, int64_t kernel) {
  std::string name = "conv2d b" + std::to_string(batch) + " " + std::to_string(side) + "x" + std::to_string(side) +
                     " " + std::to_string(in) + "->" + std::to_string(out) + " k" + std::to_string(kernel);
  double flops = 2.0 * static_cast<double>(batch * side * side * in * out * kernel * kernel);
  int pad = static_cast<int>(kernel / 2);
  return {name, "GFLOP/s", flops, [=]() -> std::function<void()> {
            array x = random::normal({batch, side, side, in}), w = random::normal({out, kernel, kernel, in});
            eval(x, w);
            return [=] { conv2d(x, w, {1, 1}, {pad, pad}).eval(); };
          }};
}

std::function<void()> gemv() {
  array a = random::normal({8192, 8192}), x = random::normal({8192});
  eval(a, x);
  return [=] { matmul(a, x).eval(); };
}

}  // namespace

std::vector<Workload> product_workloads() {
  return {
      square_matmul(128, float32),
      square_matmul(512, float32),
      square_matmul(1024, float32),
      square_matmul(2048, float32),
      square_matmul(1024, bfloat16),
      square_matmul(2048, bfloat16),
      {"gemv 8192", "GB/s", 4.0 * 8192 * 8192, gemv},
      conv(64, 28, 1, 32, 3),
      conv(64, 14, 32, 64, 3),
      conv(16, 56, 64, 64, 3),
  };
}

}  // namespace ferrule::bench
