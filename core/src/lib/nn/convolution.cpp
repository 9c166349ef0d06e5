// Convolutions and pooling.
#include <cmath>
#include <limits>

#include "ferrule/nn/layers.h"
#include "ferrule/ops.h"
#include "ferrule/random.h"
#include "ferrule/transforms.h"
#include "lib/nn/require.h"
#include "lib/nn/scalar.h"

namespace ferrule::nn {

using detail::require_positive;
using detail::require_that;

namespace {

// Channels per group, after checking all sizes of a convolution.
int group_channels(const char* op, int in_channels, int out_channels, Pair kernel, int groups) {
  require_positive(op, "in_channels", in_channels);
  require_positive(op, "out_channels", out_channels);
  require_positive(op, "kernel_size", std::min(kernel.first, kernel.second));
  require_positive(op, "groups", groups);
  require_that(in_channels % groups == 0, op, "in_channels", in_channels, "a multiple of groups");
  return in_channels / groups;
}

array initial_weight(Shape shape) {
  double inputs = 1;
  for (size_t i = 1; i < shape.size(); ++i) inputs *= static_cast<double>(shape[i]);
  double scale = std::sqrt(1.0 / inputs);
  return random::uniform(-scale, scale, shape);
}

void check_pool(const char* op, Pair kernel, Pair stride, Pair padding) {
  require_positive(op, "kernel_size", std::min(kernel.first, kernel.second));
  require_positive(op, "stride", std::min(stride.first, stride.second));
  require_that(std::min(padding.first, padding.second) >= 0, op, "padding", std::min(padding.first, padding.second),
               "0 or more");
}

struct Windows {
  array values;
  std::vector<int> axes;  // of the window
};

// Windows of [N, H, W, C] as two more axes.
Windows windows(const char* op, const array& input, Pair kernel, Pair stride, Pair padding, double padding_value) {
  if (input.ndim() != 4) {
    throw error(ErrorCode::invalid_argument,
                fmt::format("[{}] got shape ({}); expected [N, H, W, C]", op, fmt::join(input.shape(), ", ")));
  }
  array x = input;
  if (padding.first > 0 || padding.second > 0) {
    x = pad(x, {{0, 0}, {padding.first, padding.first}, {padding.second, padding.second}, {0, 0}},
            array(padding_value, x.dtype()));
  }
  int64_t n = x.shape(0), h = x.shape(1), w = x.shape(2), c = x.shape(3);
  if (h < kernel.first || w < kernel.second) {
    throw error(ErrorCode::invalid_argument,
                fmt::format("[{}] got shape ({}); expected height and width of at least the kernel's {} x {}", op,
                            fmt::join(input.shape(), ", "), kernel.first, kernel.second));
  }
  bool disjoint = kernel.first == stride.first && kernel.second == stride.second;
  if (disjoint) {
    // What does not fill a window is dropped.
    int64_t rows = h / kernel.first, columns = w / kernel.second;
    if (rows * kernel.first != h || columns * kernel.second != w) {
      x = slice(x, {0, 0, 0, 0}, {n, rows * kernel.first, columns * kernel.second, c});
    }
    return {reshape(x, {n, rows, kernel.first, columns, kernel.second, c}), {2, 4}};
  }
  x = contiguous(x);
  int64_t rows = (h - kernel.first) / stride.first + 1, columns = (w - kernel.second) / stride.second + 1;
  return {as_strided(x, {n, rows, columns, kernel.first, kernel.second, c},
                     {h * w * c, stride.first * w * c, stride.second * c, w * c, c, 1}, 0),
          {3, 4}};
}

// Windows of up to so many elements are pooled by elementwise operations, which fuse; a reduction over so few elements
// spends its time on bookkeeping.
constexpr int kMaxElementwiseWindow = 9;

// The windows' elements, one array for each place within the window; the window axes have extent 1.
std::vector<array> places(const array& values, const std::vector<int>& axes) {
  std::vector<array> out;
  auto row = static_cast<size_t>(axes[0]), column = static_cast<size_t>(axes[1]);
  Shape start(values.shape().size(), 0), stop = values.shape();
  for (int64_t i = 0; i < values.shape(axes[0]); ++i) {
    for (int64_t j = 0; j < values.shape(axes[1]); ++j) {
      start[row] = i;
      stop[row] = i + 1;
      start[column] = j;
      stop[column] = j + 1;
      out.push_back(slice(values, start, stop));
    }
  }
  return out;
}

// max(values, axes) with the gradient of a max reduction: shared equally by the elements that are the maximum.
array elementwise_max(const array& values, const std::vector<int>& axes) {
  auto forward = [axes](const std::vector<array>& in) {
    std::vector<array> parts = places(in[0], axes);
    array y = parts[0];
    for (size_t i = 1; i < parts.size(); ++i) y = maximum(y, parts[i]);
    return std::vector<array>{y};
  };
  auto backward = [axes](const std::vector<array>& in, const std::vector<array>& cotangents,
                         const std::vector<array>& outputs) {
    const array &x = in[0], &y = outputs[0], &g = cotangents[0];
    std::vector<array> parts = places(x, axes);
    array count = astype(equal(parts[0], y), x.dtype());
    for (size_t i = 1; i < parts.size(); ++i) count = count + astype(equal(parts[i], y), x.dtype());
    return std::vector<array>{where(equal(x, y), g / count, array(0, x.dtype()))};
  };
  return squeeze(custom_vjp(forward, backward)({values})[0], axes);
}

}  // namespace

Conv1d::Conv1d(int in_channels, int out_channels, int kernel_size, int stride, int padding, int dilation, int groups,
               bool with_bias)
    : weight(initial_weight(
          {out_channels, kernel_size, group_channels("Conv1d", in_channels, out_channels, kernel_size, groups)})),
      stride_(stride),
      padding_(padding),
      dilation_(dilation),
      groups_(groups) {
  add_parameter("weight", weight);
  if (with_bias) {
    bias = zeros({out_channels});
    add_parameter("bias", *bias);
  }
}

array Conv1d::forward(const array& x) {
  array y = conv1d(x, weight, stride_, padding_, dilation_, groups_);
  return bias ? y + *bias : y;
}

Conv2d::Conv2d(int in_channels, int out_channels, Pair kernel_size, Pair stride, Pair padding, Pair dilation,
               int groups, bool with_bias)
    : weight(initial_weight({out_channels, kernel_size.first, kernel_size.second,
                             group_channels("Conv2d", in_channels, out_channels, kernel_size, groups)})),
      stride_(stride),
      padding_(padding),
      dilation_(dilation),
      groups_(groups) {
  add_parameter("weight", weight);
  if (with_bias) {
    bias = zeros({out_channels});
    add_parameter("bias", *bias);
  }
}

array Conv2d::forward(const array& x) {
  array y = conv2d(x, weight, {stride_.first, stride_.second}, {padding_.first, padding_.second},
                   {dilation_.first, dilation_.second}, groups_);
  return bias ? y + *bias : y;
}

MaxPool2d::MaxPool2d(Pair kernel_size, std::optional<Pair> stride, Pair padding)
    : kernel_(kernel_size), stride_(stride.value_or(kernel_size)), padding_(padding) {
  check_pool("MaxPool2d", kernel_, stride_, padding_);
}

array MaxPool2d::forward(const array& x) {
  auto [values, axes] = windows("MaxPool2d", x, kernel_, stride_, padding_, -std::numeric_limits<double>::infinity());
  bool small = kernel_.first * kernel_.second <= kMaxElementwiseWindow;
  return small ? elementwise_max(values, axes) : max(values, axes);
}

AvgPool2d::AvgPool2d(Pair kernel_size, std::optional<Pair> stride, Pair padding)
    : kernel_(kernel_size), stride_(stride.value_or(kernel_size)), padding_(padding) {
  check_pool("AvgPool2d", kernel_, stride_, padding_);
}

array AvgPool2d::forward(const array& x) {
  auto [values, axes] = windows("AvgPool2d", x, kernel_, stride_, padding_, 0.0);
  return mean(values, axes);
}

}  // namespace ferrule::nn
