// Cotangents that are one element: the same values as with a full array of them, and no kernels for what is known when
// the gradient is built.
#include <map>
#include <unordered_set>

#include "ferrule/primitive.h"
#include "gradient_check.h"

namespace ferrule::testing {
namespace {

using Counts = std::map<std::string, int>;

// The kernels' ops behind an array that is not evaluated yet.
Counts ops_behind(const array& a) {
  Counts counts;
  std::unordered_set<std::uintptr_t> seen;
  std::vector<array> open{a};
  while (!open.empty()) {
    array next = open.back();
    open.pop_back();
    if (!next.has_primitive() || !seen.insert(next.id()).second) continue;
    const std::string name = next.primitive().name();
    if (std::islower(static_cast<unsigned char>(name[0]))) ++counts[name];  // Reshape and the like are views
    for (const array& input : next.inputs()) open.push_back(input);
  }
  return counts;
}

TEST(Cotangent, OfALogisticLossTakesOnlyItsOwnKernels) {
  array x = f64(spread(12, -1, 1, 0), {4, 3}), y = f64({0, 1, 1, 0}, {4}), w = f64({0.5, -1, 2}, {3});
  eval(x, y, w);
  auto loss = [&](const array& v) {
    array z = matmul(x, v);
    return mean(logaddexp(array(0.0, float64), z) - y * z);
  };
  const array g = grad(loss)(w);
  EXPECT_EQ(ops_behind(g), (Counts{{"matmul", 2}, {"sigmoid", 1}, {"multiply", 2}, {"add", 1}}));
  array expected = matmul(transpose(x), (sigmoid(matmul(x, w)) - y) * array(0.25, float64));
  expect_values(g, values(expected), 1e-14);
}

TEST(Cotangent, OfASumIsTheSlopeItself) {
  array x = f64({0.5, 2, 3}, {3});
  eval(x);
  EXPECT_EQ(ops_behind(grad([](const array& a) { return sum(exp(a)); })(x)), (Counts{{"exp", 1}}));
  EXPECT_EQ(ops_behind(grad([](const array& a) { return sum(a); })(x)), Counts{});
  EXPECT_EQ(ops_behind(grad([](const array& a) { return sum(-a) * array(3.0, float64); })(x)), Counts{});
  expect_values(grad([](const array& a) { return sum(-a) * array(3.0, float64); })(x), {-3, -3, -3});
  expect_values(grad([](const array& a) { return a; })(array(2.0, float64)), {1});
}

// The rules of every op with a scalar cotangent, against the same with an array.
TEST(Cotangent, OfOneElementGivesWhatAFullOneGives) {
  using Binary = std::function<array(const array&, const array&)>;
  const std::map<std::string, Binary> functions = {
      {"add", [](const array& a, const array& b) { return a + b; }},
      {"subtract", [](const array& a, const array& b) { return a - b; }},
      {"multiply", [](const array& a, const array& b) { return a * b; }},
      {"divide", [](const array& a, const array& b) { return a / b; }},
      {"power", [](const array& a, const array& b) { return power(a, b); }},
      {"remainder", [](const array& a, const array& b) { return remainder(a, b); }},
      {"maximum", [](const array& a, const array& b) { return maximum(a, b); }},
      {"minimum", [](const array& a, const array& b) { return minimum(a, b); }},
      {"logaddexp", [](const array& a, const array& b) { return logaddexp(a, b); }},
      {"arctan2", [](const array& a, const array& b) { return arctan2(a, b); }},
      {"where", [](const array& a, const array& b) { return where(greater(a, b), a, b); }},
      {"chain", [](const array& a, const array& b) { return erf(-a) * tanh(b) - sigmoid(a) + sqrt(square(b)); }},
      {"casts",
       [](const array& a, const array& b) { return astype(astype(a, float64) * astype(b, float64), float32); }},
  };
  const std::vector<double> data = spread(6, 0.3, 2, 0.2), other = spread(6, 0.3, 2, 0.7);
  const Shape shape{2, 3};
  for (Dtype dtype : {float32, float16, bfloat16}) {
    const array a(data.data(), shape, dtype), b(other.data(), shape, dtype);
    const array row(other.data(), Shape{3}, dtype), one(other.data(), Shape{1, 1}, dtype), scalar(0.75, dtype);
    for (const auto& [name, f] : functions) {
      for (const auto& [left, right] : {std::pair(a, b), std::pair(a, row), std::pair(one, a), std::pair(a, scalar)}) {
        SCOPED_TRACE(name + " of " + dtype_name(dtype) + ", second operand of " + std::to_string(right.size()));
        ArrayFn whole = [&f = f](const std::vector<array>& in) { return std::vector<array>{f(in[0], in[1])}; };
        ScalarFn total = [&f = f](const std::vector<array>& in) { return sum(f(in[0], in[1])); };
        array ones = ones_like(whole({left, right})[0]);
        ones.eval();
        const std::vector<array> want = vjp(whole, {left, right}, {ones}).second;
        const std::vector<array> got = grad(total, {0, 1})({left, right});
        for (size_t i = 0; i < 2; ++i) {
          EXPECT_EQ(got[i].shape(), want[i].shape());
          EXPECT_EQ(dtype_name(got[i].dtype()), dtype_name(want[i].dtype()));
          expect_values(got[i], values(want[i]));
        }
      }
    }
  }
}

TEST(Cotangent, OfHigherRankThanWhatItBroadcastsToKeepsTheShape) {
  array x = f64({1, 2, 3}, {3}), two = f64({2}, {1, 1});
  eval(x, two);
  ArrayFn f = [](const std::vector<array>& in) { return std::vector<array>{square(in[0])}; };
  const array g = vjp(f, {x}, {broadcast_to(reshape(two, Shape{}), {3})}).second[0];
  EXPECT_EQ(g.shape(), (Shape{3}));
  expect_values(g, {4, 8, 12});
}

TEST(Cotangent, ZeroIsLeftOutOnlyWhereThatChangesNothing) {
  // -0 - (-0) is +0, so minus zero takes part: the sigmoid of either is a half.
  array z = f64({-0.0, 0.0, 3}, {3});
  for (double zero : {0.0, -0.0}) {
    array g = grad([&](const array& a) { return sum(logaddexp(array(zero, float64), a)); })(z);
    expect_values(g, {0.5, 0.5, 1 / (1 + std::exp(-3.0))}, 1e-15);
  }
  array g = grad([&](const array& a) { return sum(logaddexp(a, a + array(1.0, float64))); })(z);
  expect_values(g, {1, 1, 1}, 1e-15);
}

TEST(Cotangent, OfSecondOrderGoesThroughOneElement) {
  auto f1 = grad([](const array& x) { return mean(exp(x) * x - logaddexp(array(0.0, float64), x)); });
  auto f2 = grad([&](const array& x) { return sum(f1(x)); });
  const std::vector<double> x{0.5, -1};
  std::vector<double> want;
  for (double v : x) {
    const double s = 1 / (1 + std::exp(-v));
    want.push_back(0.5 * (std::exp(v) * (v + 2) - s * (1 - s)));
  }
  expect_values(f2(f64(x, {2})), want, 1e-12);
}

}  // namespace
}  // namespace ferrule::testing
