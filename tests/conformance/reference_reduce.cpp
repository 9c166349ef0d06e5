// Reference of reductions, argument searches and scans.
#include <cmath>
#include <complex>
#include <limits>

#include "lines.h"
#include "reference.h"

namespace ferrule::conformance {
namespace {

using Complex = std::complex<Real>;
constexpr Real kInf = std::numeric_limits<Real>::infinity();

Real terms_factor(int64_t k) { return std::max(Real{8}, std::sqrt(static_cast<Real>(k))); }

enum class Rule { SUM, PROD, MAX, MIN, AND, OR };

// Folds values one after the other and says what the result must be after each.
class Fold {
 public:
  Fold(Rule rule, uint32_t in, uint32_t out) : rule_(rule), in_(in), out_(out) {
    const bool maximum = rule == Rule::MAX;
    switch (rule) {
      case Rule::PROD:
        complex_ = 1;
        integer_ = 1;
        break;
      case Rule::AND:
        integer_ = 1;
        break;
      case Rule::MAX:
      case Rule::MIN:
        if (is_inexact(in))
          extreme_ = maximum ? Value{-kInf, is_complex(in) ? -kInf : 0} : Value{kInf, is_complex(in) ? kInf : 0};
        else
          extreme_ = {maximum ? int_min(in) : int_max(in), 0};
        break;
      default:
        break;
    }
  }

  void add(const Value& v) {
    ++terms_;
    const auto n = is_inexact(in_) ? 0 : static_cast<__int128>(v.re);
    const Complex z(v.re, is_complex(in_) ? v.im : 0);
    switch (rule_) {
      case Rule::SUM:
        integer_ += static_cast<uint64_t>(n);
        if (is_complex(in_))
          complex_ += z;
        else
          complex_ = complex_.real() + v.re;
        magnitude_ += std::abs(z);
        break;
      case Rule::PROD:
        integer_ *= static_cast<uint64_t>(n);
        if (is_complex(in_))
          complex_ *= z;
        else
          complex_ = complex_.real() * v.re;
        break;
      case Rule::MAX:
      case Rule::MIN:
        extreme_ = pick_extreme(in_, rule_ == Rule::MAX, extreme_, v);
        break;
      case Rule::AND:
        integer_ &= static_cast<uint64_t>(n);
        break;
      case Rule::OR:
        integer_ |= static_cast<uint64_t>(n);
        break;
    }
  }

  Want want() const {
    if (rule_ == Rule::MAX || rule_ == Rule::MIN) {
      Want w = Want::exact(extreme_);
      w.any_zero_sign = true;
      w.not_finite = is_complex(in_) && has_nan(in_, extreme_);
      return w;
    }
    if (!is_inexact(in_)) {
      if (rule_ == Rule::AND || rule_ == Rule::OR) return Want::exact(static_cast<Real>(integer_));
      return Want::exact(wrap(out_, static_cast<__int128>(integer_)));
    }
    Want w{.value = {complex_.real(), complex_.imag()}, .ulps = 1, .any_zero_sign = true};
    const Real u = unit_roundoff(in_) * (is_complex(in_) ? 2 : 1);
    w.slack = rule_ == Rule::SUM ? terms_factor(terms_) * u * magnitude_
                                 : std::max(Real{8}, static_cast<Real>(terms_)) * u * std::abs(complex_) * 2;
    if (rule_ == Rule::PROD && !is_complex(in_)) w.slack /= 2;
    if (!std::isfinite(w.slack)) w.slack = 0;
    if (is_complex(in_) && !(std::isfinite(complex_.real()) && std::isfinite(complex_.imag()))) w.not_finite = true;
    return w;
  }

 private:
  Rule rule_;
  uint32_t in_, out_;
  Complex complex_ = 0;
  Real magnitude_ = 0;
  uint64_t integer_ = 0;
  Value extreme_;
  int64_t terms_ = 0;
};

Rule rule_of(uint32_t code) {
  switch (code) {
    case FRL_OP_reduce_prod:
    case FRL_OP_cumprod:
      return Rule::PROD;
    case FRL_OP_reduce_max:
    case FRL_OP_cummax:
      return Rule::MAX;
    case FRL_OP_reduce_min:
    case FRL_OP_cummin:
      return Rule::MIN;
    case FRL_OP_reduce_and:
      return Rule::AND;
    case FRL_OP_reduce_or:
      return Rule::OR;
    default:
      return Rule::SUM;
  }
}

// log(sum(exp)) of a growing list, with the bound of docs/numerics.md.
class LogSum {
 public:
  explicit LogSum(uint32_t dtype) : dtype_(dtype) {}
  void add(Real x) {
    ++terms_;
    if (std::isnan(x) || std::isnan(value_))
      value_ = std::numeric_limits<Real>::quiet_NaN();
    else if (x == kInf || value_ == kInf)
      value_ = kInf;
    else if (x != -kInf) {
      const Real high = std::max(value_, x), low = std::min(value_, x);
      value_ = high + (low == -kInf ? 0 : std::log1p(std::exp(low - high)));
    }
    if (std::isfinite(x)) largest_ = std::max(largest_, std::fabs(x));
  }
  Want want() const {
    Want w{.value = {value_, 0}, .ulps = 1, .any_zero_sign = true};
    if (std::isfinite(value_))
      w.slack = unit_roundoff(dtype_) * terms_factor(terms_) * (largest_ + std::fabs(value_) + 2);
    return w;
  }

 private:
  uint32_t dtype_;
  Real value_ = -kInf, largest_ = 0;
  int64_t terms_ = 0;
};

}  // namespace

Wants want_reduce(const Op& op, const Tensor& x, uint32_t axes, uint32_t out_dtype) {
  Shape out_shape = x.shape;
  for (size_t i = 0; i < out_shape.size(); ++i)
    if ((axes >> i) & 1u) out_shape[i] = 1;
  const Shape out_strides = row_major(out_shape);
  std::vector<Fold> folds(static_cast<size_t>(count(out_shape)), Fold(rule_of(op.code), x.dtype, out_dtype));
  if (x.size() > 0) {
    Shape index(x.shape.size(), 0);
    int64_t i = 0;
    do {
      int64_t to = 0;
      for (size_t a = 0; a < index.size(); ++a)
        if (!((axes >> a) & 1u)) to += index[a] * out_strides[a];
      folds[static_cast<size_t>(to)].add(x.at(i++));
    } while (next_index(index, x.shape));
  }
  Wants wants;
  for (const Fold& fold : folds) wants.push_back(fold.want());
  return wants;
}

Wants want_arg_reduce(const Op& op, const Tensor& x, int axis) {
  Wants wants;
  for_each_line(x.shape, axis, [&](int64_t first, int64_t step, int64_t n, int64_t) {
    int64_t best = 0;
    for (int64_t i = 1; i < n; ++i) {
      const Value leader = x.at(first + best * step), v = x.at(first + i * step);
      if (has_nan(x.dtype, leader)) break;
      if (has_nan(x.dtype, v) || (op.code == FRL_OP_argmax ? less(x.dtype, leader, v) : less(x.dtype, v, leader)))
        best = i;
    }
    wants.push_back(Want::exact(static_cast<Real>(best)));
  });
  return wants;
}

Wants want_scan(const Op& op, const Tensor& x, const frl_scan_attrs& attrs) {
  Wants wants(static_cast<size_t>(x.size()));
  for_each_line(x.shape, attrs.axis, [&](int64_t first, int64_t step, int64_t n, int64_t) {
    Fold fold(rule_of(op.code), x.dtype, x.dtype);
    LogSum log_sum(x.dtype);
    for (int64_t k = 0; k < n; ++k) {
      const int64_t at = first + (attrs.reverse ? n - 1 - k : k) * step;
      const Value v = x.at(at);
      Want& want = wants[static_cast<size_t>(at)];
      if (attrs.exclusive) want = op.code == FRL_OP_logcumsumexp ? log_sum.want() : fold.want();
      if (op.code == FRL_OP_logcumsumexp)
        log_sum.add(v.re);
      else
        fold.add(v);
      if (!attrs.exclusive) want = op.code == FRL_OP_logcumsumexp ? log_sum.want() : fold.want();
    }
  });
  return wants;
}

}  // namespace ferrule::conformance
