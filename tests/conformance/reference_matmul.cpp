// Reference of matrix products and convolutions.
#include <cmath>
#include <complex>

#include "reference.h"

namespace ferrule::conformance {
namespace {

using Complex = std::complex<Real>;

Complex as_complex(uint32_t dtype, const Value& v) { return {v.re, is_complex(dtype) ? v.im : 0}; }

// A sum of products with what the bound needs.
struct Sum {
  Complex value = 0;
  Real magnitude = 0;
  int64_t terms = 0;

  void add(uint32_t dtype, const Value& x, const Value& y) {
    const Complex a = as_complex(dtype, x), b = as_complex(dtype, y);
    if (is_complex(dtype))
      value += a * b;
    else
      value = value.real() + x.re * y.re;
    magnitude += std::abs(a) * std::abs(b);
    ++terms;
  }
  Want want(uint32_t dtype) const {
    Want w{.value = {value.real(), value.imag()}, .ulps = 1, .any_zero_sign = true};
    const Real u = unit_roundoff(dtype) * (is_complex(dtype) ? 2 : 1);
    w.slack = std::max(Real{8}, std::sqrt(static_cast<Real>(terms))) * u * magnitude;
    if (!std::isfinite(w.slack)) w.slack = 0;
    return w;
  }
};

}  // namespace

Wants want_matmul(const Tensor* c, const Tensor& a, const Tensor& b, Real alpha, Real beta) {
  const size_t rank = a.shape.size();
  const int64_t m = a.shape[rank - 2], k = a.shape[rank - 1], n = b.shape[rank - 1];
  int64_t batch = 1;
  for (size_t i = 0; i + 2 < rank; ++i) batch *= a.shape[i];
  std::vector<Real> left, right;  // loaded once: most of the time goes into this loop
  if (!is_complex(a.dtype)) {
    left.reserve(static_cast<size_t>(a.size()));
    right.reserve(static_cast<size_t>(b.size()));
    for (int64_t i = 0; i < a.size(); ++i) left.push_back(a.at(i).re);
    for (int64_t i = 0; i < b.size(); ++i) right.push_back(b.at(i).re);
  }
  Wants wants;
  for (int64_t p = 0; p < batch; ++p)
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        Sum sum;
        if (is_complex(a.dtype)) {
          for (int64_t l = 0; l < k; ++l) sum.add(a.dtype, a.at((p * m + i) * k + l), b.at((p * k + l) * n + j));
        } else {
          Real value = 0, magnitude = 0;
          for (int64_t l = 0; l < k; ++l) {
            const Real product =
                left[static_cast<size_t>((p * m + i) * k + l)] * right[static_cast<size_t>((p * k + l) * n + j)];
            value += product;
            magnitude += std::fabs(product);
          }
          sum.value = value;
          sum.magnitude = magnitude;
          sum.terms = k;
        }
        if (c) {
          sum.value = is_complex(a.dtype) ? sum.value * alpha : Complex(sum.value.real() * alpha, 0);
          sum.magnitude *= std::fabs(alpha);
          if (beta != 0) sum.add(a.dtype, c->at((p * m + i) * n + j), Value{beta, 0});
        }
        wants.push_back(sum.want(a.dtype));
      }
  return wants;
}

// Visits every (x element, w element, y element) triple that takes part in the forward convolution.
Wants want_conv(const Op& op, const Tensor& first, const Tensor& second, const frl_conv_attrs& at,
                const Shape& out_shape) {
  const size_t n = at.n_spatial;
  const bool forward = op.code == FRL_OP_conv, input_grad = op.code == FRL_OP_conv_input_grad;
  const Shape& x_shape = input_grad ? out_shape : first.shape;
  const Shape& w_shape = forward || input_grad ? second.shape : out_shape;
  const Shape& y_shape = forward ? out_shape : input_grad ? first.shape : second.shape;
  std::vector<Sum> sums(static_cast<size_t>(count(out_shape)));
  const int64_t groups = at.groups, channels = w_shape[n + 1], per_group = w_shape[0] / groups;
  const Shape x_strides = row_major(x_shape), w_strides = row_major(w_shape), y_strides = row_major(y_shape);
  Shape kernel_shape(w_shape.begin() + 1, w_shape.begin() + 1 + static_cast<int64_t>(n));
  if (count(y_shape) == 0 || count(w_shape) == 0) {
    Wants none;
    for (const Sum& s : sums) none.push_back(s.want(first.dtype));
    return none;
  }
  Shape y(y_shape.size(), 0);
  int64_t y_at = 0;
  do {
    const int64_t o = y.back(), group = o / per_group;
    Shape k(n, 0);
    do {
      int64_t x_base = y[0] * x_strides[0], w_base = o * w_strides[0];
      bool inside = true;
      for (size_t d = 0; d < n && inside; ++d) {
        const int64_t tap = at.flip ? kernel_shape[d] - 1 - k[d] : k[d];
        const int64_t dilated = y[d + 1] * at.stride[d] + k[d] * at.kernel_dilation[d] - at.pad_lo[d];
        inside = dilated >= 0 && dilated % at.input_dilation[d] == 0 && dilated / at.input_dilation[d] < x_shape[d + 1];
        x_base += dilated / at.input_dilation[d] * x_strides[d + 1];
        w_base += tap * w_strides[d + 1];
      }
      if (inside)
        for (int64_t c = 0; c < channels; ++c) {
          const int64_t x_at = x_base + group * channels + c, w_at = w_base + c;
          if (forward)
            sums[static_cast<size_t>(y_at)].add(first.dtype, first.at(x_at), second.at(w_at));
          else if (input_grad)
            sums[static_cast<size_t>(x_at)].add(first.dtype, first.at(y_at), second.at(w_at));
          else
            sums[static_cast<size_t>(w_at)].add(first.dtype, first.at(x_at), second.at(y_at));
        }
    } while (next_index(k, kernel_shape));
    ++y_at;
  } while (next_index(y, y_shape));
  Wants wants;
  for (const Sum& s : sums) wants.push_back(s.want(first.dtype));
  return wants;
}

}  // namespace ferrule::conformance
