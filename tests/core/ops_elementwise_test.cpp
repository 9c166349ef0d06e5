// Elementwise ops: values, dtypes and promotion. Expected values were recorded from mlx.core 0.32.
#include <limits>

#include "testing.h"

namespace ferrule::testing {
namespace {

[[maybe_unused]] constexpr double kInf = std::numeric_limits<double>::infinity();
[[maybe_unused]] constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
[[maybe_unused]] constexpr float kInfF = std::numeric_limits<float>::infinity();
[[maybe_unused]] constexpr float kNanF = std::numeric_limits<float>::quiet_NaN();

TEST(Elementwise, ArithmeticPromotesAndBroadcasts) {
  array m = array({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3});
  array i = array({1, 2, 3, 4, 5, 6}, {2, 3});
  array b = array({true, false, true});
  array f16 = array({1.f, 2.5f}, float16);
  array u8 = array({200, 100}, uint8);
  expect_array(m + i, float32, shape_of({2, 3}), {2, 4, 6, 8, 10, 12});
  expect_array(i * 2, int32, shape_of({2, 3}), {2, 4, 6, 8, 10, 12});
  expect_array(m * 2, float32, shape_of({2, 3}), {2, 4, 6, 8, 10, 12});
  expect_array(2 - m, float32, shape_of({2, 3}), {1, 0, -1, -2, -3, -4});
  expect_array(m / 2, float32, shape_of({2, 3}), {0.5, 1, 1.5, 2, 2.5, 3});
  expect_array(i / 2, float32, shape_of({2, 3}), {0.5, 1, 1.5, 2, 2.5, 3});
  expect_array(1 / i, float32, shape_of({2, 3}), {1, 0.5, 0.333333343, 0.25, 0.200000003, 0.166666672}, 1e-06);
  expect_array(b + b, bool_, shape_of({3}), {1, 0, 1});
  expect_array(b * i, int32, shape_of({2, 3}), {1, 0, 3, 4, 0, 6});
  expect_array(subtract(b, array({true, true, false})), bool_, shape_of({3}), {0, 1, 1});
  expect_array(u8 + array({100, 1}, uint8), uint8, shape_of({2}), {44, 101});
  expect_array(u8 + array({100, 1}, int8), int16, shape_of({2}), {300, 101});
  expect_array(f16 + array({1.f, 1.f}), float32, shape_of({2}), {2, 3.5});
  expect_array(f16 + array({1, 1}), float16, shape_of({2}), {2, 3.5});
  expect_array(f16 + array({1.f, 1.f}, bfloat16), float32, shape_of({2}), {2, 3.5});
  expect_array(m + reshape(array({10.f, 20.f}), {2, 1}), float32, shape_of({2, 3}), {11, 12, 13, 24, 25, 26});
  expect_array(array({1, 2}, uint64) + array({1, 2}, int64), float32, shape_of({2}), {2, 4});
}

TEST(Elementwise, DivisionOfIntegersFloors) {
  array neg = array({-7, 7, -8});
  expect_array(floor_divide(neg, array(2)), int32, shape_of({3}), {-4, 3, -4});
  expect_array(remainder(neg, array(3)), int32, shape_of({3}), {2, 1, 1});
  expect_array(neg % -3, int32, shape_of({3}), {-1, -2, -2});
  expect_array(divmod(neg, array(3))[0], int32, shape_of({3}), {-3, 2, -3});
  expect_array(divmod(neg, array(3))[1], int32, shape_of({3}), {2, 1, 1});
  expect_array(floor_divide(array({7.f, -7.f, 1.f}), array({2.f, 2.f, 0.f})), float32, shape_of({3}), {3, -4, kInf});
  expect_array(remainder(array({5.5f, -5.5f}), array(2.f)), float32, shape_of({2}), {1.5, 0.5});
  expect_array(power(neg, array(2)), int32, shape_of({3}), {49, 49, 64});
  expect_array(power(array({2.f, 0.f}), array({-1.f, 0.f})), float32, shape_of({2}), {0.5, 1});
  expect_array(power(array({true, false, false}), array({true, true, false})), bool_, shape_of({3}), {1, 0, 1});
}

TEST(Elementwise, UnaryOpsOfIntegersGiveFloat32) {
  array i = array({1, 2, 3, 4, 5, 6}, {2, 3});
  array b = array({true, false, true});
  expect_array(exp(i), float32, shape_of({2, 3}),
               {2.71828175, 7.38905573, 20.085535, 54.5981483, 148.413162, 403.428711}, 1e-06);
  expect_array(sqrt(array({true, false, true})), float32, shape_of({3}), {1, 0, 1});
  expect_array(sigmoid(array({0, 2})), float32, shape_of({2}), {0.5, 0.880797088}, 1e-06);
  expect_array(log2(array({8, 1})), float32, shape_of({2}), {3, 0}, 1e-06);
  expect_array(log10(array({1000.f, 1.f})), float32, shape_of({2}), {3, 0}, 1e-06);
  expect_array(square(i), int32, shape_of({2, 3}), {1, 4, 9, 16, 25, 36});
  expect_array(abs(array({-3, 3})), int32, shape_of({2}), {3, 3});
  expect_array(sign(array({-3, 0, 3})), int32, shape_of({3}), {-1, 0, 1});
  expect_array(reciprocal(array({4, 2})), float32, shape_of({2}), {0.25, 0.5});
  expect_array(floor(array({1, 2})), int32, shape_of({2}), {1, 2});
  expect_array(negative(array({1, 2}, uint8)), uint8, shape_of({2}), {255, 254});
  expect_array(degrees(array({1.f, 2.f})), float32, shape_of({2}), {57.2957802, 114.59156}, 1e-06);
  expect_array(radians(array({90, 180})), float32, shape_of({2}), {1.57079637, 3.14159274}, 1e-06);
  expect_array(trunc(array({1.7f, -1.7f})), float32, shape_of({2}), {1, -1});
}

TEST(Elementwise, RoundingIsHalfToEven) {
  expect_array(round(array({0.5f, 1.5f, -0.5f, 2.4f})), float32, shape_of({4}), {0, 2, -0.0, 2});
  expect_array(round(array({1.235f, 15.f}), 2), float32, shape_of({2}), {1.24000001, 15}, 1e-06);
  expect_array(round(array({123, 167}), -1), int32, shape_of({2}), {120, 170});
  expect_array(ceil(array({1.2f, -1.2f})), float32, shape_of({2}), {2, -1});
}

TEST(Elementwise, ComparisonsGiveBool) {
  array m = array({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3});
  array i = array({1, 2, 3, 4, 5, 6}, {2, 3});
  array c = array({std::complex<float>(1, 2), std::complex<float>(0, -0.5f)});
  expect_array(m > 3, bool_, shape_of({2, 3}), {0, 0, 0, 1, 1, 1});
  expect_array(3 >= i, bool_, shape_of({2, 3}), {1, 1, 1, 0, 0, 0});
  expect_array(i == m, bool_, shape_of({2, 3}), {1, 1, 1, 1, 1, 1});
  expect_array(i != 2, bool_, shape_of({2, 3}), {1, 0, 1, 1, 1, 1});
  expect_array(m < i, bool_, shape_of({2, 3}), {0, 0, 0, 0, 0, 0});
  expect_array(m <= i, bool_, shape_of({2, 3}), {1, 1, 1, 1, 1, 1});
  expect_array(c == array(std::complex<float>(1, 2)), bool_, shape_of({2}), {1, 0});
  expect_array(logical_and(m > 2, i < 5), bool_, shape_of({2, 3}), {0, 0, 1, 1, 0, 0});
  expect_array(logical_or(array({0.f, 0.5f}), array({0, 0})), bool_, shape_of({2}), {0, 1});
  expect_array(logical_xor(array({true, true}), array({1, 0})), bool_, shape_of({2}), {0, 1});
  expect_array(!i, bool_, shape_of({2, 3}), {0, 0, 0, 0, 0, 0});
  expect_array((m > 2) && (m < 5), bool_, shape_of({2, 3}), {0, 0, 1, 1, 0, 0});
  expect_array((m < 2) || (m > 5), bool_, shape_of({2, 3}), {1, 0, 0, 0, 0, 1});
}

TEST(Elementwise, BitsCombine) {
  expect_array(array({12, 10}) & 6, int32, shape_of({2}), {4, 2});
  expect_array(array({12, 10}) | array({1, 2}, uint8), int32, shape_of({2}), {13, 10});
  expect_array(array({12, 10}) ^ 6, int32, shape_of({2}), {10, 12});
  expect_array(array({1, 3}) << 2, int32, shape_of({2}), {4, 12});
  expect_array(array({-8, 9}) >> 1, int32, shape_of({2}), {-4, 4});
  expect_array(~array({0, 5}), int32, shape_of({2}), {-1, -6});
  expect_array(~array({true, false}), bool_, shape_of({2}), {0, 1});
  expect_array(array({true, false}) & array({true, true}), bool_, shape_of({2}), {1, 0});
  expect_array(left_shift(array({true, false}), array({true, true})), uint8, shape_of({2}), {2, 0});
}

TEST(Elementwise, NonFiniteValuesAreTold) {
  array sp = array({kNanF, kInfF, -kInfF, 0.f, 1.5f});
  array c = array({std::complex<float>(1, 2), std::complex<float>(0, -0.5f)});
  expect_array(isnan(sp), bool_, shape_of({5}), {1, 0, 0, 0, 0});
  expect_array(isinf(sp), bool_, shape_of({5}), {0, 1, 1, 0, 0});
  expect_array(isfinite(sp), bool_, shape_of({5}), {0, 0, 0, 1, 1});
  expect_array(isposinf(sp), bool_, shape_of({5}), {0, 1, 0, 0, 0});
  expect_array(isneginf(sp), bool_, shape_of({5}), {0, 0, 1, 0, 0});
  expect_array(nan_to_num(sp), float32, shape_of({5}), {0, 3.40282347e+38, -3.40282347e+38, 0, 1.5}, 1e-07);
  expect_array(nan_to_num(sp, 1, 2.f, -3.f), float32, shape_of({5}), {1, 2, -3, 0, 1.5});
  expect_array(isnan(array({1, 2})), bool_, shape_of({2}), {0, 0});
  expect_array(isfinite(array({1, 2})), bool_, shape_of({2}), {1, 1});
  expect_array(isfinite(c), bool_, shape_of({2}), {1, 1});
  expect_array(maximum(sp, array(1.f)), float32, shape_of({5}), {kNan, kInf, 1, 1, 1.5});
  expect_array(minimum(sp, array(1.f)), float32, shape_of({5}), {kNan, 1, -kInf, 0, 1});
  expect_array(isclose(sp, sp), bool_, shape_of({5}), {0, 1, 1, 1, 1});
  expect_array(isclose(sp, sp, 1e-5, 1e-8, true), bool_, shape_of({5}), {1, 1, 1, 1, 1});
  expect_array(isclose(array({1.f, 1.f}), array({1.00001f, 1.1f})), bool_, shape_of({2}), {0, 0});
  expect_array(allclose(array({1.f}), array({1.000001f})), bool_, shape_of({}), {1});
  expect_array(array_equal(sp, sp), bool_, shape_of({}), {0});
  expect_array(array_equal(sp, sp, true), bool_, shape_of({}), {1});
  expect_array(array_equal(array({1}), array({1, 1})), bool_, shape_of({}), {0});
}

TEST(Elementwise, SelectionBroadcasts) {
  array m = array({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3});
  array i = array({1, 2, 3, 4, 5, 6}, {2, 3});
  expect_array(where(m > 2, m, array(0)), float32, shape_of({2, 3}), {0, 0, 3, 4, 5, 6});
  expect_array(where(array(true), i, m), float32, shape_of({2, 3}), {1, 2, 3, 4, 5, 6});
  expect_array(where(array({1, 0, 2}), i, array(-1)), int32, shape_of({2, 3}), {1, -1, 3, 4, -1, 6});
  expect_array(clip(i, array(2), array(4)), int32, shape_of({2, 3}), {2, 2, 3, 4, 4, 4});
  expect_array(clip(m, std::nullopt, array(2.5f)), float32, shape_of({2, 3}), {1, 2, 2.5, 2.5, 2.5, 2.5});
  expect_array(clip(i, array(1.5f)), float32, shape_of({2, 3}), {1.5, 2, 3, 4, 5, 6});
}

TEST(Elementwise, ComplexPartsAndFunctions) {
  array c = array({std::complex<float>(1, 2), std::complex<float>(0, -0.5f)});
  expect_array(real(c), float32, shape_of({2}), {1, -0.0});
  expect_array(imag(c), float32, shape_of({2}), {2, -0.5});
  expect_array(abs(c), float32, shape_of({2}), {2.23606801, 0.5}, 1e-06);
  expect_array(real(conjugate(c)), float32, shape_of({2}), {1, -0.0});
  expect_array(imag(conjugate(c)), float32, shape_of({2}), {-2, 0.5});
  expect_array(real(c * c), float32, shape_of({2}), {-3, -0.25}, 1e-06);
  expect_array(imag(c * c), float32, shape_of({2}), {4, 0}, 1e-06);
  expect_array(real(exp(c)), float32, shape_of({2}), {-1.13120437, 0.87758255}, 1e-05);
  expect_array(imag(exp(c)), float32, shape_of({2}), {2.47172666, -0.47942555}, 1e-05);
  expect_array(real(c / array(std::complex<float>(0, 2))), float32, shape_of({2}), {1, -0.25}, 1e-06);
  expect_array(imag(c / array(std::complex<float>(0, 2))), float32, shape_of({2}), {-0.5, 0}, 1e-06);
  expect_array(real(array({1, 2})), int32, shape_of({2}), {1, 2});
  expect_array(imag(array({1, 2})), int32, shape_of({2}), {0, 0});
  expect_array(real(c + 1), float32, shape_of({2}), {2, 1});
  expect_array(imag(c + 1), float32, shape_of({2}), {2, -0.5});
  expect_array(logaddexp(array({0.f, 1.f}), array(1.f)), float32, shape_of({2}), {1.31326175, 1.69314718}, 1e-06);
  expect_array(arctan2(array({1.f, -1.f}), array({-1.f, 0.f})), float32, shape_of({2}), {2.3561945, -1.57079637},
               1e-06);
}

TEST(Elementwise, CastsFollowMlx) {
  array sp = array({kNanF, kInfF, -kInfF, 0.f, 1.5f});
  expect_array(astype(array({1.7f, -1.7f}), int32), int32, shape_of({2}), {1, -1});
  expect_array(astype(array({0.5f, 0.f}), bool_), bool_, shape_of({2}), {1, 0});
  expect_array(astype(array(300), uint8), uint8, shape_of({}), {44});
  expect_array(astype(array({300, -1}), uint8), uint8, shape_of({2}), {44, 255});
  expect_array(real(astype(array({1.f, 2.f}), complex64)), float32, shape_of({2}), {1, 2});
  expect_array(imag(astype(array({1.f, 2.f}), complex64)), float32, shape_of({2}), {0, 0});
  expect_array(view(array({1.f, 2.f}), int32), int32, shape_of({2}), {1065353216, 1073741824});
  expect_array(view(array({1, 2}), uint8), uint8, shape_of({8}), {1, 0, 0, 0, 2, 0, 0, 0});
  expect_array(view(array({1, 0, 0, 0}, uint8), uint32), uint32, shape_of({1}), {1});
}

}  // namespace
}  // namespace ferrule::testing
