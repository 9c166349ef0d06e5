// compile(): same results as without, traced once per signature, fused, and differentiable from outside.
#include <gtest/gtest.h>

#include <limits>

#include "ferrule/ferrule.h"
#include "runtime/program.h"

namespace ferrule {
namespace {

std::vector<array> chain(const std::vector<array>& in) {
  array x = in[0];
  return {sigmoid(x * array(1.5f) + array(0.5f)) * tanh(x) - exp(negative(abs(x)))};
}

TEST(Compile, GivesTheSameResult) {
  array x = reshape(arange(-60.0, 60.0, 1.0, float32) / array(7.0f), {10, 12});
  array expected = chain({x})[0];
  array got = compile(chain)({x})[0];
  EXPECT_TRUE(allclose(got, expected, 1e-6, 1e-6).item<bool>());
}

TEST(Compile, FusesAnElementwiseChainIntoOneStep) {
  auto program = detail::trace(chain, {ones({4, 4})});
  size_t before = program.size();
  program.simplify();
  program.fuse();
  EXPECT_GE(before, 8u);
  EXPECT_EQ(program.size(), 1u);
}

TEST(Compile, MergesEqualSubexpressions) {
  auto program = detail::trace(
      [](const std::vector<array>& in) { return std::vector<array>{matmul(exp(in[0]), exp(in[0]))}; }, {ones({3, 3})});
  EXPECT_EQ(program.size(), 3u);
  program.simplify();
  EXPECT_EQ(program.size(), 2u);
}

TEST(Compile, TracesOncePerSignature) {
  int traces = 0;
  auto f = compile([&](const std::vector<array>& in) {
    ++traces;
    return std::vector<array>{in[0] + in[1]};
  });
  for (int i = 0; i < 5; ++i) f({ones({2}), ones({2})});
  EXPECT_EQ(traces, 1);
  f({ones({3}), ones({3})});
  EXPECT_EQ(traces, 2);
  EXPECT_EQ(sum(f({ones({3}), full({3}, 4.0f)})[0]).item<float>(), 15.0f);
}

TEST(Compile, KeepsConstantsAndSeveralOutputs) {
  array weight = full({3}, 2.0f);
  auto f = compile([weight](const std::vector<array>& in) {
    array y = in[0] * weight + array(1.0f);
    return std::vector<array>{y, sum(y), in[0]};
  });
  auto out = f({ones({3})});
  EXPECT_EQ(out[1].item<float>(), 9.0f);
  EXPECT_TRUE(array_equal(out[2], ones({3})).item<bool>());
}

TEST(Compile, ReadingAnArgumentIsAnError) {
  auto f = compile([](const std::vector<array>& in) { return std::vector<array>{array(in[0].item<float>())}; });
  EXPECT_THROW(f({array(1.0f)}), error);
}

TEST(Compile, GradientsInsideAndOutside) {
  auto loss = [](const std::vector<array>& in) { return sum(square(sin(in[0]) * in[1])); };
  array w = arange(0.0, 8.0, 1.0, float32), x = full({8}, 0.5f);
  array expected = grad(ScalarFn(loss))({w, x})[0];
  auto inside = compile([&](const std::vector<array>& in) { return grad(ScalarFn(loss))(in); });
  EXPECT_TRUE(allclose(inside({w, x})[0], expected, 1e-5, 1e-6).item<bool>());
  auto compiled = compile([&](const std::vector<array>& in) { return std::vector<array>{loss(in)}; });
  array outside = grad(ArrayFn(compiled))({w, x})[0];
  EXPECT_TRUE(allclose(outside, expected, 1e-5, 1e-6).item<bool>());
}

TEST(Compile, FusedStepsTakeBroadcastAndScalarInputs) {
  auto f = [](const std::vector<array>& in) { return std::vector<array>{exp(in[0] - in[1]) * in[2] + array(2.0f)}; };
  array a = reshape(arange(0.0, 12.0, 1.0, float32), {3, 4}), row = reshape(arange(0.0, 4.0, 1.0, float32), {1, 4});
  array scalar(0.5f);
  EXPECT_TRUE(allclose(compile(f)({a, row, scalar})[0], f({a, row, scalar})[0], 1e-6, 1e-6).item<bool>());
}

// Scalars that the function makes are part of the fused step, in every dtype, whatever their bits.
TEST(Compile, FusedStepsKeepTheConstantsBits) {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (Dtype dtype :
       {bool_, int8, uint8, int16, uint16, int32, uint32, int64, uint64, float16, bfloat16, float32, float64}) {
    const array x = astype(arange(-8.0, 9.0, 1.0, float32), dtype);
    std::vector<array> constants{array(3.0f, dtype), array(-0.0f, dtype), array(0.1f, dtype)};
    if (issubdtype(dtype, floating)) {
      for (float value : {infinity, -infinity, nan, 1e-7f}) constants.push_back(array(value, dtype));
    } else if (dtype == int64) {
      constants.push_back(array(std::numeric_limits<int64_t>::min() + 5));
    } else if (dtype == uint64) {
      constants.push_back(array(std::numeric_limits<uint64_t>::max() - 5));
    }
    for (const array& scalar : constants) {
      ASSERT_EQ(scalar.dtype(), dtype);
      const auto function = [&](const std::vector<array>& in) {
        return std::vector<array>{where(greater(in[0], scalar), in[0] * scalar, maximum(in[0] + scalar, scalar))};
      };
      auto program = detail::trace(function, {x});
      program.simplify();
      program.fuse();
      ASSERT_EQ(program.size(), 1u) << dtype_name(dtype);
      EXPECT_EQ(program.steps()[0].inputs.size(), 1u) << dtype_name(dtype);
      const array got = compile(function)({x})[0], expected = function({x})[0];
      ASSERT_EQ(got.dtype(), expected.dtype());
      EXPECT_TRUE(array_equal(got, expected, true).item<bool>())
          << dtype_name(dtype) << " with " << to_string(scalar) << ": got " << to_string(got) << ", expected "
          << to_string(expected);
      EXPECT_TRUE(array_equal(isinf(got), isinf(expected)).item<bool>()) << dtype_name(dtype);
    }
  }
}

TEST(Compile, DisablingCallsTheFunction) {
  int calls = 0;
  auto f = compile([&](const std::vector<array>& in) {
    ++calls;
    return std::vector<array>{in[0] + array(1.0f)};
  });
  disable_compile();
  f({ones({1})});
  f({ones({1})});
  enable_compile();
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace ferrule
