// Creation, shapes, slices and joins. Expected values were recorded from mlx.core 0.32.
#include <limits>

#include "testing.h"

namespace ferrule::testing {
namespace {

[[maybe_unused]] constexpr double kInf = std::numeric_limits<double>::infinity();
[[maybe_unused]] constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
[[maybe_unused]] constexpr float kInfF = std::numeric_limits<float>::infinity();
[[maybe_unused]] constexpr float kNanF = std::numeric_limits<float>::quiet_NaN();

TEST(Creation, RangesFollowMlx) {
  expect_array(arange(5), int32, shape_of({5}), {0, 1, 2, 3, 4});
  expect_array(arange(2, 9, 3), int32, shape_of({3}), {2, 5, 8});
  expect_array(arange(5, 0, -2), int32, shape_of({3}), {5, 3, 1});
  expect_array(arange(5, 0), int32, shape_of({0}), {});
  expect_array(arange(0.0, 1.0, 0.25), float32, shape_of({4}), {0, 0.25, 0.5, 0.75});
  expect_array(arange(3.0, int8), int8, shape_of({3}), {0, 1, 2});
  expect_array(arange(0.0, 1.0, 0.3, int32), int32, shape_of({4}), {0, 0, 0, 0});
  expect_array(arange(1.5, 4.0), float32, shape_of({3}), {1.5, 2.5, 3.5});
  expect_array(linspace(0, 1, 5), float32, shape_of({5}), {0, 0.25, 0.5, 0.75, 1}, 1e-06);
  expect_array(linspace(0, 10, 4, int32), int32, shape_of({4}), {0, 3, 6, 10});
  expect_array(linspace(0, 1, 4, false), float32, shape_of({4}), {0, 0.25, 0.5, 0.75}, 1e-06);
  expect_array(linspace(2, 3, 1), float32, shape_of({1}), {2});
  expect_array(linspace(2, 3, 0), float32, shape_of({0}), {});
}

TEST(Creation, ConstantsAndTriangles) {
  array m = array({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3});
  expect_array(zeros({2, 2}), float32, shape_of({2, 2}), {0, 0, 0, 0});
  expect_array(ones({2}, int8), int8, shape_of({2}), {1, 1});
  expect_array(full({2, 2}, 7), int32, shape_of({2, 2}), {7, 7, 7, 7});
  expect_array(full({2, 2}, 1.5, float16), float16, shape_of({2, 2}), {1.5, 1.5, 1.5, 1.5});
  expect_array(full({2, 3}, array({1, 2, 3})), int32, shape_of({2, 3}), {1, 2, 3, 1, 2, 3});
  expect_array(zeros_like(m), float32, shape_of({2, 3}), {0, 0, 0, 0, 0, 0});
  expect_array(ones_like(m, int32), int32, shape_of({2, 3}), {1, 1, 1, 1, 1, 1});
  expect_array(full_like(m, 2), float32, shape_of({2, 3}), {2, 2, 2, 2, 2, 2});
  expect_array(zeros({0, 3}), float32, shape_of({0, 3}), {});
  expect_array(full({}, 3), int32, shape_of({}), {3});
  expect_array(eye(3), float32, shape_of({3, 3}), {1, 0, 0, 0, 1, 0, 0, 0, 1});
  expect_array(eye(2, 4, 1), float32, shape_of({2, 4}), {0, 1, 0, 0, 0, 0, 1, 0});
  expect_array(eye(3, 2, -1, int32), int32, shape_of({3, 2}), {0, 0, 1, 0, 0, 1});
  expect_array(identity(2), float32, shape_of({2, 2}), {1, 0, 0, 1});
  expect_array(tri(3, 4, -1, int32), int32, shape_of({3, 4}), {0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0});
  expect_array(tril(m), float32, shape_of({2, 3}), {1, 0, 0, 4, 5, 0});
  expect_array(triu(m, 1), float32, shape_of({2, 3}), {0, 2, 3, 0, 0, 6});
  expect_array(hanning(5), float32, shape_of({5}), {0, 0.5, 1, 0.5, 0}, 1e-06);
  expect_array(hamming(4), float32, shape_of({4}), {0.0799999982, 0.769999981, 0.769999981, 0.0799999982}, 1e-06);
  expect_array(bartlett(5), float32, shape_of({5}), {0, 0.5, 1, 0.5, 0}, 1e-06);
  expect_array(blackman(5), float32, shape_of({5}), {-1.38777878e-17, 0.340000004, 1, 0.340000004, -1.38777878e-17},
               1e-06);
  expect_array(hanning(1), float32, shape_of({1}), {1});
}

TEST(Shape, ReshapesKeepRowMajorOrder) {
  array t = reshape(arange(24), {2, 3, 4});
  array m = array({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3});
  expect_array(reshape(m, {3, -1}), float32, shape_of({3, 2}), {1, 2, 3, 4, 5, 6});
  expect_array(reshape(transpose(m), {2, 3}), float32, shape_of({2, 3}), {1, 4, 2, 5, 3, 6});
  expect_array(reshape(array(3), {1, 1}), int32, shape_of({1, 1}), {3});
  expect_array(reshape(slice(t, {0, 1, 0}, {2, 3, 4}), {2, 8}), int32, shape_of({2, 8}),
               {4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23});
  expect_array(reshape(zeros({0, 3}), {3, 0}), float32, shape_of({3, 0}), {});
  expect_array(flatten(m), float32, shape_of({6}), {1, 2, 3, 4, 5, 6});
  expect_array(flatten(t, 1), int32, shape_of({2, 12}),
               {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23});
  expect_array(flatten(transpose(t, {1, 0, 2}), 0, 1), int32, shape_of({6, 4}),
               {0, 1, 2, 3, 12, 13, 14, 15, 4, 5, 6, 7, 16, 17, 18, 19, 8, 9, 10, 11, 20, 21, 22, 23});
  expect_array(unflatten(m, 1, {3, 1}), float32, shape_of({2, 3, 1}), {1, 2, 3, 4, 5, 6});
  expect_array(squeeze(ones({1, 2, 1})), float32, shape_of({2}), {1, 1});
  expect_array(squeeze(ones({1, 2, 1}), 0), float32, shape_of({2, 1}), {1, 1});
  expect_array(expand_dims(array({1, 2}), {0, -1}), int32, shape_of({1, 2, 1}), {1, 2});
  expect_array(expand_dims(array({1, 2}), -1), int32, shape_of({2, 1}), {1, 2});
  expect_array(atleast_2d(array({1, 2})), int32, shape_of({1, 2}), {1, 2});
  expect_array(atleast_3d(m), float32, shape_of({2, 3, 1}), {1, 2, 3, 4, 5, 6});
  expect_array(atleast_1d(array(1)), int32, shape_of({1}), {1});
}

TEST(Shape, TransposesPermuteAxes) {
  array t = reshape(arange(24), {2, 3, 4});
  array m = array({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3});
  expect_array(transpose(m), float32, shape_of({3, 2}), {1, 4, 2, 5, 3, 6});
  expect_array(transpose(t, {2, 0, 1}), int32, shape_of({4, 2, 3}),
               {0, 4, 8, 12, 16, 20, 1, 5, 9, 13, 17, 21, 2, 6, 10, 14, 18, 22, 3, 7, 11, 15, 19, 23});
  expect_array(transpose(t, {-1, 0, 1}), int32, shape_of({4, 2, 3}),
               {0, 4, 8, 12, 16, 20, 1, 5, 9, 13, 17, 21, 2, 6, 10, 14, 18, 22, 3, 7, 11, 15, 19, 23});
  expect_array(swapaxes(t, 0, -1), int32, shape_of({4, 3, 2}),
               {0, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23});
  expect_array(moveaxis(t, 0, 2), int32, shape_of({3, 4, 2}),
               {0, 12, 1, 13, 2, 14, 3, 15, 4, 16, 5, 17, 6, 18, 7, 19, 8, 20, 9, 21, 10, 22, 11, 23});
  expect_array(matrix_transpose(t), int32, shape_of({2, 4, 3}),
               {0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, 12, 16, 20, 13, 17, 21, 14, 18, 22, 15, 19, 23});
  expect_array(transpose(transpose(t)) + t, int32, shape_of({2, 3, 4}),
               {0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 42, 44, 46});
  expect_array(broadcast_to(array({1, 2}), {2, 2}), int32, shape_of({2, 2}), {1, 2, 1, 2});
  expect_array(broadcast_arrays({array({1, 2}), reshape(array({5, 6}), {2, 1})})[1], int32, shape_of({2, 2}),
               {5, 5, 6, 6});
  expect_array(meshgrid({array({1, 2}), array({3, 4, 5})})[0], int32, shape_of({3, 2}), {1, 2, 1, 2, 1, 2});
  expect_array(meshgrid({array({1, 2}), array({3, 4, 5})}, false, "ij")[1], int32, shape_of({2, 3}),
               {3, 4, 5, 3, 4, 5});
  expect_array(meshgrid({array({1, 2}), array({3, 4, 5})}, true)[1], int32, shape_of({3, 1}), {3, 4, 5});
}

TEST(Slice, BoundsFollowNumPy) {
  array t = reshape(arange(24), {2, 3, 4});
  expect_array(slice(arange(5), {4}, {-6}, {-1}), int32, shape_of({5}), {4, 3, 2, 1, 0});
  expect_array(slice(arange(5), {3}, {0}, {-2}), int32, shape_of({2}), {3, 1});
  expect_array(slice(arange(5), Shape{-3}, Shape{100}), int32, shape_of({3}), {2, 3, 4});
  expect_array(slice(arange(5), Shape{4}, Shape{2}), int32, shape_of({0}), {});
  expect_array(slice(arange(5), Shape{-100}, Shape{2}), int32, shape_of({2}), {0, 1});
  expect_array(slice(t, {0, 2, 1}, {2, -4, 4}, {1, -2, 2}), int32, shape_of({2, 2, 2}), {9, 11, 1, 3, 21, 23, 13, 15});
  expect_array(slice(slice(t, {1, 0, 0}, {2, 3, 4}), {0, 1, 1}, {1, 3, 3}), int32, shape_of({1, 2, 2}),
               {17, 18, 21, 22});
  expect_array(flip(t, {0, 2}), int32, shape_of({2, 3, 4}),
               {15, 14, 13, 12, 19, 18, 17, 16, 23, 22, 21, 20, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8});
  expect_array(flip(arange(3)), int32, shape_of({3}), {2, 1, 0});
  expect_array(slice(t, array({1, 2}), {0, 2}, {1, 3, 2}), int32, shape_of({1, 3, 2}), {14, 15, 18, 19, 22, 23});
  expect_array(slice(t, array({5}), {2}, {2, 3, 2}), int32, shape_of({2, 3, 2}),
               {2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23});
  expect_array(slice_update(arange(5), array({9, 8}), Shape{1}, Shape{5}, Shape{2}), int32, shape_of({5}),
               {0, 9, 2, 8, 4});
  expect_array(slice_update(zeros({2, 3}, int32), array({1, 2}), {0, 1}, {2, 3}), int32, shape_of({2, 3}),
               {0, 1, 2, 0, 1, 2});
  expect_array(slice_update(arange(4), array({7.5f}), Shape{3}, Shape{4}), int32, shape_of({4}), {0, 1, 2, 7});
  expect_array(slice_update(arange(5), array({9, 8}), array({2}), {0}), int32, shape_of({5}), {0, 1, 9, 8, 4});
  expect_array(slice_update(arange(5), array({9, 8}), array({4}), {0}), int32, shape_of({5}), {0, 1, 2, 9, 8});
  expect_array(slice_update_add(arange(5), array(10), Shape{1}, Shape{3}), int32, shape_of({5}), {0, 11, 12, 3, 4});
  expect_array(slice_update_prod(arange(5), array(10), Shape{1}, Shape{3}), int32, shape_of({5}), {0, 10, 20, 3, 4});
  expect_array(slice_update_max(arange(5), array(2), Shape{0}, Shape{5}), int32, shape_of({5}), {2, 2, 2, 3, 4});
  expect_array(slice_update_min(arange(5), array(2), Shape{0}, Shape{5}), int32, shape_of({5}), {0, 1, 2, 2, 2});
}

TEST(Join, ArraysAreSplitAndJoined) {
  array m = array({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3});
  array i = array({1, 2, 3, 4, 5, 6}, {2, 3});
  array t = reshape(arange(24), {2, 3, 4});
  expect_array(concatenate({m, i}, 0), float32, shape_of({4, 3}), {1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6});
  expect_array(concatenate({m, i}, -1), float32, shape_of({2, 6}), {1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6});
  expect_array(concatenate({transpose(m), array({7, 8}, {1, 2}), zeros({0, 2})}, 0), float32, shape_of({4, 2}),
               {1, 4, 2, 5, 3, 6, 7, 8});
  expect_array(concatenate({m, array({7})}), float32, shape_of({7}), {1, 2, 3, 4, 5, 6, 7});
  expect_array(stack({m, i}, 1), float32, shape_of({2, 2, 3}), {1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6});
  expect_array(stack({m, m}), float32, shape_of({2, 2, 3}), {1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6});
  expect_array(split(arange(6), 3)[1], int32, shape_of({2}), {2, 3});
  expect_array(split(arange(5), Shape{3, 1, 9}, 0)[2], int32, shape_of({4}), {1, 2, 3, 4});
  expect_array(split(m, 3, 1)[2], float32, shape_of({2, 1}), {3, 6});
  expect_array(unstack(m, 1)[1], float32, shape_of({2}), {2, 5});
  expect_array(repeat(m, 2, 1), float32, shape_of({2, 6}), {1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6});
  expect_array(repeat(m, 2), float32, shape_of({12}), {1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6});
  expect_array(repeat(m, 0, 0), float32, shape_of({0, 3}), {});
  expect_array(tile(arange(3), {2, 2}), int32, shape_of({2, 6}), {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2});
  expect_array(tile(m, {2}), float32, shape_of({2, 6}), {1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6});
  expect_array(pad(m, {{1, 0}, {0, 2}}, array(9)), float32, shape_of({3, 5}),
               {9, 9, 9, 9, 9, 1, 2, 3, 9, 9, 4, 5, 6, 9, 9});
  expect_array(pad(m, 1, array(0), "edge"), float32, shape_of({4, 5}),
               {1, 1, 2, 3, 3, 1, 1, 2, 3, 3, 4, 4, 5, 6, 6, 4, 4, 5, 6, 6});
  expect_array(pad(i, std::pair<int, int>{0, 1}), int32, shape_of({3, 4}), {1, 2, 3, 0, 4, 5, 6, 0, 0, 0, 0, 0});
  expect_array(roll(m, 2), float32, shape_of({2, 3}), {5, 6, 1, 2, 3, 4});
  expect_array(roll(m, -1, 1), float32, shape_of({2, 3}), {2, 3, 1, 5, 6, 4});
  expect_array(roll(m, Shape{1, 4}, std::vector<int>{0, 1}), float32, shape_of({2, 3}), {6, 4, 5, 3, 1, 2});
  expect_array(diag(array({1, 2}), -1), int32, shape_of({3, 3}), {0, 0, 0, 1, 0, 0, 0, 2, 0});
  expect_array(diag(m, 1), float32, shape_of({2}), {2, 6});
  expect_array(diagonal(t, 1, 0, 2), int32, shape_of({3, 2}), {1, 14, 5, 18, 9, 22});
  expect_array(diagonal(t, -5), int32, shape_of({4, 0}), {});
  expect_array(trace(m), float32, shape_of({}), {6});
  expect_array(trace(t, 0, 1, 2), int32, shape_of({2}), {15, 51});
  expect_array(as_strided(arange(6), {3, 2}, {1, 2}, 1), int32, shape_of({3, 2}), {1, 3, 2, 4, 3, 5});
  expect_array(as_strided(transpose(m), {2, 2}, {-1, 2}, 1), float32, shape_of({2, 2}), {4, 5, 1, 2});
  expect_array(number_of_elements(t, {0, 2}, false), int32, shape_of({}), {8});
  expect_array(number_of_elements(t, {1}, true, float32), float32, shape_of({}), {0.333333343}, 1e-06);
}

}  // namespace
}  // namespace ferrule::testing
