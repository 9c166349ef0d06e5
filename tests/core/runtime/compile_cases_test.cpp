// compile() against the function itself, called one way and the other: signatures that change, outputs that repeat,
// functions inside functions, exceptions, many threads. On the default device, which another run of the test may change.
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "ferrule/ferrule.h"

namespace ferrule {
namespace {

using Arrays = std::vector<array>;

// Random normal numbers; every one of a kind that no rounding makes simpler.
array numbers(const Shape& shape, uint64_t seed = 1) { return random::normal(shape, random::key(seed)); }

// As the function itself: bit for bit on the cpu, within a few roundings elsewhere.
void expect_same(const Arrays& got, const Arrays& expected, const char* what) {
  ASSERT_EQ(got.size(), expected.size()) << what;
  const bool exact = default_device().name() == "cpu";
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i].shape(), expected[i].shape()) << what << ", output " << i;
    ASSERT_EQ(got[i].dtype(), expected[i].dtype()) << what << ", output " << i;
    EXPECT_TRUE((exact ? array_equal(got[i], expected[i]) : allclose(got[i], expected[i], 1e-5, 1e-6)).item<bool>())
        << what << ", output " << i << ":\n"
        << to_string(got[i]) << "\nexpected\n"
        << to_string(expected[i]);
  }
}

Arrays chain(const Arrays& in) {
  array total = in[0];
  for (size_t i = 1; i < in.size(); ++i) total = total * in[i] + array(0.5f);
  return {matmul(total, transpose(total)), sum(tanh(total))};
}

TEST(CompileCases, SignaturesChangeFromCallToCall) {
  auto compiled = compile(ArrayFn(chain));
  for (int round = 0; round < 3; ++round) {
    for (const Dtype& dtype : {float32, float64, float16}) {
      if (dtype == float64 && default_device().name() != "cpu") continue;
      for (int64_t rows : {1, 3, 8, 0}) {
        for (size_t count : {1u, 2u, 4u}) {
          Arrays in;
          for (size_t i = 0; i < count; ++i) in.push_back(astype(numbers({rows, 5}, 7 * i + 1), dtype));
          const Arrays got = compiled(in), expected = chain(in);
          if (dtype == float16) {
            for (size_t k = 0; k < 2; ++k) EXPECT_TRUE(allclose(got[k], expected[k], 1e-2, 1e-2).item<bool>());
          } else {
            expect_same(got, expected, "chain");
          }
        }
      }
    }
  }
}

TEST(CompileCases, OneHundredsOfShapesAreKeptAndAllAreRight) {
  auto f = [](const Arrays& in) { return Arrays{in[0] * array(2.0f) + array(1.0f)}; };
  auto compiled = compile(ArrayFn(f));
  const size_t before = compile_report().size();
  for (int round = 0; round < 2; ++round) {
    for (int64_t n = 1; n <= 400; ++n) {
      array x = ones({n});
      EXPECT_EQ(compiled({x})[0].shape(), Shape{n});
    }
  }
  EXPECT_LE(compile_report().size(), before + 256);
  EXPECT_EQ(sum(compiled({ones({1})})[0]).item<float>(), 3.0f);
}

TEST(CompileCases, OutputsMayRepeatOrBeMissing) {
  auto twice = [](const Arrays& in) {
    array a = matmul(in[0], in[0]) + in[0];
    return Arrays{a, in[0], a, in[0], transpose(a)};
  };
  auto none = [](const Arrays&) { return Arrays{}; };
  auto same_input = [](const Arrays& in) { return Arrays{in[0]}; };
  auto fixed = [](const Arrays&) { return Arrays{ones({2}) * array(3.0f)}; };
  auto compiled = compile(ArrayFn(twice));
  auto compiled_none = compile(ArrayFn(none)), compiled_input = compile(ArrayFn(same_input)),
       compiled_fixed = compile(ArrayFn(fixed));
  for (int i = 1; i < 4; ++i) {
    const Arrays in{numbers({4, 4}, static_cast<uint64_t>(i))};
    expect_same(compiled(in), twice(in), "twice");
    EXPECT_TRUE(compiled_none(in).empty());
    expect_same(compiled_input(in), in, "an input");
    expect_same(compiled_fixed(in), fixed(in), "constants");
    expect_same(compiled_fixed({}), fixed({}), "no inputs");
  }
}

TEST(CompileCases, TheSameArrayMayBeSeveralInputs) {
  auto f = [](const Arrays& in) { return Arrays{matmul(in[0], in[1]) + in[2], in[1] - in[2] * in[0]}; };
  auto compiled = compile(ArrayFn(f));
  array x = numbers({6, 6}), y = numbers({6, 6}, 2);
  for (const Arrays& in : {Arrays{x, x, x}, Arrays{x, y, x}, Arrays{x, transpose(x), x}, Arrays{y, y, x}}) {
    expect_same(compiled(in), f(in), "aliases");
  }
}

TEST(CompileCases, CompiledInsideCompiledAndGradients) {
  auto inner = compile(ArrayFn([](const Arrays& in) { return Arrays{tanh(in[0] * in[1]) + in[1]}; }));
  auto outer = [inner](const Arrays& in) {
    array loss = sum(inner({matmul(in[0], in[1]), in[1]})[0]);
    return Arrays{loss};
  };
  auto compiled = compile(ArrayFn(outer));
  auto gradient = [](const ArrayFn& f) {
    return grad([f](const Arrays& in) { return f(in)[0]; }, std::vector<int>{0, 1});
  };
  auto grad_inside = compile(ArrayFn([&](const Arrays& in) { return gradient(outer)(in); }));
  for (uint64_t i = 1; i < 4; ++i) {
    const Arrays in{numbers({5, 5}, i), numbers({5, 5}, i + 10)};
    const Arrays plain = gradient(outer)(in);
    expect_same(compiled(in), outer(in), "compiled inside compiled");
    expect_same(gradient(compiled)(in), plain, "gradient of a compiled function");
    expect_same(grad_inside(in), plain, "compiled gradient");
  }
}

// The arrays that a function takes from around it are those of the time when it was traced, as documented for mlx; what it
// makes of its arguments' shapes is its own.
TEST(CompileCases, AFunctionMayCallItself) {
  ArrayFn compiled;
  int traces = 0;
  auto f = [&](const Arrays& in) {
    ++traces;
    const int64_t n = in[0].shape(0);
    if (n == 1) return Arrays{in[0]};
    array smaller = compiled({ones({n / 2})})[0];  // with arrays of its own: another signature, traced inside this one
    return Arrays{in[0] + concatenate({smaller, smaller}, 0)};
  };
  compiled = compile(ArrayFn(f));
  for (int i = 0; i < 3; ++i) {
    array got = compiled({ones({8}) * array(static_cast<float>(i))})[0];
    EXPECT_EQ(sum(got).item<float>(), 8.0f * static_cast<float>(i) + 24.0f);
  }
  EXPECT_EQ(traces, 4);
}

TEST(CompileCases, AnExceptionLeavesTheFunctionUsable) {
  bool refuse = true;
  auto compiled = compile(ArrayFn([&refuse](const Arrays& in) {
    array a = in[0] * array(2.0f);
    if (refuse) throw std::runtime_error("not now");
    return Arrays{a + array(1.0f)};
  }));
  for (int i = 0; i < 3; ++i) EXPECT_THROW(compiled({ones({3})}), std::runtime_error);
  refuse = false;
  EXPECT_EQ(sum(compiled({ones({3})})[0]).item<float>(), 9.0f);
  auto reads = compile(ArrayFn([](const Arrays& in) { return Arrays{in[0] * array(in[0].item<float>())}; }));
  for (int i = 0; i < 2; ++i) EXPECT_THROW(reads({ones({1})}), error);
  EXPECT_EQ(sum(ones({3}) + array(1.0f)).item<float>(), 6.0f);
}

TEST(CompileCases, ScalarsAndKeysChange) {
  auto f = [](const Arrays& in) {
    array noise = random::normal({7, 7}, in[2]);
    return Arrays{matmul(in[0] * in[1] + noise, in[0]), noise * in[1]};
  };
  auto compiled = compile(ArrayFn(f));
  array x = numbers({7, 7});
  for (int i = 0; i < 20; ++i) {
    const Arrays in{x, array(0.1f * static_cast<float>(i)), random::key(static_cast<uint64_t>(i))};
    expect_same(compiled(in), f(in), "scalars and keys");
  }
}

TEST(CompileCases, EightThreadsTraceAndCallOneFunction) {
  auto compiled = compile(ArrayFn(chain));
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const Arrays in{numbers({1 + (i + t) % 5, 6}, static_cast<uint64_t>(i + 1)), numbers({1 + (i + t) % 5, 6}, 99)};
        const Arrays got = compiled(in), expected = chain(in);
        right += allclose(got[0], expected[0], 1e-5, 1e-5).item<bool>() &&
                 allclose(got[1], expected[1], 1e-5, 1e-5).item<bool>();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 160);
}

}  // namespace
}  // namespace ferrule
