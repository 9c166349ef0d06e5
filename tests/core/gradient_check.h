// Gradients judged by central differences in float64.
#pragma once

#include <functional>

#include "testing.h"

namespace ferrule::testing {

using Fn = std::function<array(const std::vector<array>&)>;

// Distinct values from low to high, the same on every run.
inline std::vector<double> spread(size_t n, double low, double high, double phase) {
  std::vector<double> out(n);
  for (size_t i = 0; i < n; ++i) {
    double t = 0.6180339887498949 * static_cast<double>(i + 1) + phase;
    out[i] = low + (high - low) * (t - std::floor(t));
  }
  return out;
}

// One argument of a function under test: its shape, the range of its values, and how it lies in memory.
struct Arg {
  Shape shape;
  double low = -1, high = 1;
};

enum class Layout { contiguous, transposed, reversed };

inline array lay_out(const std::vector<double>& data, const Shape& shape, Layout layout) {
  array a = f64(data, shape);
  switch (layout) {
    case Layout::transposed:
      return transpose(contiguous(transpose(a)));
    case Layout::reversed:
      return flip(contiguous(flip(a)));
    default:
      return a;
  }
}

// The scalar that is differentiated: a sum of the outputs with weights of different size and sign.
inline array weighted_sum(const array& y) {
  array flat = flatten(y);
  return sum(flat * f64(spread(flat.size(), -1.5, 2, 0.37), flat.shape()));
}

struct GradientCheck {
  Fn fn;
  std::vector<Arg> args;
  Layout layout = Layout::contiguous;
  double step = 1e-5;
  double tolerance = 1e-6;

  std::vector<std::vector<double>> data() const {
    std::vector<std::vector<double>> out;
    for (size_t k = 0; k < args.size(); ++k) {
      size_t n = 1;
      for (int64_t extent : args[k].shape) n *= static_cast<size_t>(extent);
      out.push_back(spread(n, args[k].low, args[k].high, 0.1 + 0.23 * static_cast<double>(k)));
    }
    return out;
  }
  std::vector<array> arrays(const std::vector<std::vector<double>>& values) const {
    std::vector<array> out;
    for (size_t k = 0; k < args.size(); ++k) out.push_back(lay_out(values[k], args[k].shape, layout));
    return out;
  }
  ScalarFn loss() const {
    return [f = fn](const std::vector<array>& in) { return weighted_sum(f(in)); };
  }
  std::vector<int> argnums() const {
    std::vector<int> all;
    for (size_t k = 0; k < args.size(); ++k) all.push_back(static_cast<int>(k));
    return all;
  }

  // Compares the gradient of every element of every argument.
  void run(const std::string& what) const {
    SCOPED_TRACE(what);
    auto at = data();
    std::vector<array> analytic = grad(loss(), argnums())(arrays(at));
    ScalarFn f = loss();
    for (size_t k = 0; k < args.size(); ++k) {
      ASSERT_TRUE(analytic[k].shape() == args[k].shape) << to_string(analytic[k]);
      std::vector<double> got = values(analytic[k]);
      for (size_t i = 0; i < got.size(); ++i) {
        double x = at[k][i];
        at[k][i] = x + step;
        double above = f(arrays(at)).item<double>();
        at[k][i] = x - step;
        double below = f(arrays(at)).item<double>();
        at[k][i] = x;
        double want = (above - below) / (2 * step);
        EXPECT_NEAR(got[i], want, tolerance * std::max(1.0, std::abs(want))) << "argument " << k << ", element " << i;
      }
    }
  }

  // The same for the gradient itself as the function.
  void run_second_order(const std::string& what) const {
    GradientCheck second = *this;
    second.fn = [g = grad(loss(), argnums())](const std::vector<array>& in) { return concatenate(g(in)); };
    second.run(what + ", second order");
  }
};

}  // namespace ferrule::testing
