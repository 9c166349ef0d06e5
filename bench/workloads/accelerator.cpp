// The rows for accelerators: sizes that fill a GPU; every function only submits, so that a row times the device (or the
// host, where that is slower) and not the wait.
#include <cmath>
#include <memory>

#include "ferrule/ferrule.h"
#include "ferrule/nn/activations.h"
#include "workload.h"

namespace ferrule::bench {
namespace {

using Arrays = std::vector<array>;
using Op = std::function<array(const array&)>;

void submit(const array& a) { async_eval({a}); }

double at(const array& a, int64_t row, int64_t column) {
  const auto r = static_cast<int>(row), c = static_cast<int>(column);
  return astype(slice(a, {r, c}, {r + 1, c + 1}), float32).item<float>();
}

// Rows over one matrix. `passes`: bytes moved, in matrices. `check` gets the input and the result.
struct MatrixRow {
  std::string name;
  double passes;
  Op op;
  std::function<void(const array& in, const array& out)> check;
};

Workload on_matrix(const MatrixRow& row, Shape shape, Dtype dtype = float32) {
  const double bytes = static_cast<double>(shape[0] * shape[1]) * static_cast<double>(dtype.size());
  return {row.name, "GB/s", row.passes * bytes,
          [=]() -> std::function<void()> {
            array a = astype(random::normal(shape), dtype);
            a.eval();
            if (row.check) row.check(a, row.op(a));
            return [a, row] { submit(row.op(a)); };
          },
          true};
}

// One element of an elementwise result against double arithmetic.
std::function<void(const array&, const array&)> pointwise(const std::string& name, double (*expected)(double)) {
  return [=](const array& in, const array& out) {
    const double want = expected(at(in, 3, 5));
    expect_near(name, at(out, 3, 5), want, 1e-5 * (1 + std::abs(want)));
  };
}

array gelu_gate(const array& a) { return nn::gelu_approx(a * array(1.5f) + array(0.5f)) * sigmoid(a); }
double gelu_gate(double a) {
  const double x = a * 1.5 + 0.5;
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))) / (1 + std::exp(-a));
}

Op compiled(array (*f)(const array&)) {
  auto g = compile([f](const Arrays& in) { return Arrays{f(in[0])}; });
  return [g](const array& a) { return g({a})[0]; };
}

void check_sum(const array& in, const array& out) {
  const int64_t n = in.shape(0);
  const double want = sum(astype(slice(in, {7, 0}, {8, static_cast<int>(n)}), float64)).item<double>();
  expect_near("sum axis 1", static_cast<double>(slice(out, {7}, {8}).item<float>()), want, 1e-2);
}

std::vector<Workload> bandwidth_rows(int64_t shrink) {
  const int64_t side = 16384 / shrink;
  const Shape square{side, side};
  std::vector<Workload> rows;
  const MatrixRow on_square[] = {
      {"copy 1 GiB f32", 2, [](const array& a) { return copy(a); }, pointwise("copy", [](double x) { return x; })},
      {"add 1 GiB f32", 2, [](const array& a) { return a + a; }, pointwise("add", [](double x) { return x + x; })},
      {"gelu * sigmoid 1 GiB f32, compiled", 2, compiled(gelu_gate), pointwise("gelu * sigmoid", gelu_gate)},
      {"transpose copy 16384^2 f32", 2, [](const array& a) { return contiguous(transpose(a)); },
       [](const array& in, const array& out) { expect_near("transpose", at(out, 5, 3), at(in, 3, 5), 0); }},
      {"sum all 16384^2 f32", 1, [](const array& a) { return sum(a); }, nullptr},
      {"sum axis 0 16384^2 f32", 1, [](const array& a) { return sum(a, 0); }, nullptr},
      {"sum axis 1 16384^2 f32", 1, [](const array& a) { return sum(a, 1); }, check_sum},
      {"argmax axis 1 16384^2 f32", 1, [](const array& a) { return argmax(a, 1); }, nullptr},
      {"softmax 16384^2 f32", 2, [](const array& a) { return softmax(a, -1); },
       [](const array&, const array& out) {
         expect_near("softmax", slice(sum(out, 1), {3}, {4}).item<float>(), 1, 1e-4);
       }},
  };
  for (const MatrixRow& row : on_square) rows.push_back(on_matrix(row, square));
  rows[1].work *= 1.5;  // as peers count it: two inputs read, although here they are one array
  const Shape tokens{32768 / shrink, 4096};
  const int width = 4096;
  const MatrixRow on_tokens[] = {
      {"layer norm 32768x4096 bf16", 2,
       [=](const array& a) {
         static const array weight = ones({width}, bfloat16), bias = zeros({width}, bfloat16);
         return fast::layer_norm(a, weight, bias, 1e-5f);
       },
       nullptr},
      {"rms norm 32768x4096 bf16", 2,
       [=](const array& a) {
         static const array weight = ones({width}, bfloat16);
         return fast::rms_norm(a, weight, 1e-5f);
       },
       [](const array& in, const array& out) {
         const array row = astype(slice(in, {3, 0}, {4, 4096}), float64);
         const double scale = 1 / std::sqrt(mean(row * row).item<double>() + 1e-5);
         expect_near("rms norm", at(out, 3, 5), at(in, 3, 5) * scale, 2e-2);
       }},
  };
  for (const MatrixRow& row : on_tokens) rows.push_back(on_matrix(row, tokens, bfloat16));
  return rows;
}

Workload on_vector(const std::string& name, const std::string& unit, double work, int64_t n, Op op,
                   std::function<void(const array&)> check = nullptr) {
  return {name, unit, work,
          [=]() -> std::function<void()> {
            array a = random::normal({n});
            a.eval();
            if (check) check(op(a));
            return [a, op] { submit(op(a)); };
          },
          true};
}

void check_sorted(const array& out) {
  const int n = static_cast<int>(out.size());
  expect_near("sort", all(less_equal(slice(out, {0}, {n - 1}), slice(out, {1}, {n}))).item<bool>() ? 1 : 0, 1, 0);
}

std::vector<Workload> vector_rows(int64_t shrink) {
  const int64_t n = (int64_t{1} << 26) / shrink;
  const double count = static_cast<double>(n);
  const int64_t picked = 65536 / shrink, vocabulary = 50000 / shrink;
  const double slab = static_cast<double>(picked) * 1024 * 4;
  return {
      on_vector("cumsum 2^26 f32", "GB/s", 8 * count, n, [](const array& a) { return cumsum(a, 0); }),
      on_vector(
          "sort 2^26 f32", "Gkeys/s", count, n, [](const array& a) { return sort(a, 0); }, check_sorted),
      on_vector("argsort 2^26 f32", "Gkeys/s", count, n, [](const array& a) { return argsort(a, 0); }),
      on_vector("partition 2^26 f32", "Gkeys/s", count, n,
                [=](const array& a) { return partition(a, static_cast<int>(n / 2), 0); }),
      {"gather 65536x1024 f32", "GB/s", 2 * slab,
       [=]() -> std::function<void()> {
         array table = random::normal({vocabulary, 1024});
         array index = random::randint(0, static_cast<int>(vocabulary), {picked}, int32);
         eval(table, index);
         const int row = slice(index, {9}, {10}).item<int32_t>();
         expect_near("gather", at(take(table, index, 0), 9, 5), at(table, row, 5), 0);
         return [=] { submit(take(table, index, 0)); };
       },
       true},
      {"scatter-add 65536x1024 f32", "GB/s", 3 * slab,
       [=]() -> std::function<void()> {
         array index = random::randint(0, static_cast<int>(vocabulary), {picked}, int32);
         array updates = random::normal({picked, 1, 1024});
         auto table = std::make_shared<array>(zeros({vocabulary, 1024}));
         eval(index, updates, *table);
         const array ones_in = ones({picked, 1, 1024});
         expect_near("scatter-add", sum(scatter_add(*table, index, ones_in, 0)).item<float>(),
                     static_cast<double>(picked) * 1024, 1);
         return [=] {
           *table = scatter_add(std::move(*table), index, updates, 0);  // in place: the table is donated
           submit(*table);
         };
       },
       true},
  };
}

Workload matmul_row(int64_t n, Dtype dtype, const std::string& type, int64_t shrink) {
  const int64_t m = n / shrink;
  const double flops = 2.0 * std::pow(static_cast<double>(m), 3);
  const std::string name = "matmul " + std::to_string(n) + "^3 " + type;
  return {name, "TFLOP/s", flops,
          [=]() -> std::function<void()> {
            array a = astype(random::normal({m, m}), dtype), b = astype(random::normal({m, m}), dtype);
            eval(a, b);
            const int width = static_cast<int>(m);
            const array row = astype(slice(a, {3, 0}, {4, width}), float64);
            const array column = astype(slice(b, {0, 5}, {width, 6}), float64);
            const double want = sum(transpose(row) * column).item<double>();
            expect_near(name, at(matmul(a, b), 3, 5), want, dtype == float32 ? 5e-3 : 0.01 * std::abs(want) + 0.5);
            return [=] { submit(matmul(a, b)); };
          },
          true};
}

Workload conv_row(int64_t in, int64_t out, int64_t side, int64_t kernel, int64_t shrink) {
  const int64_t batch = 256 / shrink;
  const double flops = 2.0 * static_cast<double>(batch * in * out * side * side * kernel * kernel);
  const std::string name = "conv2d b256 " + std::to_string(in) + "->" + std::to_string(out) + " " +
                           std::to_string(side) + " k" + std::to_string(kernel) + " bf16";
  const int pad = static_cast<int>(kernel / 2);
  return {name, "TFLOP/s", flops,
          [=]() -> std::function<void()> {
            array x = astype(random::normal({batch, side, side, in}), bfloat16);
            array w = astype(random::normal({out, kernel, kernel, in}), bfloat16);
            eval(x, w);
            return [=] { submit(conv2d(x, w, {1, 1}, {pad, pad})); };
          },
          true};
}

std::vector<Workload> product_rows(int64_t shrink) {
  std::vector<Workload> rows;
  for (int64_t n : {1024, 4096, 8192}) {
    rows.push_back(matmul_row(n, bfloat16, "bf16", shrink));
    rows.push_back(matmul_row(n, float16, "f16", shrink));
    rows.push_back(matmul_row(n, float32, "f32", shrink));
  }
  const int64_t side = 8192 / shrink;
  rows.push_back({"gemv 8192^2 bf16", "GB/s", 2.0 * static_cast<double>(side * side),
                  [=]() -> std::function<void()> {
                    array a = astype(random::normal({side, side}), bfloat16);
                    array v = astype(random::normal({side}), bfloat16);
                    eval(a, v);
                    return [=] { submit(matmul(a, v)); };
                  },
                  true});
  rows.push_back(conv_row(64, 64, 56, 3, shrink));
  rows.push_back(conv_row(256, 256, 14, 3, shrink));
  rows.push_back(conv_row(512, 2048, 7, 1, shrink));
  return rows;
}

// ---- what the framework itself costs ----

array logistic_loss(const array& w, const array& x, const array& y) {
  const array z = matmul(x, w);
  return mean(logaddexp(array(0.0f), z) - y * z);
}

std::function<void()> logistic(bool compile_step) {
  array x = random::normal({1000, 100});
  array y = astype(greater(matmul(x, random::normal({100})), array(0.0f)), float32);
  auto w = std::make_shared<array>(random::normal({100}) * array(0.01f));
  eval(x, y, *w);
  auto gradient = grad([=](const array& v) { return logistic_loss(v, x, y); });
  std::function<Arrays(const Arrays&)> step = [=](const Arrays& in) {
    return Arrays{in[0] - array(0.1f) * gradient(in[0])};
  };
  if (compile_step) step = compile(step);
  auto run = [=] {
    *w = step({*w})[0];
    submit(*w);
  };
  const float before = logistic_loss(*w, x, y).item<float>();
  for (int i = 0; i < 200; ++i) run();
  const float after = logistic_loss(*w, x, y).item<float>();
  if (!(after < 0.8f * before)) throw std::runtime_error("logistic regression does not learn");
  return run;
}

std::function<void()> small_adds(bool compile_chain) {
  constexpr int kChain = 1000;
  const array one(1.0f);
  std::function<Arrays(const Arrays&)> chain = [=](const Arrays& in) {
    array y = in[0];
    for (int i = 0; i < kChain; ++i) y = y + one;
    return Arrays{y};
  };
  if (compile_chain) chain = compile(chain);
  array x = zeros({64});
  x.eval();
  expect_near("chain of adds", sum(chain({x})[0]).item<float>(), 64.0 * kChain, 1e-3);
  return [=] { submit(chain({x})[0]); };
}

std::vector<Workload> framework_rows() {
  return {
      {"logreg 1000x100 step, compiled", "us", 1, [] { return logistic(true); }, true},
      {"logreg 1000x100 step", "us", 1, [] { return logistic(false); }, true},
      {"dispatch small add", "us", 1000, [] { return small_adds(false); }, true},
      {"dispatch small add, compiled", "us", 1000, [] { return small_adds(true); }, true},
  };
}

}  // namespace

std::vector<Workload> accelerator_workloads(int64_t shrink) {
  std::vector<Workload> all;
  for (auto rows : {framework_rows(), bandwidth_rows(shrink), vector_rows(shrink), product_rows(shrink)}) {
    for (Workload& row : rows) all.push_back(std::move(row));
  }
  return all;
}

}  // namespace ferrule::bench
