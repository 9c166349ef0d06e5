// Reference of softmax, logsumexp, the norms and their gradients, with propagated bounds.
#include <cmath>
#include <limits>

#include "lines.h"
#include "reference.h"

namespace ferrule::conformance {
namespace {

constexpr Real kInf = std::numeric_limits<Real>::infinity();
constexpr Real kNan = std::numeric_limits<Real>::quiet_NaN();

Real terms_factor(int64_t k) { return std::max(Real{8}, std::sqrt(static_cast<Real>(k))); }

Want within(Real value, Real slack, Real ulps = 1) {
  return Want{.value = {value, 0}, .ulps = ulps, .slack = std::isfinite(slack) ? slack : 0, .any_zero_sign = true};
}

// Statistics of one row of a norm.
struct Row {
  Real mean = 0, r = 0, delta = 0;  // r = rsqrt(mean square or variance + eps); delta: the error of the mean
};

Row statistics(const Tensor& x, int64_t first, int64_t d, float eps, bool centred) {
  Row row;
  Real sum = 0, magnitude = 0, squares = 0;
  for (int64_t i = 0; i < d; ++i) {
    sum += x.at(first + i).re;
    magnitude += std::fabs(x.at(first + i).re);
  }
  const auto n = static_cast<Real>(d);
  if (centred) {
    row.mean = sum / n;
    row.delta = terms_factor(d) * unit_roundoff(x.dtype) * magnitude / n;
  }
  for (int64_t i = 0; i < d; ++i) {
    const Real c = x.at(first + i).re - row.mean;
    squares += c * c;
  }
  row.r = 1 / std::sqrt(squares / n + static_cast<Real>(eps));
  return row;
}

Wants want_norm(const Tensor& x, const Tensor* weight, const Tensor* bias, float eps, bool centred) {
  const int64_t d = x.shape.back(), rows = x.size() / d;
  const Real u = unit_roundoff(x.dtype), factor = terms_factor(d) + 8;
  Wants wants;
  for (int64_t row = 0; row < rows; ++row) {
    const Row s = statistics(x, row * d, d, eps, centred);
    for (int64_t i = 0; i < d; ++i) {
      const Real w = weight ? weight->at(i).re : 1, b = bias ? bias->at(i).re : 0;
      const Real c = x.at(row * d + i).re - s.mean, dev = std::fabs(c);
      const Real slack = std::fabs(w) * s.r * (s.delta + u * factor * dev + dev * s.delta * s.delta * s.r * s.r) +
                         8 * u * std::fabs(b);
      wants.push_back(within(c * s.r * w + b, slack));
    }
  }
  return wants;
}

// gx, gweight and gbias of a norm.
std::vector<Wants> want_norm_vjp(const Tensor& x, const Tensor* weight, const Tensor& g, float eps, bool centred) {
  const int64_t d = x.shape.back(), rows = x.size() / d;
  const Real u = unit_roundoff(x.dtype), n = static_cast<Real>(d);
  const Real row_factor = terms_factor(d) + 24, column_factor = terms_factor(rows) + terms_factor(d) + 24;
  Wants gx;
  std::vector<Real> gw(static_cast<size_t>(d)), gw_slack(gw), gb(gw), gb_slack(gw);
  for (int64_t row = 0; row < rows; ++row) {
    const Row s = statistics(x, row * d, d, eps, centred);
    Real mean_g = 0, mean_gx = 0, abs_g = 0, abs_gx = 0;
    const auto normal = [&](int64_t i) { return (x.at(row * d + i).re - s.mean) * s.r; };
    const auto weighted = [&](int64_t i) { return g.at(row * d + i).re * (weight ? weight->at(i).re : 1); };
    for (int64_t i = 0; i < d; ++i) {
      mean_g += weighted(i) / n;
      mean_gx += weighted(i) * normal(i) / n;
      abs_g += std::fabs(weighted(i)) / n;
      abs_gx += std::fabs(weighted(i) * normal(i)) / n;
    }
    if (!centred) mean_g = 0;
    for (int64_t i = 0; i < d; ++i) {
      const auto at = static_cast<size_t>(i);
      const Real h = normal(i), gi = g.at(row * d + i).re;
      const Real shift = s.delta * s.r * (1 + std::fabs(h) * s.delta * s.r);  // the error of h that the mean causes
      const Real terms = std::fabs(weighted(i)) + abs_g + std::fabs(h) * abs_gx;
      gx.push_back(within(s.r * (weighted(i) - mean_g - h * mean_gx),
                          s.r * (u * row_factor * terms + shift * (abs_gx + std::fabs(h) * abs_g))));
      gw[at] += gi * h;
      gw_slack[at] += std::fabs(gi) * (u * column_factor * std::fabs(h) + shift);
      gb[at] += gi;
      gb_slack[at] += u * terms_factor(rows) * std::fabs(gi);
    }
  }
  std::vector<Wants> all{gx, {}, {}};
  for (size_t i = 0; i < gw.size(); ++i) {
    all[1].push_back(within(gw[i], gw_slack[i]));
    all[2].push_back(within(gb[i], gb_slack[i]));
  }
  return all;
}

}  // namespace

Wants want_softmax(const Tensor& x, int axis, bool precise) {
  Wants wants(static_cast<size_t>(x.size()));
  const Real u = unit_roundoff(x.dtype), ulps = !precise && is_half(x.dtype) ? 3 : 1;
  for_each_line(x.shape, axis, [&](int64_t first, int64_t step, int64_t n, int64_t) {
    Real high = -kInf, sum = 0;
    bool nan = false;
    for (int64_t i = 0; i < n; ++i) {
      const Real v = x.at(first + i * step).re;
      nan = nan || std::isnan(v);
      high = std::max(high, v);
    }
    nan = nan || std::isinf(high);
    for (int64_t i = 0; i < n && !nan; ++i) sum += std::exp(x.at(first + i * step).re - high);
    for (int64_t i = 0; i < n; ++i) {
      const Real distance = x.at(first + i * step).re - high, y = nan ? kNan : std::exp(distance) / sum;
      wants[static_cast<size_t>(first + i * step)] =
          within(y, y > 0 ? y * u * (std::fabs(distance) + terms_factor(n) + 16) : 0, ulps);
    }
  });
  return wants;
}

Wants want_logsumexp(const Tensor& x, int axis) {
  Wants wants;
  const Real u = unit_roundoff(x.dtype);
  for_each_line(x.shape, axis, [&](int64_t first, int64_t step, int64_t n, int64_t) {
    Real high = -kInf, sum = 0;
    bool nan = false;
    for (int64_t i = 0; i < n; ++i) {
      const Real v = x.at(first + i * step).re;
      nan = nan || std::isnan(v);
      high = std::max(high, v);
    }
    for (int64_t i = 0; i < n && std::isfinite(high); ++i) sum += std::exp(x.at(first + i * step).re - high);
    const Real y = nan ? kNan : std::isinf(high) ? high : high + std::log(sum);
    wants.push_back(within(y, std::isfinite(y) ? u * (std::fabs(high) + std::fabs(y) + terms_factor(n) + 16) : 0));
  });
  return wants;
}

Wants want_rms_norm(const Tensor& x, const Tensor* weight, float eps) {
  return want_norm(x, weight, nullptr, eps, false);
}
Wants want_layer_norm(const Tensor& x, const Tensor* weight, const Tensor* bias, float eps) {
  return want_norm(x, weight, bias, eps, true);
}
std::vector<Wants> want_rms_norm_vjp(const Tensor& x, const Tensor* weight, const Tensor& g, float eps) {
  auto all = want_norm_vjp(x, weight, g, eps, false);
  all.pop_back();
  return all;
}
std::vector<Wants> want_layer_norm_vjp(const Tensor& x, const Tensor* weight, const Tensor& g, float eps) {
  return want_norm_vjp(x, weight, g, eps, true);
}

}  // namespace ferrule::conformance
