// Gradients of elementwise ops, first and second order, in several layouts.
#include "gradient_check.h"

namespace ferrule::testing {
namespace {

struct Unary {
  const char* name;
  array (*fn)(const array&, StreamOrDevice);
  double low, high;
  friend void PrintTo(const Unary& op, std::ostream* os) { *os << op.name; }
};

const Unary kUnary[] = {
    {"abs", abs, 0.2, 2},          {"abs of negatives", abs, -2, -0.2},
    {"negative", negative, -1, 1}, {"square", square, -2, 2},
    {"sqrt", sqrt, 0.3, 3},        {"rsqrt", rsqrt, 0.3, 3},
    {"exp", exp, -2, 2},           {"expm1", expm1, -2, 2},
    {"log", log, 0.3, 3},          {"log2", log2, 0.3, 3},
    {"log10", log10, 0.3, 3},      {"log1p", log1p, -0.7, 2},
    {"sin", sin, -3, 3},           {"cos", cos, -3, 3},
    {"tan", tan, -1, 1},           {"arcsin", arcsin, -0.8, 0.8},
    {"arccos", arccos, -0.8, 0.8}, {"arctan", arctan, -3, 3},
    {"sinh", sinh, -2, 2},         {"cosh", cosh, -2, 2},
    {"tanh", tanh, -2, 2},         {"arcsinh", arcsinh, -2, 2},
    {"arccosh", arccosh, 1.3, 3},  {"arctanh", arctanh, -0.8, 0.8},
    {"sigmoid", sigmoid, -3, 3},   {"erf", erf, -2, 2},
    {"erfinv", erfinv, -0.8, 0.8}, {"reciprocal", reciprocal, 0.4, 2},
    {"degrees", degrees, -1, 1},   {"radians", radians, -9, 9},
};

class UnaryGradient : public ::testing::TestWithParam<Unary> {};

TEST_P(UnaryGradient, EqualsCentralDifferencesInBothOrders) {
  const Unary& op = GetParam();
  Fn fn = [&](const std::vector<array>& in) { return op.fn(in[0], {}); };
  for (Layout layout : {Layout::contiguous, Layout::transposed, Layout::reversed}) {
    GradientCheck check{fn, {{{2, 3}, op.low, op.high}}, layout};
    check.run(op.name);
    if (layout == Layout::contiguous) check.run_second_order(op.name);
  }
}

std::string name_of(const ::testing::TestParamInfo<Unary>& info) {
  std::string name = info.param.name;
  for (char& c : name) {
    if (c == ' ') c = '_';
  }
  return name;
}
INSTANTIATE_TEST_SUITE_P(Ops, UnaryGradient, ::testing::ValuesIn(kUnary), name_of);

struct Binary {
  const char* name;
  array (*fn)(const array&, const array&, StreamOrDevice);
  double low_a, high_a, low_b, high_b;
  friend void PrintTo(const Binary& op, std::ostream* os) { *os << op.name; }
};

const Binary kBinary[] = {
    {"add", add, -1, 1, -1, 1},
    {"subtract", subtract, -1, 1, -1, 1},
    {"multiply", multiply, -1, 1, -1, 1},
    {"divide", divide, -1, 1, 0.5, 2},
    {"remainder", remainder, 4.1, 4.4, 1.1, 1.3},
    {"power", power, 0.5, 2, -2, 2},
    {"maximum", maximum, -1, 0.99, -0.77, 1},
    {"minimum", minimum, -1, 0.99, -0.77, 1},
    {"logaddexp", logaddexp, -2, 2, -2, 2},
    {"arctan2", arctan2, 0.3, 2, -2, -0.3},
};

class BinaryGradient : public ::testing::TestWithParam<Binary> {};

TEST_P(BinaryGradient, EqualsCentralDifferencesForEveryPairOfShapes) {
  const Binary& op = GetParam();
  Fn fn = [&](const std::vector<array>& in) { return op.fn(in[0], in[1], {}); };
  const std::pair<Shape, Shape> shapes[] = {{{2, 3}, {2, 3}}, {{2, 3}, {3}}, {{2, 1}, {1, 3}}, {{2, 3}, {}},
                                            {{}, {2, 3}},     {{1, 1}, {3}}, {{}, {}}};
  for (const auto& [a, b] : shapes) {
    GradientCheck check{fn, {{a, op.low_a, op.high_a}, {b, op.low_b, op.high_b}}};
    check.run(op.name);
    check.run_second_order(op.name);
  }
  GradientCheck strided{fn, {{{2, 3}, op.low_a, op.high_a}, {{2, 3}, op.low_b, op.high_b}}, Layout::transposed};
  strided.run(op.name);
}

INSTANTIATE_TEST_SUITE_P(Ops, BinaryGradient, ::testing::ValuesIn(kBinary),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Gradient, OfWhereGoesToTheChosenOperand) {
  Fn fn = [](const std::vector<array>& in) { return where(in[0] > in[1], in[0] * 2, square(in[1])); };
  GradientCheck check{fn, {{{2, 3}}, {{3}, -0.9, 0.83}}};
  check.run("where");
  check.run_second_order("where");
}

TEST(Gradient, OfClipAndNanToNumIsOneInside) {
  GradientCheck{[](const std::vector<array>& in) { return clip(in[0], array(-0.5, float64), array(0.5, float64)); },
                {{{7}}}}
      .run("clip");
  GradientCheck{[](const std::vector<array>& in) { return nan_to_num(in[0]) * in[0]; }, {{{7}}}}.run("nan_to_num");
}

TEST(Gradient, OfStepsIsZero) {
  Fn fn = [](const std::vector<array>& in) {
    const array& x = in[0];
    return floor(x) + ceil(x) + round(x) + sign(x) + floor_divide(x, array(0.7, float64)) + astype(x > 0, float64) +
           astype(argsort(x, 0), float64) + astype(isfinite(x), float64);
  };
  GradientCheck{fn, {{{5}}}}.run("steps");
}

TEST(Gradient, AtTiesFollowsTheConventions) {
  auto both = [](auto op, std::vector<double> a, std::vector<double> b) {
    ScalarFn f = [op](const std::vector<array>& in) { return sum(op(in[0], in[1], StreamOrDevice{})); };
    return grad(f, {0, 1})({f64(a, {3}), f64(b, {3})});
  };
  auto g = both(maximum, {1, 2, 0}, {1, 1, 3});
  expect_values(g[0], {0, 1, 0});
  expect_values(g[1], {1, 0, 1});
  g = both(minimum, {1, 2, 0}, {1, 1, 3});
  expect_values(g[0], {0, 0, 1});
  expect_values(g[1], {1, 1, 0});
  expect_values(grad([](const array& x) { return sum(abs(x)); })(f64({0, -0.0, 2}, {3})), {0, 0, 1});
  expect_values(grad([](const array& x) { return max(x); })(f64({1, 2, 2}, {3})), {0, 0.5, 0.5});
  expect_values(grad([](const array& x) { return sum(cummax(x, 0)); })(f64({1, 1, 3, 2}, {4})), {1, 1, 2, 0});
}

TEST(Gradient, OfPowerIsFiniteWhereTheLimitIs) {
  ScalarFn f = [](const std::vector<array>& in) { return sum(power(in[0], in[1])); };
  auto g = grad(f, {0, 1})({f64({0, 2, 0}, {3}), f64({2, 3, 1}, {3})});
  expect_values(g[0], {0, 12, 1});
  expect_values(g[1], {0, 8 * std::log(2.0), 0}, 1e-12);
}

// The gradient of a real function of complex values is d/dx + i d/dy.
TEST(Gradient, OfComplexFunctionsEqualsCentralDifferencesOfBothParts) {
  using C = std::complex<float>;
  const std::vector<std::pair<const char*, std::function<array(const array&)>>> functions = {
      {"multiply", [](const array& z) { return real(z * z * array(C(3, -1))); }},
      {"divide", [](const array& z) { return imag(array(C(2, 1)) / z); }},
      {"exp", [](const array& z) { return real(exp(z)); }},
      {"sin", [](const array& z) { return imag(sin(z)); }},
      {"sqrt", [](const array& z) { return real(sqrt(z)); }},
      {"log", [](const array& z) { return imag(log(z)) + real(log(z)); }},
      {"tanh", [](const array& z) { return real(tanh(z)); }},
      {"abs", [](const array& z) { return abs(z); }},
      {"square", [](const array& z) { return real(square(z)) * imag(conjugate(z)); }},
      {"sign", [](const array& z) { return real(sign(z)) + 2 * imag(sign(z)); }},
      {"prod",
       [](const array& z) {
         return real(prod(concatenate({flatten(z), array({C(1, 2), C(0, 1)})})));
       }},
      {"matmul",
       [](const array& z) {
         return real(matmul(reshape(z, {1, 1}), array({C(1, 2), C(0, 1)}, Shape{1, 2})));
       }},
  };
  for (const auto& [name, fn] : functions) {
    SCOPED_TRACE(name);
    auto f = [&fn = fn](float x, float y) { return sum(fn(array(C(x, y)))).item<float>(); };
    array g = grad([&fn = fn](const array& z) { return sum(fn(z)); })(array(C(0.7f, -0.4f)));
    ASSERT_EQ(dtype_name(g.dtype()), "complex64");
    const float h = 1e-2f;
    EXPECT_NEAR(real(g).item<float>(), (f(0.7f + h, -0.4f) - f(0.7f - h, -0.4f)) / (2 * h), 3e-3);
    EXPECT_NEAR(imag(g).item<float>(), (f(0.7f, -0.4f + h) - f(0.7f, -0.4f - h)) / (2 * h), 3e-3);
  }
}

}  // namespace
}  // namespace ferrule::testing
