// Gathers and scatters. Expected values were recorded from mlx.core 0.32.
#include <limits>

#include "testing.h"

namespace ferrule::testing {
namespace {

[[maybe_unused]] constexpr double kInf = std::numeric_limits<double>::infinity();
[[maybe_unused]] constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
[[maybe_unused]] constexpr float kInfF = std::numeric_limits<float>::infinity();
[[maybe_unused]] constexpr float kNanF = std::numeric_limits<float>::quiet_NaN();

TEST(Gather, TakesSlicesAtIndices) {
  array m = array({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3});
  array t = reshape(arange(24), {2, 3, 4});
  expect_array(take(m, array({2, 0, -1}), 1), float32, shape_of({2, 3}), {3, 1, 3, 6, 4, 6});
  expect_array(take(m, array({1, 0, 1, 0}, {2, 2}), 0), float32, shape_of({2, 2, 3}),
               {4, 5, 6, 1, 2, 3, 4, 5, 6, 1, 2, 3});
  expect_array(take(m, array({5, 0})), float32, shape_of({2}), {6, 1});
  expect_array(take(m, array(1), 0), float32, shape_of({3}), {4, 5, 6});
  expect_array(take(m, -1, 1), float32, shape_of({2}), {3, 6});
  expect_array(take(m, 4), float32, shape_of({}), {5});
  expect_array(take(t, array({1}, uint8), -1), int32, shape_of({2, 3, 1}), {1, 5, 9, 13, 17, 21});
  expect_array(take(m, zeros({0}, int32), 1), float32, shape_of({2, 0}), {});
  expect_array(gather(t, {array({0, 1}), array({2, 0})}, {0, 2}, Shape{1, 2, 1}), int32, shape_of({2, 1, 2, 1}),
               {2, 6, 12, 16});
  expect_array(gather(m, array({1}), 1, Shape{2, 2}), float32, shape_of({1, 2, 2}), {2, 3, 5, 6});
  expect_array(take_along_axis(m, array({2, 0}, {2, 1}), 1), float32, shape_of({2, 1}), {3, 4});
  expect_array(take_along_axis(m, argsort(negative(m), 1), 1), float32, shape_of({2, 3}), {3, 2, 1, 6, 5, 4});
  expect_array(take_along_axis(m, array({1, -1, 0}, {1, 3}), 0), float32, shape_of({1, 3}), {4, 5, 3});
}

TEST(Scatter, PlacesUpdates) {
  array m = array({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3});
  expect_array(scatter(zeros({3}), array({0, 2}), array({5.f, 6.f}, {2, 1}), 0), float32, shape_of({3}), {5, 0, 6});
  expect_array(scatter(zeros({3}), array({1, 1}), array({5.f, 6.f}, {2, 1}), 0), float32, shape_of({3}), {0, 6, 0});
  expect_array(scatter_add(zeros({3}), array({0, 0, -1}), array({5.f, 6.f, 7.f}, {3, 1}), 0), float32, shape_of({3}),
               {11, 0, 7});
  expect_array(scatter_add(m, array({1, 0, 1}), ones({3, 1, 3}), 0), float32, shape_of({2, 3}), {2, 3, 4, 6, 7, 8});
  expect_array(scatter_prod(ones({2}) * 2, array({0, 0}), array({5, 6}, {2, 1}), 0), float32, shape_of({2}), {60, 2});
  expect_array(scatter_max(array({1, 9}), array({0, 1}), array({5, 6}, {2, 1}), 0), int32, shape_of({2}), {5, 9});
  expect_array(scatter_min(array({1, 9}), array({0, 1}), array({5, 6}, {2, 1}), 0), int32, shape_of({2}), {1, 6});
  expect_array(scatter(m, {array({0, 1}), array({2, 0})}, array({-1, -2}, {2, 1, 1}), {0, 1}), float32,
               shape_of({2, 3}), {1, 2, -1, -2, 5, 6});
  expect_array(put_along_axis(m, array({2, 0}, {2, 1}), array(0), 1), float32, shape_of({2, 3}), {1, 2, 0, 0, 5, 6});
  expect_array(scatter_add_axis(m, array({0, 0, 1, 2}, {2, 2}), ones({2, 2}), 1), float32, shape_of({2, 3}),
               {3, 2, 3, 4, 6, 7});
  expect_array(masked_scatter(m, m > 3, array({7.f, 8.f, 9.f})), float32, shape_of({2, 3}), {1, 2, 3, 7, 8, 9});
  expect_array(masked_scatter(m, array({true, false, true}), array({7, 8, 9, 10})), float32, shape_of({2, 3}),
               {7, 2, 8, 9, 5, 10});
}

TEST(Scatter, DropsUpdatesOutsideAndClampsReads) {
  array m = array({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3});
  expect_array(scatter_add(zeros({2}), array({0, 5, -7}), ones({3, 1}), 0), float32, shape_of({2}), {1, 0});
  expect_array(take(arange(3), array({7, -9}), 0), int32, shape_of({2}), {2, 0});
  expect_array(take_along_axis(arange(3), array({7, -9}), 0), int32, shape_of({2}), {2, 0});
  expect_array(put_along_axis(arange(3), array({7}), array(9), 0), int32, shape_of({3}), {0, 1, 2});
}

}  // namespace
}  // namespace ferrule::testing
