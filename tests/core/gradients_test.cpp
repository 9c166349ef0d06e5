// Gradients of reductions, shapes, indexing, order, products, convolutions and norms, first and second order.
#include "ferrule/fast.h"
#include "gradient_check.h"

namespace ferrule::testing {
namespace {

using In = std::vector<array>;

struct Case {
  const char* name;
  Fn fn;
  std::vector<Arg> args;
  friend void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }
};

array ints(std::initializer_list<int> v) { return array(v); }

const std::vector<Case> kCases = {
    // reductions
    {"sum", [](const In& in) { return sum(in[0], {0, 2}); }, {{{2, 3, 2}}}},
    {"sum_all_keepdims", [](const In& in) { return sum(in[0], true) * in[0]; }, {{{2, 3}}}},
    {"prod", [](const In& in) { return prod(in[0], {0, 2}, true); }, {{{2, 2, 2}, 0.5, 2}}},
    {"prod_with_zero", [](const In& in) { return prod(concatenate({in[0], array({0.0, 1.0}, float64)})); }, {{{3}, 0.5, 2}}},
    {"max", [](const In& in) { return max(in[0], 1); }, {{{3, 4}}}},
    {"min", [](const In& in) { return min(in[0]); }, {{{3, 4}}}},
    {"mean", [](const In& in) { return square(mean(in[0], {0, -1})); }, {{{2, 3, 2}}}},
    {"var", [](const In& in) { return var(in[0], 1, false, 1); }, {{{2, 4}}}},
    {"std", [](const In& in) { return ferrule::std(in[0], 0); }, {{{4, 2}}}},
    {"median_odd", [](const In& in) { return median(in[0], 1); }, {{{2, 3}}}},
    {"median_even", [](const In& in) { return median(in[0], {0, 1}, true); }, {{{2, 3}}}},
    {"logsumexp", [](const In& in) { return logsumexp(in[0], 1); }, {{{2, 4}, -3, 3}}},
    {"logsumexp_axes", [](const In& in) { return logsumexp(in[0], {0, 2}); }, {{{2, 3, 2}, -3, 3}}},
    {"softmax", [](const In& in) { return softmax(in[0], 0); }, {{{4, 2}, -2, 2}}},
    {"softmax_axes", [](const In& in) { return softmax(in[0], {0, 2}); }, {{{2, 3, 2}, -2, 2}}},
    // shapes
    {"reshape", [](const In& in) { return square(reshape(transpose(in[0]), {2, 3})); }, {{{2, 3}}}},
    {"flatten", [](const In& in) { return square(flatten(in[0], 1, 2)); }, {{{2, 3, 2}}}},
    {"unflatten", [](const In& in) { return square(unflatten(in[0], 1, {2, -1})); }, {{{2, 4}}}},
    {"squeeze_expand", [](const In& in) { return square(squeeze(expand_dims(in[0], {0, 2}), 0)); }, {{{2, 3}}}},
    {"transpose", [](const In& in) { return square(transpose(in[0], {2, 0, 1})); }, {{{2, 3, 2}}}},
    {"moveaxis", [](const In& in) { return square(moveaxis(in[0], 0, -1)); }, {{{2, 3, 2}}}},
    {"broadcast", [](const In& in) { return square(broadcast_to(in[0], {4, 2, 3})); }, {{{2, 1}}}},
    {"slice", [](const In& in) { return square(slice(in[0], {4, 0}, {-6, 3}, {-2, 2})); }, {{{5, 3}}}},
    {"flip", [](const In& in) { return square(flip(in[0], 1)); }, {{{2, 3}}}},
    {"slice_update", [](const In& in) { return square(slice_update(in[0], in[1], Shape{1, 0}, Shape{5, 3}, Shape{2, 1})); }, {{{5, 3}}, {{2, 3}}}},
    {"slice_update_add", [](const In& in) { return square(slice_update_add(in[0], in[1], Shape{1, 0}, Shape{3, 2})); }, {{{3, 3}}, {{2}}}},
    {"slice_update_prod", [](const In& in) { return square(slice_update_prod(in[0], in[1], Shape{1, 0}, Shape{3, 2})); }, {{{3, 3}}, {{2}}}},
    {"dynamic_slice", [](const In& in) { return square(slice(in[0], ints({1, 5}), {0, 1}, Shape{2, 2})); }, {{{4, 3}}}},
    {"dynamic_slice_update", [](const In& in) { return square(slice_update(in[0], in[1], ints({3}), {0})); }, {{{4, 3}}, {{2, 3}}}},
    {"split_concatenate", [](const In& in) { auto p = split(in[0], Shape{1, 3}, 1); return concatenate({square(p[2]), p[0] * 3.0, p[1]}, 1); }, {{{2, 5}}}},
    {"stack", [](const In& in) { return square(stack({in[0], in[1], in[0]}, 1)); }, {{{2, 2}}, {{2, 2}}}},
    {"repeat", [](const In& in) { return square(repeat(in[0], 3, 1)); }, {{{2, 2}}}},
    {"tile", [](const In& in) { return square(tile(in[0], {2, 1, 3})); }, {{{2, 2}}}},
    {"roll", [](const In& in) { return square(roll(in[0], Shape{1, -2}, std::vector<int>{0, 1})); }, {{{2, 5}}}},
    {"pad", [](const In& in) { return square(pad(in[0], {{1, 2}, {0, 1}}, in[1])); }, {{{2, 2}}, {{}}}},
    {"pad_edge", [](const In& in) { return square(pad(in[0], {{1, 2}, {0, 1}}, array(0), "edge")); }, {{{2, 2}}}},
    {"tril_triu", [](const In& in) { return square(tril(in[0], -1) + 2 * triu(in[0], 1)); }, {{{3, 4}}}},
    {"diagonal", [](const In& in) { return square(diagonal(in[0], -1, 0, 2)); }, {{{4, 2, 3}}}},
    {"diagonal_above", [](const In& in) { return square(diagonal(in[0], 1)); }, {{{2, 4}}}},
    {"diag", [](const In& in) { return square(diag(in[0], 2)) + square(diag(in[0], 2)) * transpose(diag(in[0], -2)); }, {{{3}}}},
    {"trace", [](const In& in) { return square(trace(in[0])); }, {{{3, 3}}}},
    {"as_strided", [](const In& in) { return square(as_strided(in[0], {3, 3}, {2, 1}, 1)); }, {{{2, 4}}}},
    {"copies", [](const In& in) { return square(copy(contiguous(in[0]))) + full({2, 3}, sum(in[0])); }, {{{2, 3}}}},
    {"meshgrid", [](const In& in) { auto m = meshgrid({in[0], in[1]}); return m[0] * square(m[1]); }, {{{2}}, {{3}}}},
    // order and scans
    {"sort", [](const In& in) { return square(sort(in[0], 0)); }, {{{4, 2}}}},
    {"partition", [](const In& in) { return square(partition(in[0], 2, 1)); }, {{{2, 5}}}},
    {"topk", [](const In& in) { return sum(square(topk(in[0], 2, 1)), 1); }, {{{2, 5}}}},
    {"cumsum", [](const In& in) { return square(cumsum(in[0], 1)); }, {{{2, 4}}}},
    {"cumsum_reverse_exclusive", [](const In& in) { return square(cumsum(in[0], 1, true, false)); }, {{{2, 4}}}},
    {"cumprod", [](const In& in) { return cumprod(in[0], 1); }, {{{2, 4}, 0.5, 2}}},
    {"cumprod_reverse_exclusive", [](const In& in) { return cumprod(in[0], 0, true, false); }, {{{4, 2}, 0.5, 2}}},
    {"cumprod_with_zero", [](const In& in) { return cumprod(concatenate({in[0], array({0.0}, float64), in[0]})); }, {{{2}, 0.5, 2}}},
    {"cummax", [](const In& in) { return square(cummax(in[0], 0)); }, {{{6}}}},
    {"cummin_reverse", [](const In& in) { return square(cummin(in[0], 1, true)); }, {{{2, 4}}}},
    {"cummax_exclusive", [](const In& in) { return square(slice(cummax(in[0], 0, false, false), {1}, {6})); }, {{{6}}}},
    {"logcumsumexp", [](const In& in) { return logcumsumexp(in[0], 1); }, {{{2, 4}, -2, 2}}},
    {"logcumsumexp_reverse", [](const In& in) { return logcumsumexp(in[0], 0, true); }, {{{4, 2}, -2, 2}}},
    {"diff", [](const In& in) { return square(diff(in[0], 2)); }, {{{2, 5}}}},
    // products
    {"matmul", [](const In& in) { return matmul(in[0], in[1]); }, {{{2, 3}}, {{3, 4}}}},
    {"matmul_batched", [](const In& in) { return matmul(in[0], in[1]); }, {{{2, 1, 2, 3}}, {{3, 3, 2}}}},
    {"matmul_shared_right", [](const In& in) { return square(matmul(in[0], in[1])); }, {{{2, 2, 3}}, {{3, 2}}}},
    {"matmul_vectors", [](const In& in) { return square(matmul(in[0], in[1])); }, {{{3}}, {{3}}}},
    {"matmul_matrix_vector", [](const In& in) { return square(matmul(in[0], in[1])); }, {{{2, 2, 3}}, {{3}}}},
    {"matmul_vector_matrix", [](const In& in) { return square(matmul(in[0], in[1])); }, {{{3}}, {{2, 3, 2}}}},
    {"addmm", [](const In& in) { return square(addmm(in[0], in[1], in[2], 0.5f, 2.0f)); }, {{{2, 1}}, {{2, 3}}, {{3, 4}}}},
    {"addmm_bias", [](const In& in) { return square(addmm(in[0], in[1], in[2])); }, {{{2}}, {{2, 2, 3}}, {{3, 2}}}},
    {"inner", [](const In& in) { return square(inner(in[0], in[1])); }, {{{2, 3}}, {{4, 3}}}},
    {"outer", [](const In& in) { return square(outer(in[0], in[1])); }, {{{2}}, {{3}}}},
    {"vecdot", [](const In& in) { return square(vecdot(in[0], in[1], 0)); }, {{{3, 2}}, {{3, 2}}}},
    {"tensordot", [](const In& in) { return square(tensordot(in[0], in[1], {2, 0}, {1, 2})); }, {{{2, 3, 2}}, {{3, 2, 2}}}},
    {"kron", [](const In& in) { return square(kron(in[0], in[1])); }, {{{2, 2}}, {{3}}}},
    {"einsum", [](const In& in) { return square(einsum("bij,bjk,k->bi", {in[0], in[1], in[2]})); }, {{{2, 2, 3}}, {{2, 3, 2}}, {{2}}}},
    // indexing
    {"take", [](const In& in) { return square(take(in[0], ints({0, 2, -1, 0}), 1)); }, {{{2, 3}}}},
    {"take_scalar", [](const In& in) { return square(take(in[0], -1, 0)); }, {{{3, 2}}}},
    {"gather", [](const In& in) { return square(gather(in[0], {ints({0, 1}), ints({2, 0})}, {0, 1}, Shape{1, 2})); }, {{{3, 4}}}},
    {"take_along_axis", [](const In& in) { return square(take_along_axis(in[0], reshape(ints({0, 0, 2, 1, -1, 0}), {2, 3}), 1)); }, {{{2, 3}}}},
    {"put_along_axis", [](const In& in) { return square(put_along_axis(in[0], reshape(ints({0, 0, 2, 1}), {2, 2}), in[1], 1)); }, {{{2, 3}}, {{2, 2}}}},
    {"scatter_add_axis", [](const In& in) { return square(scatter_add_axis(in[0], reshape(ints({0, 0, 2, 1}), {2, 2}), in[1], 1)); }, {{{2, 3}}, {{2, 2}}}},
    {"scatter", [](const In& in) { return square(scatter(in[0], ints({1, 1, 0}), in[1], 0)); }, {{{3, 2}}, {{3, 1, 2}}}},
    {"scatter_add", [](const In& in) { return square(scatter_add(in[0], ints({1, 1, -1}), in[1], 0)); }, {{{3, 2}}, {{3, 1, 2}}}},
    {"scatter_dropped", [](const In& in) { return square(scatter_add(in[0], ints({1, 7, -9}), in[1], 0)); }, {{{3, 2}}, {{3, 1, 2}}}},
    {"scatter_prod", [](const In& in) { return scatter_prod(in[0], ints({1, 1, 0}), in[1], 0); }, {{{3, 2}, 0.5, 2}, {{3, 1, 2}, 0.5, 2}}},
    {"scatter_max", [](const In& in) { return square(scatter_max(in[0], ints({1, 1, 0}), in[1], 0)); }, {{{3, 2}}, {{3, 1, 2}, -0.9, 1.1}}},
    {"scatter_min", [](const In& in) { return square(scatter_min(in[0], ints({1, 1, 0}), in[1], 0)); }, {{{3, 2}}, {{3, 1, 2}, -0.9, 1.1}}},
    {"masked_scatter", [](const In& in) { return square(masked_scatter(in[0], array({true, false, true, true, false, true}, Shape{2, 3}), in[1])); }, {{{2, 3}}, {{3}}}},
    // convolution
    {"conv1d", [](const In& in) { return square(conv1d(in[0], in[1], 2, 1)); }, {{{2, 5, 2}}, {{3, 2, 2}}}},
    {"conv2d", [](const In& in) { return conv2d(in[0], in[1], {1, 2}, {1, 0}, {2, 1}); }, {{{1, 5, 4, 2}}, {{2, 2, 3, 2}}}},
    {"conv2d_groups", [](const In& in) { return conv2d(in[0], in[1], {1, 1}, {0, 1}, {1, 1}, 2); }, {{{1, 3, 3, 4}}, {{2, 2, 2, 2}}}},
    {"conv3d", [](const In& in) { return conv3d(in[0], in[1]); }, {{{1, 3, 2, 2, 1}}, {{2, 2, 2, 1, 1}}}},
    {"conv_general", [](const In& in) { return conv_general(in[0], in[1], {2}, {1}, {2}, {1}, {2}, 1, true); }, {{{1, 4, 1}}, {{2, 3, 1}}}},
    {"conv_transpose2d", [](const In& in) { return conv_transpose2d(in[0], in[1], {2, 1}, {1, 0}, {1, 1}, {1, 0}); }, {{{1, 2, 3, 2}}, {{1, 2, 2, 2}}}},
    // norms
    {"rms_norm", [](const In& in) { return fast::rms_norm(in[0], in[1], 1e-3f); }, {{{2, 2, 3}}, {{3}}}},
    {"rms_norm_bare", [](const In& in) { return fast::rms_norm(in[0], std::nullopt, 1e-3f); }, {{{2, 3}}}},
    {"layer_norm", [](const In& in) { return fast::layer_norm(in[0], in[1], in[2], 1e-3f); }, {{{2, 2, 3}}, {{3}}, {{3}}}},
    {"layer_norm_bare", [](const In& in) { return fast::layer_norm(in[0], std::nullopt, std::nullopt, 1e-3f); }, {{{2, 3}}}},
    {"layer_norm_bias", [](const In& in) { return fast::layer_norm(in[0], std::nullopt, in[1], 1e-3f); }, {{{2, 3}}, {{3}}}},
    {"depends", [](const In& in) { return square(depends({in[0]}, {in[1] * 2})[0]) * in[1]; }, {{{3}}, {{3}}}},
};

class GradientOf : public ::testing::TestWithParam<Case> {};

TEST_P(GradientOf, EqualsCentralDifferencesInBothOrders) {
  const Case& c = GetParam();
  for (Layout layout : {Layout::contiguous, Layout::transposed, Layout::reversed}) {
    GradientCheck check{c.fn, c.args, layout};
    check.run(c.name);
    if (layout == Layout::contiguous) check.run_second_order(c.name);
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, GradientOf, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Gradient, StopsAtStopGradient) {
  array g = grad([](const array& x) { return sum(stop_gradient(x) * x); })(f64({2, 3}, {2}));
  expect_values(g, {2, 3});
}

TEST(Gradient, OfProductsWithZerosIsExact) {
  auto by_prod = grad([](const array& x) { return prod(x); });
  expect_values(by_prod(f64({0, 2, 3}, {3})), {6, 0, 0});
  expect_values(by_prod(f64({0, 0, 3}, {3})), {0, 0, 0});
  expect_values(grad([](const array& x) { return sum(cumprod(x, 0)); })(f64({1, 0, 3, 4}, {4})), {1, 16, 0, 0});
}

TEST(Gradient, OfScatteredZeroFactorsIsTheProductOfTheOthers) {
  ScalarFn f = [](const std::vector<array>& in) { return sum(scatter_prod(in[0], array({0, 0}), in[1], 0)); };
  auto g = grad(f, {0, 1})({f64({2, 5}, {2}), f64({0, 3}, {2, 1})});
  expect_values(g[0], {0, 1});
  expect_values(g[1], {6, 0});
}

TEST(Gradient, FlowsThroughDtypes) {
  array g = grad([](const array& x) { return sum(astype(square(x), float64)); })(array({1.f, 2.f}));
  expect_array(g, float32, {2}, {2, 4});
}

TEST(Gradient, OfThirdOrderIsRight) {
  auto f1 = grad([](const array& x) { return sum(power(x, array(4.0, float64))); });
  auto f2 = grad([&](const array& x) { return sum(f1(x)); });
  auto f3 = grad([&](const array& x) { return sum(f2(x)); });
  expect_values(f3(f64({0.5, 2}, {2})), {12, 48}, 1e-12);
}

}  // namespace
}  // namespace ferrule::testing
