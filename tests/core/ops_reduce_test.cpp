// Reductions, order and scans. Expected values were recorded from mlx.core 0.32.
#include <limits>

#include "testing.h"

namespace ferrule::testing {
namespace {

[[maybe_unused]] constexpr double kInf = std::numeric_limits<double>::infinity();
[[maybe_unused]] constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
[[maybe_unused]] constexpr float kInfF = std::numeric_limits<float>::infinity();
[[maybe_unused]] constexpr float kNanF = std::numeric_limits<float>::quiet_NaN();

TEST(Reduce, SumsAndProductsWidenSmallTypes) {
  array m = array({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3});
  array i = array({1, 2, 3, 4, 5, 6}, {2, 3});
  array b = array({true, false, true});
  array u8 = array({200, 100}, uint8);
  array f16 = array({1.f, 2.5f}, float16);
  array t = reshape(arange(24), {2, 3, 4});
  expect_array(sum(m), float32, shape_of({}), {21});
  expect_array(sum(t, {0, 2}), int32, shape_of({3}), {60, 92, 124});
  expect_array(sum(transpose(t), {0, 2}, true), int32, shape_of({1, 3, 1}), {60, 92, 124});
  expect_array(sum(b), int32, shape_of({}), {2});
  expect_array(sum(u8), uint32, shape_of({}), {300});
  expect_array(sum(array({100, 100}, int8)), int32, shape_of({}), {200});
  expect_array(prod(i, 1), int32, shape_of({2}), {6, 120});
  expect_array(prod(b), int32, shape_of({}), {0});
  expect_array(sum(zeros({0, 2}), 0), float32, shape_of({2}), {0, 0});
  expect_array(prod(zeros({0})), float32, shape_of({}), {1});
  expect_array(sum(array(3)), int32, shape_of({}), {3});
  expect_array(sum(i, std::vector<int>{}), int32, shape_of({2, 3}), {1, 2, 3, 4, 5, 6});
  expect_array(sum(u8, std::vector<int>{}), uint8, shape_of({2}), {200, 100});
  expect_array(sum(f16), float16, shape_of({}), {3.5});
  expect_array(count_nonzero(array({1, 0, 2})), int32, shape_of({}), {2});
  expect_array(mean(i), float32, shape_of({}), {3.5});
  expect_array(mean(i, 0, true), float32, shape_of({1, 3}), {2.5, 3.5, 4.5});
  expect_array(var(m, 1), float32, shape_of({2}), {0.666666687, 0.666666687}, 1e-06);
  expect_array(var(m, 1, false, 1), float32, shape_of({2}), {1, 1}, 1e-06);
  expect_array(var(array({1.f, 2.f}), false, 2), float32, shape_of({}), {kInf});
  expect_array(ferrule::std(m), float32, shape_of({}), {1.70782518}, 1e-06);
  expect_array(median(array({1.f, 3.f, 2.f, 4.f})), float32, shape_of({}), {2.5});
  expect_array(median(t, {0, 2}, true), float32, shape_of({1, 3, 1}), {7.5, 11.5, 15.5});
}

TEST(Reduce, ExtremesLetNanWin) {
  array m = array({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3});
  array i = array({1, 2, 3, 4, 5, 6}, {2, 3});
  array sp = array({kNanF, kInfF, -kInfF, 0.f, 1.5f});
  array t = reshape(arange(24), {2, 3, 4});
  expect_array(max(m, 0), float32, shape_of({3}), {4, 5, 6});
  expect_array(min(t, {0, 1}), int32, shape_of({4}), {0, 1, 2, 3});
  expect_array(max(sp), float32, shape_of({}), {kNan});
  expect_array(min(sp), float32, shape_of({}), {kNan});
  expect_array(max(array({true, false})), bool_, shape_of({}), {1});
  expect_array(std::get<0>(minmax(m, 1)), float32, shape_of({2}), {1, 4});
  expect_array(argmax(m, 1), uint32, shape_of({2}), {2, 2});
  expect_array(argmax(array({1, 3, 3})), uint32, shape_of({}), {1});
  expect_array(argmin(t, 0, true), uint32, shape_of({1, 3, 4}), {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  expect_array(argmin(m, true), uint32, shape_of({1, 1}), {0});
  expect_array(max(zeros({0, 3}), 1), float32, shape_of({0}), {});
  expect_array(all(m > 0), bool_, shape_of({}), {1});
  expect_array(any(m > 3, 1), bool_, shape_of({2}), {0, 1});
  expect_array(all(array({1, 2, 0})), bool_, shape_of({}), {0});
  expect_array(any(array({0.f, 0.5f})), bool_, shape_of({}), {1});
  expect_array(all(zeros({0})), bool_, shape_of({}), {1});
  expect_array(any(zeros({2, 0}), 1), bool_, shape_of({2}), {0, 0});
}

TEST(Reduce, SoftmaxAndLogsumexpAreStable) {
  array m = array({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3});
  array i = array({1, 2, 3, 4, 5, 6}, {2, 3});
  array f16 = array({1.f, 2.5f}, float16);
  expect_array(softmax(m, 1), float32, shape_of({2, 3}),
               {0.0900305733, 0.244728476, 0.665240943, 0.0900305733, 0.244728476, 0.665240943}, 1e-06);
  expect_array(softmax(i, 0), float32, shape_of({2, 3}),
               {0.047425881, 0.047425881, 0.047425881, 0.952574134, 0.952574134, 0.952574134}, 1e-06);
  expect_array(softmax(m), float32, shape_of({2, 3}),
               {0.00426977873, 0.0116064614, 0.0315496363, 0.0857607946, 0.233122021, 0.633691311}, 1e-06);
  expect_array(softmax(m, {0, 1}), float32, shape_of({2, 3}),
               {0.00426977873, 0.0116064614, 0.0315496363, 0.0857607946, 0.233122021, 0.633691311}, 1e-06);
  expect_array(softmax(f16 * 100, 0, true), float16, shape_of({2}), {0, 1}, 0.001);
  expect_array(softmax(array({1000.f, 1000.f})), float32, shape_of({2}), {0.5, 0.5}, 1e-06);
  expect_array(softmax(array(3.f)), float32, shape_of({}), {1});
  expect_array(softmax(zeros({0})), float32, shape_of({0}), {});
  expect_array(logsumexp(m, 1), float32, shape_of({2}), {3.40760589, 6.40760612}, 1e-06);
  expect_array(logsumexp(m, {0, 1}, true), float32, shape_of({1, 1}), {6.45619345}, 1e-06);
  expect_array(logsumexp(array({-kInfF, -kInfF})), float32, shape_of({}), {-kInf});
  expect_array(logsumexp(array({1000.f, 1000.f})), float32, shape_of({}), {1000.69318}, 1e-06);
}

TEST(Order, SortsAreStableWithNanLast) {
  array sp = array({kNanF, kInfF, -kInfF, 0.f, 1.5f});
  array t = reshape(arange(24), {2, 3, 4});
  expect_array(sort(array({3, 1, 2})), int32, shape_of({3}), {1, 2, 3});
  expect_array(sort(sp), float32, shape_of({5}), {-kInf, 0, 1.5, kInf, kNan});
  expect_array(sort(array({3, 1, 2, 0}, {2, 2}), 0), int32, shape_of({2, 2}), {2, 0, 3, 1});
  expect_array(sort(array({3, 1, 2, 0}, {2, 2})), int32, shape_of({4}), {0, 1, 2, 3});
  expect_array(argsort(array({2, 1, 2, 1})), uint32, shape_of({4}), {1, 3, 0, 2});
  expect_array(sort(array({true, false})), bool_, shape_of({2}), {0, 1});
  expect_array(sort(topk(array({1.f, 5.f, 2.f, 3.f}), 2)), float32, shape_of({2}), {3, 5});
  expect_array(take(partition(array({4, 1, 3, 2, 0}), 2), 2), int32, shape_of({}), {2});
  expect_array(sort(argpartition(array({4, 1, 3, 2, 0}), 2)), uint32, shape_of({5}), {0, 1, 2, 3, 4});
  expect_array(searchsorted(array({1.f, 2.f, 2.f, 3.f}), array({2.f, 0.f, 9.f})), uint32, shape_of({3}), {1, 0, 4});
  expect_array(searchsorted(array({1, 2, 2, 3}), array({2, 3}), "right"), uint32, shape_of({2}), {3, 4});
  expect_array(real(sort(array({std::complex<float>(1, 2), std::complex<float>(1, -1), std::complex<float>(0, 5)}))),
               float32, shape_of({3}), {0, 1, 1});
  expect_array(imag(sort(array({std::complex<float>(1, 2), std::complex<float>(1, -1), std::complex<float>(0, 5)}))),
               float32, shape_of({3}), {5, -1, 2});
}

TEST(Scan, RunsAlongAnAxisInBothDirections) {
  array m = array({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3});
  array i = array({1, 2, 3, 4, 5, 6}, {2, 3});
  array b = array({true, false, true});
  expect_array(cumsum(m, 1), float32, shape_of({2, 3}), {1, 3, 6, 4, 9, 15});
  expect_array(cumsum(m), float32, shape_of({6}), {1, 3, 6, 10, 15, 21});
  expect_array(cumsum(m, 0, true), float32, shape_of({2, 3}), {5, 7, 9, 4, 5, 6});
  expect_array(cumsum(i, 1, false, false), int32, shape_of({2, 3}), {0, 1, 3, 0, 4, 9});
  expect_array(cumsum(b), int32, shape_of({3}), {1, 1, 2});
  expect_array(cumsum(array({100, 100}, uint8), 0), uint8, shape_of({2}), {100, 200});
  expect_array(cumsum(array({100, 100}, uint8), 0, false, true, int32), int32, shape_of({2}), {100, 200});
  expect_array(cumprod(i, 1), int32, shape_of({2, 3}), {1, 2, 6, 4, 20, 120});
  expect_array(cumprod(m, 1, true, false), float32, shape_of({2, 3}), {6, 3, 1, 30, 6, 1});
  expect_array(cummax(array({1, 3, 2, 5, 4}), 0), int32, shape_of({5}), {1, 3, 3, 5, 5});
  expect_array(cummin(array({3.f, 1.f, 2.f}), 0, true), float32, shape_of({3}), {1, 1, 2});
  expect_array(cummax(array({1.f, 3.f, 2.f}), 0, false, false), float32, shape_of({3}), {-kInf, 1, 3});
  expect_array(logcumsumexp(m, 1), float32, shape_of({2, 3}), {1, 2.31326175, 3.40760612, 4, 5.31326151, 6.40760612},
               1e-06);
  expect_array(logcumsumexp(m, 1, true, false), float32, shape_of({2, 3}), {3.31326175, 3, -kInf, 6.31326151, 6, -kInf},
               1e-06);
  expect_array(diff(array({1, 4, 9, 16})), int32, shape_of({3}), {3, 5, 7});
  expect_array(diff(m, 2, 1), float32, shape_of({2, 1}), {0, 0});
  expect_array(cumsum(zeros({0}), 0), float32, shape_of({0}), {});
}

}  // namespace
}  // namespace ferrule::testing
