// Bad input to ops: every case is an error that names the op and says what was got and what was expected.
#include "ferrule/fast.h"
#include "testing.h"

namespace ferrule::testing {
namespace {

const array& m() {
  static const array a = reshape(arange(6.0), {2, 3});
  return a;
}

TEST(ElementwiseError, NamesShapesThatDoNotBroadcast) {
  expect_error([] { add(m(), ones({4})); }, "add", "float32 (2, 3) and float32 (4)");
  expect_error([] { multiply(ones({2, 1, 3}), ones({4, 2, 2})); }, "multiply", "(4, 2, 2)");
  expect_error([] { where(m() > 1, m(), ones({2})); }, "where", "float32 (2)");
  expect_error([] { broadcast_shapes({2, 3}, {3, 2}); }, "broadcast_shapes", "(3, 2)");
}

TEST(ElementwiseError, NamesDtypesOutsideTheDomain) {
  array z = array(std::complex<float>(1, 2));
  expect_error([] { negative(array(true)); }, "negative", "bool");
  expect_error([] { bitwise_and(m(), m()); }, "bitwise_and", "float32");
  expect_error([] { left_shift(array({1}, uint64), array({1})); }, "left_shift", "uint64 and int32");
  expect_error([] { bitwise_invert(m()); }, "bitwise_invert", "float32");
  expect_error([&] { floor(z); }, "floor", "complex64");
  expect_error([&] { erf(z); }, "erf", "complex64");
  expect_error([&] { remainder(z, z); }, "remainder", "complex64");
  expect_error([&] { arctan2(z, z); }, "arctan2", "complex64");
  expect_error([] { clip(m()); }, "clip", "neither");
}

TEST(CreationError, NamesBadRangesAndExtents) {
  expect_error([] { arange(0, 5, 0); }, "arange", "step 0");
  expect_error([] { arange(0.0, std::numeric_limits<double>::infinity()); }, "arange", "inf");
  expect_error([] { arange(std::nan(""), 5.0); }, "arange", "nan");
  expect_error([] { arange(0.0, 1e300, 1e-10); }, "arange", "1e+300");
  expect_error([] { arange(5.0, bool_); }, "arange", "bool");
  expect_error([] { arange(int64_t{1} << 40); }, "arange", "1099511627776");
  expect_error([] { linspace(0, 1, -1); }, "linspace", "-1");
  expect_error([] { zeros({-1, 2}); }, "full", "(-1, 2)");
  expect_error([] { ones({int64_t{1} << 40, int64_t{1} << 40}); }, "full", "(1099511627776, 1099511627776)");
  expect_error([] { eye(-1); }, "eye", "-1 x -1");
  expect_error([] { tril(ones({3})); }, "tril", "(3)");
}

TEST(ShapeError, NamesWhatDoesNotFit) {
  expect_error([] { reshape(m(), {4, 2}); }, "reshape", "(4, 2)");
  expect_error([] { reshape(m(), {-1, 4}); }, "reshape", "(-1, 4)");
  expect_error([] { reshape(m(), {-1, -1}); }, "reshape", "(-1, -1)");
  expect_error([] { reshape(m(), {-2, 3}); }, "reshape", "(-2, 3)");
  expect_error([] { reshape(m(), {int64_t{1} << 62, 4}); }, "reshape", "4611686018427387904");
  expect_error([] { squeeze(m(), 0); }, "squeeze", "float32 (2, 3)");
  expect_error([] { squeeze(m(), {0, 0}); }, "squeeze", "(0, 0)");
  expect_error([] { expand_dims(m(), 5); }, "expand_dims", "axis 5");
  expect_error([] { transpose(m(), {0}); }, "transpose", "(0)");
  expect_error([] { transpose(m(), {0, 0}); }, "transpose", "(0, 0)");
  expect_error([] { swapaxes(m(), 0, 2); }, "swapaxes", "axis 2");
  expect_error([] { moveaxis(m(), -3, 0); }, "moveaxis", "axis -3");
  expect_error([] { broadcast_to(m(), {3, 3}); }, "broadcast_to", "(3, 3)");
  expect_error([] { broadcast_to(m(), {3}); }, "broadcast_to", "(3)");
  expect_error([] { broadcast_to(array(1), {int64_t{1} << 40, int64_t{1} << 40}); }, "broadcast_to", "1099511627776");
  expect_error([] { flatten(m(), 1, 0); }, "flatten", "1 to 0");
  expect_error([] { unflatten(m(), 1, {2, 2}); }, "unflatten", "(2, 2)");
  expect_error([] { expand_dims(ones({1, 1, 1, 1, 1, 1, 1, 1, 1, 1}), 0); }, "shape", "11");
  expect_error([] { meshgrid({m()}); }, "meshgrid", "(2, 3)");
  expect_error([] { meshgrid({ones({2})}, false, "ab"); }, "meshgrid", "\"ab\"");
  expect_error([] { view(ones({3}, uint8), float32); }, "view", "uint8 (3) as float32");
}

TEST(SliceError, NamesBounds) {
  expect_error([] { slice(m(), Shape{0}, Shape{1}); }, "slice", "1 starts");
  expect_error([] { slice(m(), {0, 0}, {1, 1}, {1, 0}); }, "slice", "(1, 0)");
  expect_error([] { slice_update(m(), ones({5}), Shape{0, 0}, Shape{2, 2}); }, "slice_update", "float32 (5)");
  expect_error([] { slice(m(), array({0.5f}), {0}, Shape{1, 3}); }, "slice", "float32");
  expect_error([] { as_strided(m(), {2, 2}, {3, 3}, 1); }, "as_strided", "(3, 3)");
  expect_error([] { as_strided(m(), {2}, {-1}, 0); }, "as_strided", "(-1)");
  expect_error([] { as_strided(m(), {3}, {std::numeric_limits<int64_t>::max()}, 0); }, "as_strided",
               "9223372036854775807");
  expect_error([] { flip(m(), 2); }, "flip", "axis 2");
}

TEST(JoinError, NamesTheShapesThatDiffer) {
  expect_error([] { concatenate({}, 0); }, "concatenate", "0 arrays");
  expect_error([] { concatenate({m(), ones({2, 4})}, 0); }, "concatenate", "float32 (2, 4)");
  expect_error([] { concatenate({m(), ones({2})}, 0); }, "concatenate", "float32 (2)");
  expect_error([] { concatenate({m()}, 2); }, "concatenate", "axis 2");
  expect_error([] { stack({m(), ones({3, 2})}); }, "stack", "(3, 2)");
  expect_error([] { split(m(), 2, 1); }, "split", "2 parts");
  expect_error([] { split(m(), 0, 1); }, "split", "0 parts");
  expect_error([] { repeat(m(), -1, 0); }, "repeat", "-1");
  expect_error([] { tile(m(), {-1}); }, "tile", "-1");
  expect_error([] { tile(ones({1 << 20, 1 << 20}), {1 << 20, 1 << 20}); }, "tile", "1099511627776");
  expect_error([] { pad(m(), {{1, 2}}); }, "pad", "1 for");
  expect_error([] { pad(m(), -1); }, "pad", "(-1, -1)");
  expect_error([] { pad(m(), 1, array(0), "wrap"); }, "pad", "\"wrap\"");
  expect_error([] { pad(m(), 1, ones({2})); }, "pad", "float32 (2)");
  expect_error([] { pad(ones({0}), 1, array(0), "edge"); }, "pad", "(0)");
  expect_error([] { roll(m(), Shape{1, 2}, std::vector<int>{0, 1, 0}); }, "roll", "2 shifts and 3 axes");
  expect_error([] { diagonal(m(), 0, 1, 1); }, "diagonal", "axes 1 and 1");
  expect_error([] { diag(ones({1, 1, 1})); }, "diag", "(1, 1, 1)");
}

TEST(ReduceError, NamesAxesAndEmptyExtents) {
  expect_error([] { sum(m(), 2); }, "sum", "axis 2");
  expect_error([] { sum(m(), {0, -2}); }, "sum", "(0, -2)");
  expect_error([] { max(zeros({0})); }, "max", "float32 (0)");
  expect_error([] { min(zeros({2, 0}), 1); }, "min", "float32 (2, 0)");
  expect_error([] { argmax(zeros({0})); }, "argmax", "float32 (0)");
  expect_error([] { argmin(m(), -3); }, "argmin", "axis -3");
  expect_error([] { argmax(array({std::complex<float>(1, 2)})); }, "argmax", "complex64");
  expect_error([] { median(zeros({0})); }, "median", "float32 (0)");
  expect_error([] { logsumexp(zeros({0})); }, "logsumexp", "float32 (0)");
  expect_error([] { softmax(m(), 2); }, "softmax", "axis 2");
}

TEST(OrderError, NamesAxesAndRanks) {
  expect_error([] { sort(array(1.f), 0); }, "sort", "axis 0");
  expect_error([] { argsort(m(), 3); }, "argsort", "axis 3");
  expect_error([] { partition(m(), 3, 1); }, "partition", "kth 3");
  expect_error([] { topk(m(), 4, 1); }, "topk", "k 4");
  expect_error([] { topk(m(), -1, 1); }, "topk", "k -1");
  expect_error([] { searchsorted(m(), m()); }, "searchsorted", "(2, 3)");
  expect_error([] { searchsorted(ones({2}), m(), "middle"); }, "searchsorted", "\"middle\"");
  expect_error([] { cumsum(m(), 2); }, "cumsum", "axis 2");
  expect_error([] { cummax(array({std::complex<float>(1, 2)}), 0); }, "cummax", "complex64");
  expect_error([] { diff(m(), -1); }, "diff", "-1");
}

TEST(MatmulError, NamesExtentsAndDtypes) {
  expect_error([] { matmul(m(), m()); }, "matmul", "float32 (2, 3) and float32 (2, 3)");
  expect_error([] { matmul(array({1, 2}), array({1, 2})); }, "matmul", "int32 (2)");
  expect_error([] { matmul(array(1.f), m()); }, "matmul", "float32 ()");
  expect_error([] { matmul(ones({2, 2, 3}), ones({3, 3, 2})); }, "matmul", "(3, 3, 2)");
  expect_error([] { addmm(ones({3}), ones({2, 2}), ones({2, 2})); }, "addmm", "float32 (3)");
  expect_error([] { inner(m(), ones({2})); }, "inner", "float32 (2)");
  expect_error([] { tensordot(m(), m(), 3); }, "tensordot", "3 for");
  expect_error([] { tensordot(m(), m(), {0}, {1}); }, "tensordot", "axis 0");
  expect_error([] { einsum("ij,jk", {m()}); }, "einsum", "1 operands");
  expect_error([] { einsum("ij->ik", {m()}); }, "einsum", "ij->ik");
  expect_error([] { einsum("i", {m()}); }, "einsum", "\"i\"");
  expect_error([] { einsum("ij,ij->", {m(), ones({2, 2})}); }, "einsum", "'j'");
}

TEST(IndexError, NamesIndicesAndUpdates) {
  expect_error([] { take(m(), array({0.5f}), 0); }, "gather", "float32 (1)");
  expect_error([] { take(m(), array({0}), 2); }, "take", "axis 2");
  expect_error([] { take(m(), 7, 0); }, "take", "7 on axis 0");
  expect_error([] { take(zeros({0}), array({0})); }, "take", "float32 (0)");
  expect_error([] { gather(m(), array({0}), 0, Shape{1}); }, "gather", "1 for");
  expect_error([] { gather(m(), array({0}), 0, Shape{3, 3}); }, "gather", "3 on axis 0");
  expect_error([] { gather(m(), {array({0}), array({0})}, {0, 0}, Shape{1, 1}); }, "gather", "(0, 0)");
  expect_error([] { take_along_axis(m(), array({0}), 0); }, "take_along_axis", "int32 (1)");
  expect_error([] { take_along_axis(m(), zeros({3, 3}, int32), 1); }, "take_along_axis", "int32 (3, 3)");
  expect_error([] { put_along_axis(m(), zeros({2, 1}, int32), ones({2, 5, 1}), 1); }, "put_along_axis", "(2, 5, 1)");
  expect_error([] { scatter(m(), array({0}), ones({1, 3}), 0); }, "scatter", "float32 (1, 3)");
  expect_error([] { scatter_add(m(), array({0}), ones({1, 1, 4}), 0); }, "scatter_add", "float32 (1, 1, 4)");
  expect_error([] { masked_scatter(m(), array({1, 0, 1}), m()); }, "masked_scatter", "int32 (3)");
  expect_error([] { masked_scatter(m(), array({true, false}), m()); }, "masked_scatter", "bool (2)");
}

TEST(ConvError, NamesShapes) {
  array x = ones({1, 4, 2}), w = ones({3, 2, 2});
  expect_error([&] { conv1d(x, ones({3, 2, 1})); }, "conv", "(3, 2, 1)");
  expect_error([&] { conv2d(x, w); }, "conv2d", "float32 (1, 4, 2)");
  expect_error([&] { conv1d(x, ones({3, 5, 2})); }, "conv", "(3, 5, 2)");
  expect_error([&] { conv1d(x, w, 0); }, "conv", "(0)");
  expect_error([&] { conv1d(x, w, 1, 0, 1, 0); }, "conv", "0 groups");
  expect_error([&] { conv1d(astype(x, int32), astype(w, int32)); }, "conv", "int32");
  expect_error([&] { conv_general(x, w, {1, 1}); }, "conv", "(1, 1)");
}

TEST(NormError, NamesParameters) {
  expect_error([] { fast::rms_norm(m(), ones({2}), 1e-5f); }, "rms_norm", "float32 (2)");
  expect_error([] { fast::layer_norm(m(), std::nullopt, ones({3, 1}), 1e-5f); }, "layer_norm", "float32 (3, 1)");
  expect_error([] { fast::rms_norm(array({1, 2}), std::nullopt, 1e-5f); }, "rms_norm", "int32");
  expect_error([] { fast::rms_norm(array(1.f), std::nullopt, 1e-5f); }, "rms_norm", "float32 ()");
}

}  // namespace
}  // namespace ferrule::testing
