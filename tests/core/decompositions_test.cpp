// What a primitive says it equals in terms of other ops has its values, so that backends without a kernel agree.
#include <algorithm>
#include <limits>

#include "ferrule/fast.h"
#include "ferrule/primitive.h"
#include "gradient_check.h"

namespace ferrule::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The node behind y, through views that an op put on top of its kernel.
array kernel_node(array y) {
  const std::vector<std::string> views{"Reshape", "Transpose"};
  while (std::find(views.begin(), views.end(), y.primitive().name()) != views.end()) {
    array next = y.inputs()[0];
    y = next;
  }
  return y;
}

void expect_decomposition(const array& result, const std::string& name, double tolerance = 1e-12) {
  SCOPED_TRACE(name);
  array y = kernel_node(result);
  ASSERT_EQ(y.primitive().name(), name);
  std::vector<array> parts = y.primitive().decompose(y.inputs());
  std::vector<array> outputs = y.outputs();
  ASSERT_EQ(parts.size(), outputs.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    ASSERT_TRUE(parts[i].shape() == outputs[i].shape()) << to_string(parts[i]);
    EXPECT_EQ(dtype_name(parts[i].dtype()), dtype_name(outputs[i].dtype()));
    expect_values(parts[i], values(outputs[i]), tolerance);
  }
}

array data(const Shape& shape, double low = -2, double high = 2, double phase = 0.1) {
  size_t n = 1;
  for (int64_t extent : shape) n *= static_cast<size_t>(extent);
  return f64(spread(n, low, high, phase), shape);
}

TEST(Decomposition, OfElementwiseOpsEqualsTheKernel) {
  array x = data({2, 4}), y = data({2, 4}, -2, 2, 0.5), p = data({2, 4}, 0.5, 3);
  array odd = array({-0.0, kInfinity, -kInfinity, std::nan(""), 710.0, -745.0, 0.0, 1e-300}, float64);
  expect_decomposition(negative(odd), "negative");
  expect_decomposition(square(x), "square");
  expect_decomposition(rsqrt(p), "rsqrt");
  expect_decomposition(log2(p), "log2");
  expect_decomposition(log10(p), "log10");
  expect_decomposition(tan(x), "tan");
  expect_decomposition(sigmoid(odd), "sigmoid");
  expect_decomposition(logical_not(x > 0), "logical_not");
  expect_decomposition(floor_divide(x, y), "floor_divide");
  expect_decomposition(maximum(odd, array(0.5, float64)), "maximum");
  expect_decomposition(minimum(array(0.5, float64), odd), "minimum");
  expect_decomposition(logaddexp(x, y), "logaddexp");
  expect_decomposition(logaddexp(odd, flip(odd)), "logaddexp");
  expect_decomposition(logaddexp(odd, odd), "logaddexp");
  expect_decomposition(not_equal(odd, odd), "not_equal");
  expect_decomposition(greater(odd, flip(odd)), "greater");
  expect_decomposition(greater_equal(x, y), "greater_equal");
  expect_decomposition(logical_and(x > 0, y > 0), "logical_and");
  expect_decomposition(logical_or(x > 0, y > 0), "logical_or");
}

TEST(Decomposition, OfRowOpsEqualsTheKernel) {
  array x = data({3, 4});
  array rows = array({1.0, kInfinity, -kInfinity, -kInfinity, 1000.0, 999.0}, {3, 2}, float64);
  expect_decomposition(softmax(x, 0), "softmax");
  expect_decomposition(softmax(rows, 1), "softmax");
  expect_decomposition(logsumexp(x, 1), "logsumexp");
  expect_decomposition(logsumexp(rows, 1), "logsumexp");
  expect_decomposition(all(x > -1, 0), "reduce_and");
  expect_decomposition(any(x > 1, 1), "reduce_or");
  expect_decomposition(all(zeros({0, 2}) > 0, 0), "reduce_and");
  expect_decomposition(any(zeros({0, 2}) > 0, 0), "reduce_or");
  array w = data({4}), b = data({4}, -1, 1);
  expect_decomposition(fast::rms_norm(x, w, 1e-3f), "rms_norm");
  expect_decomposition(fast::layer_norm(x, w, b, 1e-3f), "layer_norm");
  expect_decomposition(fast::layer_norm(x, std::nullopt, std::nullopt, 1e-3f), "layer_norm");
}

TEST(Decomposition, OfProductsEqualsTheKernel) {
  expect_decomposition(addmm(data({3}), data({2, 4}), data({4, 3}), 0.5f, 2.0f), "addmm");
  expect_decomposition(addmm(data({3}), data({2, 4}), data({4, 3}), 0.5f, 0.0f), "addmm");
}

TEST(Decomposition, OfIndexingEqualsTheKernel) {
  array x = data({3, 4}), index = array({0, 3, -1, 1, 0, 2}, {3, 2});
  expect_decomposition(take_along_axis(x, index, 1), "gather_axis");
  expect_decomposition(put_along_axis(x, index, data({3, 2}), 1), "scatter_axis");
  expect_decomposition(scatter_add_axis(x, index, data({3, 2}), 1), "scatter_axis");
  expect_decomposition(masked_scatter(x, x > 0, data({4})), "masked_scatter");
  expect_decomposition(pad(x, {{1, 0}, {2, 3}}, array(7.0, float64)), "pad");
  expect_decomposition(sort(x, 0), "sort");
}

// The gradient nodes of y = conv(x, w) for a cotangent of ones.
void expect_conv_gradients(const array& y, bool weight_too) {
  array node = kernel_node(y);
  array g = data(node.shape(), -1, 1, 0.7);
  std::vector<array> grads = node.primitive().vjp(node.inputs(), {g}, {0, 1}, {node});
  expect_decomposition(grads[0], "conv_input_grad", 1e-10);
  if (weight_too) expect_decomposition(grads[1], "conv_weight_grad", 1e-10);
}

TEST(Decomposition, OfConvolutionGradientsEqualsTheKernel) {
  expect_conv_gradients(conv1d(data({2, 7, 2}), data({3, 2, 2}), 2, 1), true);
  expect_conv_gradients(conv2d(data({1, 6, 5, 2}), data({2, 2, 3, 2}), {2, 1}, {1, 0}, {1, 2}), true);
  expect_conv_gradients(conv2d(data({1, 4, 4, 4}), data({6, 2, 2, 2}), {1, 1}, {0, 1}, {1, 1}, 2), false);
  expect_conv_gradients(conv_general(data({1, 4, 1}), data({2, 3, 1}), {2}, {1}, {2}, {1}, {2}, 1, true), true);
  expect_conv_gradients(conv3d(data({1, 3, 3, 2, 1}), data({2, 2, 2, 1, 1})), true);
}

TEST(Decomposition, OfNormGradientsEqualsTheKernel) {
  array x = data({3, 4}), w = data({4}), b = data({4}, -1, 1), g = data({3, 4}, -1, 1, 0.7);
  array rms = fast::rms_norm(x, w, 1e-3f), layer = fast::layer_norm(x, w, b, 1e-3f);
  expect_decomposition(rms.primitive().vjp(rms.inputs(), {g}, {0}, {rms})[0], "rms_norm_vjp", 1e-10);
  expect_decomposition(layer.primitive().vjp(layer.inputs(), {g}, {0}, {layer})[0], "layer_norm_vjp", 1e-10);
}

}  // namespace
}  // namespace ferrule::testing
