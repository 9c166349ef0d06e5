// Products, convolutions and norms. Expected values were recorded from mlx.core 0.32.
#include <limits>

#include "ferrule/fast.h"
#include "testing.h"

namespace ferrule::testing {
namespace {

[[maybe_unused]] constexpr double kInf = std::numeric_limits<double>::infinity();
[[maybe_unused]] constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
[[maybe_unused]] constexpr float kInfF = std::numeric_limits<float>::infinity();
[[maybe_unused]] constexpr float kNanF = std::numeric_limits<float>::quiet_NaN();

TEST(Matmul, VectorsAndBatchesFollowNumPy) {
  array m = array({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3});
  array a2 = array({1.f, 2.f, 3.f, 4.f}, {2, 2});
  array t = reshape(arange(24), {2, 3, 4});
  expect_array(matmul(a2, m), float32, shape_of({2, 3}), {9, 12, 15, 19, 26, 33});
  expect_array(matmul(array({1.f, 2.f}), m), float32, shape_of({3}), {9, 12, 15});
  expect_array(matmul(m, array({1.f, 2.f, 3.f})), float32, shape_of({2}), {14, 32});
  expect_array(matmul(array({1.f, 2.f}), array({3.f, 4.f})), float32, shape_of({}), {11});
  expect_array(matmul(transpose(m), a2), float32, shape_of({3, 2}), {13, 18, 17, 24, 21, 30});
  expect_array(matmul(reshape(arange(12.0), {2, 2, 3}), transpose(m)), float32, shape_of({2, 2, 2}),
               {8, 17, 26, 62, 44, 107, 62, 152});
  expect_array(
      matmul(reshape(arange(12.0), {2, 1, 2, 3}), reshape(arange(18.0), {3, 3, 2})), float32, shape_of({2, 3, 2, 2}),
      {10, 13, 28, 40, 28, 31, 100, 112, 46, 49, 172, 184, 46, 67, 64, 94, 172, 193, 244, 274, 298, 319, 424, 454});
  expect_array(matmul(array({1.f, 2.f}), reshape(arange(8.0), {2, 2, 2})), float32, shape_of({2, 2}), {4, 7, 16, 19});
  expect_array(matmul(a2, array({1, 2})), float32, shape_of({2}), {5, 11});
  expect_array(matmul(zeros({2, 0}), zeros({0, 3})), float32, shape_of({2, 3}), {0, 0, 0, 0, 0, 0});
  expect_array(matmul(astype(a2, float16), astype(a2, bfloat16)), float32, shape_of({2, 2}), {7, 10, 15, 22});
  expect_array(addmm(array({1.f, 2.f}), a2, a2), float32, shape_of({2, 2}), {8, 12, 16, 24});
  expect_array(addmm(array({1.f, 2.f}, {2, 1}), a2, a2, 0.5f, 2.f), float32, shape_of({2, 2}), {5.5, 7, 11.5, 15});
  expect_array(addmm(array({1.f, 2.f}, {2, 1, 1}), reshape(arange(8.0), {2, 2, 2}), a2), float32, shape_of({2, 2, 2}),
               {4, 5, 12, 17, 21, 30, 29, 42});
  expect_array(addmm(array(1.f), array({1.f, 2.f}), a2), float32, shape_of({2}), {8, 11});
}

TEST(Matmul, OtherProductsAreMadeOfIt) {
  array m = array({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3});
  array a2 = array({1.f, 2.f, 3.f, 4.f}, {2, 2});
  array i = array({1, 2, 3, 4, 5, 6}, {2, 3});
  expect_array(inner(m, m), float32, shape_of({2, 2}), {14, 32, 32, 77});
  expect_array(inner(array(2.f), m), float32, shape_of({2, 3}), {2, 4, 6, 8, 10, 12});
  expect_array(outer(array({1, 2}), array({3, 4})), int32, shape_of({2, 2}), {3, 4, 6, 8});
  expect_array(tensordot(m, m, {0, 1}, {0, 1}), float32, shape_of({}), {91});
  expect_array(tensordot(a2, m, 1), float32, shape_of({2, 3}), {9, 12, 15, 19, 26, 33});
  expect_array(kron(array({1, 2}, {1, 2}), array({1, 2}, {2, 1})), int32, shape_of({2, 2}), {1, 2, 2, 4});
  expect_array(kron(array({1, 2}), i), int32, shape_of({2, 6}), {1, 2, 3, 2, 4, 6, 4, 5, 6, 8, 10, 12});
  expect_array(vecdot(m, m), float32, shape_of({2}), {14, 77});
  expect_array(einsum("ij,kj->ik", {m, m}), float32, shape_of({2, 2}), {14, 32, 32, 77});
  expect_array(einsum("ii", {a2}), float32, shape_of({}), {5});
  expect_array(einsum("ij->ji", {m}), float32, shape_of({3, 2}), {1, 4, 2, 5, 3, 6});
  expect_array(einsum("ij,jk,kl->il", {a2, a2, m}), float32, shape_of({2, 3}), {47, 64, 81, 103, 140, 177});
  expect_array(einsum("ij,ij->", {m, m}), float32, shape_of({}), {91});
  expect_array(einsum("i,j->ij", {array({1, 2}), array({3, 4})}), int32, shape_of({2, 2}), {3, 4, 6, 8});
  expect_array(einsum("bij,bjk->bik", {reshape(arange(8.0), {2, 2, 2}), reshape(arange(8.0), {2, 2, 2})}), float32,
               shape_of({2, 2, 2}), {2, 3, 6, 11, 46, 55, 66, 79});
  expect_array(einsum("ba", {m}), float32, shape_of({3, 2}), {1, 4, 2, 5, 3, 6});
}

TEST(Conv, MatchesRecordedValues) {
  array x4 = reshape(arange(32.0), {1, 4, 4, 2}) / 8 - 2, w4 = reshape(arange(36.0) % 5 - 2, {3, 2, 3, 2});
  array x1 = reshape(arange(10.0), {1, 5, 2}), w1 = reshape(arange(12.0) % 5 - 2, {2, 3, 2});
  array wt = reshape(arange(24.0) % 5 - 2, {3, 2, 2, 2});
  array xg = reshape(arange(36.0) % 7, {1, 3, 3, 4}), wg = reshape(arange(16.0) % 5 - 2, {2, 2, 2, 2});
  array x3 = reshape(arange(16.0), {1, 2, 4, 2, 1}), w3 = reshape(arange(8.0) % 5 - 2, {1, 2, 2, 2, 1});
  expect_array(conv1d(x1, w1), float32, shape_of({1, 3, 2}), {0, -5, -4, -7, -8, -9}, 1e-05);
  expect_array(conv1d(x1, w1, 2, 1, 2), float32, shape_of({1, 2, 2}), {1, -11, 0, 18}, 1e-05);
  expect_array(conv2d(x4, w4), float32, shape_of({1, 3, 2, 3}),
               {4.375, -1.625, -0.75, 3.625, -1.375, -0.75, 1.375, -0.625, -0.75, 0.625, -0.375, -0.75, -1.625, 0.375,
                -0.75, -2.375, 0.625, -0.75},
               1e-05);
  expect_array(conv2d(x4, w4, {2, 1}, {1, 2}, {1, 2}), float32, shape_of({1, 3, 4, 3}),
               {-1.375, 4.5,   -2.125, -1.375, 4,  -1.875, -2.25, -1.375, 4.5,   -1.75, -1.375, 4,
                -2.5,   0.75,  -0.375, -2.25,  0,  0.375,  4.25,  -2.5,   0.75,  4.25,  -2.25,  0,
                0.875,  -1.75, 3.75,   1.125,  -2, 4.25,   -1.5,  0.875,  -1.75, -2,    1.125,  -2},
               1e-05);
  expect_array(conv2d(xg, wg, {1, 1}, {1, 0}, {1, 1}, 2), float32, shape_of({1, 4, 2, 2}),
               {-6, 15, -3, -2, 0, -5, -19, -1, -15, -7, -13, 25, -9, 10, 4, -4}, 1e-05);
  expect_array(conv3d(x3, w3, {1, 2, 1}), float32, shape_of({1, 1, 2, 1, 1}), {-10, -22}, 1e-05);
  expect_array(conv_general(x1, w1, {2}, {1}, {2}, {2}, {3}, 1, true), float32, shape_of({1, 6, 2}),
               {-7, -2, 3, 8, -2, -7, -19, -6, 7, 20, -2, -19}, 1e-05);
  expect_array(conv_general(x1, w1), float32, shape_of({1, 3, 2}), {0, -5, -4, -7, -8, -9}, 1e-05);
  expect_array(conv_transpose1d(x1, w1, 2, 1, 1, 1), float32, shape_of({1, 10, 2}),
               {1, 2, -9, -3, 3, 8, -15, -11, 5, 14, -21, -19, 7, 20, -27, -27, 9, 26, -2, -25}, 1e-05);
  expect_array(
      conv_transpose2d(x4, wt, {2, 1}, {1, 0}, {1, 2}, {1, 0}), float32, shape_of({1, 7, 6, 3}),
      {-0.25,  -1.875, 5.875,  -0.25,  -1.625, 5.125,  1.75,   -1.625, 2.5,    1.5,    -1.375, 2,      1.5,    -0.25,
       -1.375, 1.25,   -0.25,  -1.125, 2.875,  -2.75,  1,      2.125,  -2,     0.75,   0.5,    1.625,  -2.25,  0,
       1.625,  -1.75,  -0.375, 1.375,  -1.25,  -0.125, 0.625,  -0.5,   -0.25,  -0.875, 2.875,  -0.25,  -0.625, 2.125,
       0.75,   -0.625, 0.5,    0.5,    -0.375, 0,      0.5,    -0.25,  -0.375, 0.25,   -0.25,  -0.125, -0.125, 0.25,
       0,      -0.875, 1,      -0.25,  -1.5,   1.625,  -0.25,  -2,     1.625,  0.25,   0.625,  -1.625, 1.75,   0.875,
       -2.375, 2.5,    -0.25,  0.125,  -0.125, -0.25,  0.375,  -0.875, -0.25,  0.375,  -1.5,   -0.5,   0.625,  -2,
       -0.5,   -0.25,  0.625,  -0.75,  -0.25,  0.875,  -3.125, 3.25,   -1,     -3.875, 4,      -1.25,  -3.5,   1.625,
       1.75,   -4,     1.625,  2.25,   1.625,  -4.625, 4.75,   1.875,  -5.375, 5.5,    -0.25,  1.125,  -3.125, -0.25,
       1.375,  -3.875, -1.25,  1.375,  -3.5,   -1.5,   1.625,  -4,     -1.5,   -0.25,  1.625,  -1.75,  -0.25,  1.875},
      1e-05);
  expect_array(
      conv_transpose3d(x3, w3, {1, 2, 1}), float32, shape_of({1, 3, 8, 3, 1}),
      {0,   -2,  -1,  0,  0,  1, -4,  -8,  -3,  0,   2,   3,  -8,  -14, -5,  0,   4,   5,  -12, -20, -7,  0,   6,   7,
       -16, -24, -11, 0,  7,  9, -16, -30, -17, -2,  7,   11, -16, -36, -23, -4,  7,   13, -16, -42, -29, -6,  7,   15,
       16,  2,   -18, -8, -9, 0, 20,  2,   -22, -10, -11, 0,  24,  2,   -26, -12, -13, 0,  28,  2,   -30, -14, -15, 0},
      1e-05);
}

TEST(Norm, MatchesRecordedValues) {
  array ln = array({1.f, 2.f, 3.f, 4.f, 5.f, 7.f}, {2, 3});
  array w = array({1.f, 2.f, -1.f}), bias = array({0.5f, 0.f, 1.f});
  expect_array(fast::rms_norm(ln, w, 1e-5f), float32, shape_of({2, 3}),
               {0.462909549, 1.8516382, -1.38872862, 0.730296671, 1.82574165, -1.27801919}, 1e-06);
  expect_array(fast::rms_norm(ln, std::nullopt, 1e-5f), float32, shape_of({2, 3}),
               {0.462909549, 0.925819099, 1.38872862, 0.730296671, 0.912870824, 1.27801919}, 1e-06);
  expect_array(fast::layer_norm(ln, w, bias, 1e-5f), float32, shape_of({2, 3}),
               {-0.724735618, 0, -0.224735618, -0.569041729, -0.534521043, -0.336301804}, 1e-05);
  expect_array(fast::layer_norm(ln, std::nullopt, bias, 1e-5f), float32, shape_of({2, 3}),
               {-0.724735618, 0, 2.22473574, -0.569041729, -0.267260522, 2.3363018}, 1e-05);
  expect_array(fast::layer_norm(astype(ln, float16), std::nullopt, std::nullopt, 1e-5f), float16, shape_of({2, 3}),
               {-1.22460938, 0, 1.22460938, -1.06933594, -0.267333984, 1.3359375}, 0.002);
}

}  // namespace
}  // namespace ferrule::testing
