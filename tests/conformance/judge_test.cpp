// The judge is right only if it rejects what is wrong: each kind of planted error, and accepts what is honest.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "data.h"
#include "judge.h"
#include "reference.h"

namespace ferrule::conformance {
namespace {

constexpr Real kInf = std::numeric_limits<Real>::infinity();
constexpr Real kNan = std::numeric_limits<Real>::quiet_NaN();

bool accepts(uint32_t dtype, Real got, const Want& want) {
  Tensor t(dtype, {1});
  t.set(0, got);
  return judge(t, {want}).wrong == 0;
}

Want ulps(Real value, Real n) { return Want{.value = {value, 0}, .ulps = n}; }

TEST(Judge, counts_ulps_of_the_output) {
  for (uint32_t code : {FRL_DTYPE_F16, FRL_DTYPE_BF16, FRL_DTYPE_F32, FRL_DTYPE_F64}) {
    const Real ref = round_to(code, 1.375L), unit = ulp(code, ref);
    EXPECT_TRUE(accepts(code, ref + 3 * unit, ulps(ref, 3)));
    EXPECT_FALSE(accepts(code, ref + 4 * unit, ulps(ref, 3)));
    EXPECT_FALSE(accepts(code, ref - 4 * unit, ulps(ref, 3)));
    EXPECT_FALSE(accepts(code, ref + unit, Want::exact(ref)));
  }
}

TEST(Judge, measures_from_the_unrounded_reference) {
  const Real unit = ulp(FRL_DTYPE_F32, 1), ref = 1 + unit * 0.4L;
  EXPECT_TRUE(accepts(FRL_DTYPE_F32, 1 + unit, ulps(ref, 1)));
  EXPECT_FALSE(accepts(FRL_DTYPE_F32, 1 + 2 * unit, ulps(ref, 1)));
  EXPECT_FALSE(accepts(FRL_DTYPE_F32, 1 + unit, Want::exact(ref))) << "not the nearest";
}

TEST(Judge, keeps_classes_apart) {
  EXPECT_FALSE(accepts(FRL_DTYPE_F32, kInf, ulps(kNan, 4)));
  EXPECT_FALSE(accepts(FRL_DTYPE_F32, kNan, ulps(kInf, 4)));
  EXPECT_FALSE(accepts(FRL_DTYPE_F32, kNan, ulps(1, 4)));
  EXPECT_FALSE(accepts(FRL_DTYPE_F32, 1, ulps(kNan, 4)));
  EXPECT_FALSE(accepts(FRL_DTYPE_F32, -kInf, ulps(kInf, 4)));
  EXPECT_FALSE(accepts(FRL_DTYPE_F32, kInf, ulps(1e30L, 4)));
  EXPECT_FALSE(accepts(FRL_DTYPE_F32, max_finite(FRL_DTYPE_F32), ulps(kInf, 4)));
  EXPECT_TRUE(accepts(FRL_DTYPE_F32, -kNan, ulps(kNan, 4)));
}

TEST(Judge, allows_an_infinity_only_at_the_threshold) {
  const Real top = max_finite(FRL_DTYPE_F16);
  EXPECT_TRUE(accepts(FRL_DTYPE_F16, kInf, ulps(top, 1)));
  EXPECT_FALSE(accepts(FRL_DTYPE_F16, kInf, ulps(top / 2, 1)));
  EXPECT_FALSE(accepts(FRL_DTYPE_F16, kInf, Want::exact(Real{65519})));
  EXPECT_TRUE(accepts(FRL_DTYPE_F16, kInf, Want::exact(Real{65520})));
}

TEST(Judge, sees_the_sign_of_zero) {
  EXPECT_FALSE(accepts(FRL_DTYPE_F32, -0.0L, Want::exact(Real{0})));
  EXPECT_FALSE(accepts(FRL_DTYPE_F32, 0.0L, ulps(-0.0L, 3)));
  EXPECT_FALSE(accepts(FRL_DTYPE_F32, ulp(FRL_DTYPE_F32, 0), ulps(0, 3))) << "f(0) = 0 is exact";
  Want either = Want::exact(Real{0});
  either.any_zero_sign = true;
  EXPECT_TRUE(accepts(FRL_DTYPE_F32, -0.0L, either));
}

TEST(Judge, keeps_subnormals_unless_the_device_flushes) {
  const Real small = ulp(FRL_DTYPE_F32, 0) * 1000;
  EXPECT_FALSE(accepts(FRL_DTYPE_F32, 0, ulps(small, 3)));
  Tensor t(FRL_DTYPE_F32, {1});
  EXPECT_EQ(judge(t, {ulps(small, 3)}, true).wrong, 0);
}

TEST(Judge, compares_moved_bits) {
  Tensor t(FRL_DTYPE_F32, {1});
  const uint32_t payload = 0x7fc01234u;
  std::memcpy(t.address(0), &payload, 4);
  EXPECT_EQ(judge(t, {Want::moved(payload)}).wrong, 0);
  EXPECT_EQ(judge(t, {Want::moved(0x7fc00000u)}).wrong, 1);
}

TEST(Judge, rejects_a_bool_that_is_neither_0_nor_1) {
  Tensor t(FRL_DTYPE_BOOL, {1});
  *t.address(0) = std::byte{2};
  EXPECT_EQ(judge(t, {Want::exact(Real{1})}).wrong, 1);
}

TEST(Judge, sees_one_wrong_element_of_many) {
  Tensor t(FRL_DTYPE_F32, {100000});
  Wants wants(100000, Want::exact(Real{0}));
  t.set(99999, 1e-6L);
  EXPECT_EQ(judge(t, wants).wrong, 1);
}

TEST(Judge, rejects_half_precision_arithmetic_in_tanh) {
  Random random("tanh");
  Tensor x = moderate(FRL_DTYPE_F32, {1000}, random, -3, 3), y(FRL_DTYPE_F32, {1000});
  for (int64_t i = 0; i < 1000; ++i) y.set(i, round_to(FRL_DTYPE_F16, std::tanh(x.at(i).re)));
  EXPECT_GT(judge(y, want_elementwise(op("tanh"), {&x}, FRL_DTYPE_F32)).wrong, 900);
}

// Honest sums in f32, whatever their order, pass; a lost tail, half precision and TF32 do not.
class SumBound : public testing::TestWithParam<int64_t> {
 protected:
  SumBound()
      : random_("sum" + std::to_string(GetParam())), x_(moderate(FRL_DTYPE_F32, {1, GetParam()}, random_, -1, 1)) {}
  bool accepted(float sum) const {
    Tensor y(FRL_DTYPE_F32, {1, 1});
    y.set(0, static_cast<Real>(sum));
    return judge(y, want_reduce(op("reduce_sum"), x_, 2, FRL_DTYPE_F32)).wrong == 0;
  }
  float at(int64_t i) const { return static_cast<float>(x_.at(i).re); }

  Random random_;
  Tensor x_;
};

TEST_P(SumBound, accepts_every_honest_order) {
  const int64_t n = GetParam();
  float forward = 0, backward = 0;
  for (int64_t i = 0; i < n; ++i) forward += at(i);
  for (int64_t i = n; i-- > 0;) backward += at(i);
  std::vector<float> lanes(8);
  for (int64_t i = 0; i < n; ++i) lanes[static_cast<size_t>(i % 8)] += at(i);
  EXPECT_TRUE(accepted(forward));
  EXPECT_TRUE(accepted(backward));
  EXPECT_TRUE(accepted(std::accumulate(lanes.begin(), lanes.end(), 0.0f)));
}

TEST_P(SumBound, rejects_a_lost_tail) {
  float sum = 0;
  for (int64_t i = 0; i + 1 < GetParam(); ++i) sum += at(i);
  EXPECT_FALSE(accepted(sum));
}

TEST_P(SumBound, rejects_terms_in_half_precision) {
  float sum = 0;
  for (int64_t i = 0; i < GetParam(); ++i) sum += static_cast<float>(round_to(FRL_DTYPE_F16, x_.at(i).re));
  EXPECT_FALSE(accepted(sum));
}

INSTANTIATE_TEST_SUITE_P(lengths, SumBound, testing::Values(17, 131, 1021));

TEST(Products, reject_tf32) {
  Random random("tf32");
  const int64_t k = 64;
  Tensor a = moderate(FRL_DTYPE_F32, {16, k}, random, -1, 1), b = moderate(FRL_DTYPE_F32, {k, 16}, random, -1, 1);
  Tensor honest(FRL_DTYPE_F32, {16, 16}), rough(FRL_DTYPE_F32, {16, 16});
  const auto tf32 = [](Real x) {  // 10 mantissa bits
    const Real unit = std::ldexp(Real{1}, std::ilogb(x) - 10);
    return static_cast<float>(std::rint(x / unit) * unit);
  };
  for (int64_t i = 0; i < 256; ++i) {
    float sum = 0, rough_sum = 0;
    for (int64_t l = 0; l < k; ++l) {
      const Real p = a.at(i / 16 * k + l).re, q = b.at(l * 16 + i % 16).re;
      sum += static_cast<float>(p) * static_cast<float>(q);
      rough_sum += tf32(p) * tf32(q);
    }
    honest.set(i, static_cast<Real>(sum));
    rough.set(i, static_cast<Real>(rough_sum));
  }
  const Wants wants = want_matmul(nullptr, a, b, 1, 0);
  EXPECT_EQ(judge(honest, wants).wrong, 0);
  EXPECT_GT(judge(rough, wants).wrong, 100);
}

TEST(Norms, reject_a_variance_that_is_not_centred) {
  Random random("variance");
  const Tensor x = moderate(FRL_DTYPE_F32, {1, 64}, random, 28, 32);
  float sum = 0, squares = 0;
  for (int64_t i = 0; i < 64; ++i) {
    const auto v = static_cast<float>(x.at(i).re);
    sum += v;
    squares += v * v;
  }
  const float mean = sum / 64, r = 1 / std::sqrt(squares / 64 - mean * mean + 1e-5f);
  Tensor y(FRL_DTYPE_F32, {1, 64});
  for (int64_t i = 0; i < 64; ++i) y.set(i, static_cast<Real>((static_cast<float>(x.at(i).re) - mean) * r));
  EXPECT_GT(judge(y, want_layer_norm(x, nullptr, nullptr, 1e-5f)).wrong, 0);
}

// The reference itself, against values from the literature and identities.
TEST(Reference, random_bits_match_published_values) {
  Tensor key(FRL_DTYPE_U32, {1, 2});
  const Wants w = want_random_bits(key, FRL_DTYPE_U32, 4);  // how key 0 splits in two
  EXPECT_EQ(w[0].bits, 4146024105u);
  EXPECT_EQ(w[1].bits, 967050713u);
  EXPECT_EQ(w[2].bits, 2718843009u);
  EXPECT_EQ(w[3].bits, 1272950319u);
}

TEST(Reference, erfinv_inverts_erf) {
  for (Real x : {1e-30L, 1e-5L, 0.3L, 0.49999L, 0.5L, 0.9L, 0.999999L, 1 - 0x1p-53L})
    EXPECT_NEAR(static_cast<double>(std::erf(erfinv(x)) / x), 1, 1e-17) << static_cast<double>(x);
}

TEST(Reference, integers_follow_python) {
  const auto value = [](const char* name, uint32_t dtype, Real a, Real b) {
    return want_binary(op(name), dtype, {a, 0}, {b, 0}).value.re;
  };
  EXPECT_EQ(value("floor_divide", FRL_DTYPE_I32, -7, 2), -4);
  EXPECT_EQ(value("remainder", FRL_DTYPE_I32, -7, 2), 1);
  EXPECT_EQ(value("remainder", FRL_DTYPE_I32, 7, -2), -1);
  EXPECT_EQ(value("floor_divide", FRL_DTYPE_I8, -128, -1), -128);
  EXPECT_EQ(value("floor_divide", FRL_DTYPE_U8, 9, 0), 0);
  EXPECT_EQ(value("remainder", FRL_DTYPE_I64, -9, 0), -9);
  EXPECT_EQ(value("power", FRL_DTYPE_I32, 3, 40), 689956897);
  EXPECT_EQ(value("power", FRL_DTYPE_I32, -1, -3), 0);
  EXPECT_EQ(value("right_shift", FRL_DTYPE_I32, -8, 40), -1);
  EXPECT_EQ(value("left_shift", FRL_DTYPE_U8, 255, 8), 0);
  EXPECT_EQ(value("multiply", FRL_DTYPE_U64, int_max(FRL_DTYPE_U64), int_max(FRL_DTYPE_U64)), 1);
}

TEST(Reference, casts_follow_the_table) {
  const auto to = [](uint32_t from, uint32_t code, Real x) { return cast(from, code, {x, 0}).re; };
  EXPECT_EQ(to(FRL_DTYPE_F32, FRL_DTYPE_U8, 300), 255);
  EXPECT_EQ(to(FRL_DTYPE_F32, FRL_DTYPE_U8, -1), 0);
  EXPECT_EQ(to(FRL_DTYPE_F32, FRL_DTYPE_I32, kNan), 0);
  EXPECT_EQ(to(FRL_DTYPE_F64, FRL_DTYPE_I64, kInf), int_max(FRL_DTYPE_I64));
  EXPECT_EQ(to(FRL_DTYPE_I32, FRL_DTYPE_I8, 300), 44);
  EXPECT_EQ(to(FRL_DTYPE_F32, FRL_DTYPE_F16, 65520), kInf);
  EXPECT_EQ(to(FRL_DTYPE_F32, FRL_DTYPE_F16, 65519), 65504);
  EXPECT_EQ(to(FRL_DTYPE_F64, FRL_DTYPE_F16, 1 + 0x1p-11L + 0x1p-30L), 1) << "by way of f32";
}

}  // namespace
}  // namespace ferrule::conformance
