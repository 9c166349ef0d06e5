// Bandwidth-bound rows: copies, elementwise ops, reductions, chains.
#include <cmath>

#include "ferrule/ferrule.h"
#include "workload.h"

namespace ferrule::bench {
namespace {

constexpr int64_t kSide = 8192;
constexpr double kBytes = double(kSide) * kSide * 4;

array matrix() {
  array a = random::uniform(array(-1.0f), array(1.0f), {kSide, kSide}, float32);
  a.eval();
  return a;
}

using Op = std::function<array(const array&)>;

// reads and writes: how many times the whole matrix is read and written.
Workload on_matrix(const std::string& name, double passes, Op op, std::function<double(double)> expected = nullptr) {
  return {name, "GB/s", passes * kBytes, [=]() -> std::function<void()> {
            array a = matrix();
            if (expected) {
              float x = slice(a, {5, 77}, {6, 78}).item<float>();
              float y = slice(op(a), {5, 77}, {6, 78}).item<float>();
              expect_near(name, y, expected(x), 1e-5);
            }
            return [a, op] { op(a).eval(); };
          }};
}

array ten_ops(const array& x) {
  array y = x;
  for (int i = 0; i < 5; ++i) y = y * array(0.9f) + array(0.1f);
  return y;
}
double ten_ops(double x) {
  for (int i = 0; i < 5; ++i) x = x * 0.9 + 0.1;
  return x;
}

array gelu_gate(const array& a) {
  array x = a * array(1.5f) + array(0.5f);
  return x * array(0.5f) * (array(1.0f) + erf(x * array(0.70710678f))) * sigmoid(a);
}
double gelu_gate(double a) {
  double x = a * 1.5 + 0.5;
  return x * 0.5 * (1 + std::erf(x * std::sqrt(0.5))) / (1 + std::exp(-a));
}

Op compiled(array (*f)(const array&)) {
  auto g = compile([f](const std::vector<array>& in) { return std::vector<array>{f(in[0])}; });
  return [g](const array& a) { return g({a})[0]; };
}

}  // namespace

std::vector<Workload> elementwise_workloads() {
  return {
      on_matrix(
          "copy", 2, [](const array& a) { return copy(a); }, [](double x) { return x; }),
      on_matrix("transpose copy", 2, [](const array& a) { return contiguous(transpose(a)); }),
      on_matrix(
          "add scalar", 2, [](const array& a) { return a + array(1.0f); }, [](double x) { return x + 1; }),
      on_matrix(
          "add", 3, [](const array& a) { return a + a; }, [](double x) { return x + x; }),
      on_matrix(
          "exp", 2, [](const array& a) { return exp(a); }, [](double x) { return std::exp(x); }),
      on_matrix(
          "tanh", 2, [](const array& a) { return tanh(a); }, [](double x) { return std::tanh(x); }),
      on_matrix("chain of 10 ops, compiled", 2, compiled(ten_ops), [](double x) { return ten_ops(x); }),
      on_matrix("gelu * sigmoid, compiled", 2, compiled(gelu_gate), [](double x) { return gelu_gate(x); }),
      on_matrix("cast f32 to bf16", 1.5, [](const array& a) { return astype(a, bfloat16); }),
      on_matrix("sum", 1, [](const array& a) { return sum(a); }),
      on_matrix("sum axis 0", 1, [](const array& a) { return sum(a, 0); }),
      on_matrix("sum axis 1", 1, [](const array& a) { return sum(a, 1); }),
      on_matrix("max axis 1", 1, [](const array& a) { return max(a, 1); }),
      on_matrix("argmax axis 1", 1, [](const array& a) { return argmax(a, 1); }),
  };
}

}  // namespace ferrule::bench
