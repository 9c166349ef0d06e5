// compile() through frl.graph: recorded once per layout of the inputs, replayed with other values, split where a step
// cannot be recorded, and always the same result as without.
#include <gtest/gtest.h>

#include <thread>

#include "ferrule/ferrule.h"
#include "runtime/arena_plan.h"
#include "runtime/node.h"
#include "runtime/recording.h"

namespace ferrule {
namespace {

using Arrays = std::vector<array>;

// Two products and what comes between: several kernels, whatever is fused.
Arrays layered(const Arrays& in) {
  array hidden = tanh(matmul(in[0], in[1]) + array(0.25f));
  return {matmul(hidden, transpose(in[1])), sum(hidden)};
}

// Compiled anew, although the function is one.
ArrayFn fresh(Arrays (*fun)(const Arrays&)) {
  return compile(ArrayFn([fun](const Arrays& in) { return fun(in); }));
}

array numbers(const Shape& shape, double scale = 0.01) {
  int64_t n = 1;
  for (int64_t extent : shape) n *= extent;
  return reshape(arange(0.0, static_cast<double>(n), 1.0, float32), shape) * array(static_cast<float>(scale));
}

::testing::AssertionResult same(const array& got, const array& expected) {
  // Fused kernels of accelerators may round differently from the ops one by one.
  bool exact = default_device().name() == "cpu";
  bool equal = got.shape() == expected.shape() &&
               (exact ? array_equal(got, expected) : allclose(got, expected, 1e-5, 1e-6)).item<bool>();
  if (equal) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << to_string(got) << "\nis not\n" << to_string(expected);
}

CompiledProgram last_report() { return compile_report().back(); }

TEST(GraphReplay, ReplaysWithOtherValues) {
  auto compiled = fresh(layered);
  for (int i = 1; i < 6; ++i) {
    Arrays in{numbers({4, 6}, 0.01 * i), numbers({6, 3}, 0.02 * i)};
    Arrays got = compiled(in), expected = layered(in);
    eval(got);
    EXPECT_TRUE(same(got[0], expected[0]));
    EXPECT_TRUE(same(got[1], expected[1]));
  }
  EXPECT_TRUE(last_report().recorded) << last_report().reason;
  EXPECT_EQ(last_report().segments, 1u);
  EXPECT_EQ(last_report().layouts, 1u);
  EXPECT_GE(last_report().calls, 4u);
}

TEST(GraphReplay, ALazyLoopIsALoop) {
  auto step = compile([](const Arrays& in) { return Arrays{matmul(in[0], in[1]) * array(0.5f), in[1]}; });
  array w = numbers({3, 3}), m = numbers({3, 3}, 0.2), expected = w;
  for (int i = 0; i < 40; ++i) {
    w = step({w, m})[0];
    expected = matmul(expected, m) * array(0.5f);
  }
  EXPECT_TRUE(same(w, expected));
}

TEST(GraphReplay, InlineScalarsChange) {
  auto f = [](const Arrays& in) { return Arrays{matmul(in[0], in[0]) * in[1] - in[1], in[0] + in[1]}; };
  auto compiled = compile(f);
  array x = numbers({3, 3});
  for (float value : {1.0f, -2.5f, 7.0f}) {
    Arrays got = compiled({x, array(value)}), expected = f({x, array(value)});
    EXPECT_TRUE(same(got[0], expected[0])) << value;
    EXPECT_TRUE(same(got[1], expected[1])) << value;
  }
  EXPECT_TRUE(last_report().recorded) << last_report().reason;
  EXPECT_EQ(last_report().layouts, 1u);
}

TEST(GraphReplay, AScalarThatNeedsMemoryIsFilledIn) {
  auto f = [](const Arrays& in) {
    return Arrays{matmul(in[0], broadcast_to(in[1], {3, 2})), reshape(in[1], {1, 1}) + sum(in[0])};
  };
  auto compiled = compile(f);
  array x = numbers({4, 3});
  for (float value : {1.5f, -2.0f}) {
    Arrays got = compiled({x, array(value)}), expected = f({x, array(value)});
    EXPECT_TRUE(same(got[0], expected[0])) << value;
    EXPECT_TRUE(same(got[1], expected[1])) << value;
  }
  EXPECT_TRUE(last_report().recorded) << last_report().reason;
}

TEST(GraphReplay, LayoutsOfInputsMayChange) {
  auto compiled = fresh(layered);
  array wide = numbers({8, 12}), tall = numbers({6, 4}), other = numbers({6, 3}, 0.1);
  array flat = numbers({100});
  eval(wide, tall, other, flat);
  std::vector<array> lefts{numbers({4, 6}),
                           transpose(tall),
                           slice(wide, {1, 3}, {5, 9}),
                           slice(wide, {7, 11}, {3, 5}, {-1, -1}),
                           reshape(slice(flat, {3}, {27}), {4, 6}),
                           broadcast_to(slice(wide, {0, 0}, {1, 6}), {4, 6})};
  for (int round = 0; round < 2; ++round) {
    for (size_t i = 0; i < lefts.size(); ++i) {
      Arrays in{lefts[i], other};
      EXPECT_TRUE(same(compiled(in)[0], layered(in)[0])) << "layout " << i;
    }
  }
  EXPECT_EQ(last_report().layouts, lefts.size());
}

TEST(GraphReplay, ManyLayoutsStayRight) {
  auto f = [](const Arrays& in) { return Arrays{matmul(in[0], in[0]), exp(in[0])}; };
  auto compiled = compile(f);
  array flat = numbers({200});
  flat.eval();
  for (int64_t i = 0; i < 40; ++i) {
    array x = reshape(slice(flat, {i}, {i + 9}), {3, 3});
    EXPECT_TRUE(same(compiled({x})[0], f({x})[0])) << "offset " << i;
  }
  EXPECT_LE(last_report().layouts, 8u);
}

TEST(GraphReplay, OutputsMayBeInputsViewsAndConstants) {
  array constant = numbers({2, 2});
  auto f = [constant](const Arrays& in) {
    array product = matmul(in[0], in[0]) + constant;
    return Arrays{in[0], transpose(in[0]),        constant, transpose(product), product, reshape(product, {4}), product,
                  in[1], broadcast_to(in[1], {3})};
  };
  auto compiled = compile(f);
  for (int i = 1; i < 4; ++i) {
    Arrays in{numbers({2, 2}, i), array(static_cast<float>(i))};
    Arrays got = compiled(in), expected = f(in);
    eval(got);
    ASSERT_EQ(got.size(), expected.size());
    for (size_t k = 0; k < got.size(); ++k) EXPECT_TRUE(same(got[k], expected[k])) << "output " << k;
  }
}

TEST(GraphReplay, EarlierOutputsKeepTheirValues) {
  auto compiled = fresh(layered);
  Arrays kept, expected;
  array w = numbers({6, 3});
  for (int i = 0; i < 10; ++i) {
    array x = numbers({4, 6}, 0.01 * i);
    kept.push_back(compiled({x, w})[0]);
    expected.push_back(layered({x, w})[0]);
    async_eval(kept.back());
  }
  for (size_t i = 0; i < kept.size(); ++i) EXPECT_TRUE(same(kept[i], expected[i])) << i;
}

TEST(GraphReplay, EmptyArraysAndNewShapes) {
  auto compiled = fresh(layered);
  for (int64_t rows : {0, 3, 1, 0, 5}) {
    Arrays in{numbers({rows, 6}), numbers({6, 3})};
    Arrays got = compiled(in), expected = layered(in);
    EXPECT_TRUE(same(got[0], expected[0])) << rows;
    EXPECT_TRUE(same(got[1], expected[1])) << rows;
  }
}

TEST(GraphReplay, ALargeInputGivesItsMemoryToAnOutput) {
  constexpr size_t kBytes = 4 << 20;
  auto step = compile([](const Arrays& in) {
    array x = in[0] + array(1.0f);
    return Arrays{x * array(1.0f) + sum(x) * array(0.0f)};
  });
  array x = zeros({1 << 20});
  x.eval();
  for (int i = 0; i < 4; ++i) {
    x = step({x})[0];
    x.eval();
  }
  synchronize();
  size_t before = get_active_memory();
  reset_peak_memory();
  for (int i = 0; i < 4; ++i) {
    x = step({x})[0];
    x.eval();
  }
  EXPECT_LT(get_peak_memory(), before + kBytes + kBytes / 2);
  EXPECT_EQ(sum(x).item<float>(), 8.0f * (1 << 20));
  EXPECT_LE(last_report().layouts, 2u);
}

TEST(GraphReplay, AnInputInUseIsNotOverwritten) {
  auto step = compile([](const Arrays& in) {
    array x = in[0] + array(1.0f);
    return Arrays{x * array(2.0f) - sum(x) * array(0.0f)};
  });
  array x = zeros({1 << 20});
  x.eval();
  array y = x;
  for (int i = 0; i < 3; ++i) {
    array next = step({y})[0];
    next.eval();
    array view = slice(y, {5}, {6});
    EXPECT_EQ(view.item<float>(), i == 0 ? 0.0f : i == 1 ? 2.0f : 6.0f);
    y = next;
  }
  EXPECT_EQ(sum(x).item<float>(), 0.0f);
}

TEST(GraphReplay, RandomKeysGiveOtherNumbers) {
  auto compiled = compile([](const Arrays& in) {
    auto [next, used] = random::split(in[0]);
    return Arrays{random::normal({16}, used), next};
  });
  array key = random::key(7);
  std::vector<float> seen;
  for (int i = 0; i < 4; ++i) {
    Arrays out = compiled({key});
    auto [next, used] = random::split(key);
    EXPECT_TRUE(same(out[0], random::normal({16}, used)));
    seen.push_back(slice(out[0], {0}, {1}).item<float>());
    key = out[1];
  }
  EXPECT_NE(seen[0], seen[1]);
  EXPECT_NE(seen[1], seen[2]);
}

TEST(GraphReplay, GradientsOfCompiledFunctions) {
  auto loss = [](const Arrays& in) { return Arrays{sum(square(layered(in)[0]))}; };
  auto compiled = compile(loss);
  Arrays in{numbers({4, 6}), numbers({6, 3})};
  compiled(in)[0].eval();
  array expected = grad(ArrayFn(loss), std::vector<int>{1})(in)[0];
  EXPECT_TRUE(same(grad(ArrayFn(compiled), std::vector<int>{1})(in)[0], expected));
  auto gradient = compile([&](const Arrays& args) { return grad(ArrayFn(loss), std::vector<int>{1})(args); });
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(allclose(gradient(in)[0], expected, 1e-5, 1e-6).item<bool>());
}

TEST(GraphReplay, StepsOnAnotherStreamRunBetweenTheGraphs) {
  Stream other = new_stream(default_device());
  auto f = [other](const Arrays& in) {
    array a = matmul(in[0], in[0]) + array(1.0f);
    array b = exp(a * array(0.01f), other);
    array c = matmul(b, a) - array(2.0f);
    return Arrays{transpose(c), sum(matmul(c, b)), b};
  };
  auto compiled = compile(f);
  for (int i = 1; i < 5; ++i) {
    array x = numbers({5, 5}, 0.05 * i);
    Arrays got = compiled({x}), expected = f({x});
    eval(got);
    for (size_t k = 0; k < got.size(); ++k) {
      EXPECT_TRUE(allclose(got[k], expected[k], 1e-5, 1e-6).item<bool>()) << "output " << k;
    }
  }
  CompiledProgram report = last_report();
  EXPECT_TRUE(report.recorded) << report.reason;
  EXPECT_EQ(report.segments, 2u);
  ASSERT_GE(report.splits.size(), 1u);
  EXPECT_NE(report.splits[0].reason.find("another stream"), std::string::npos) << report.splits[0].reason;
}

TEST(GraphReplay, EightThreadsShareOneFunction) {
  auto compiled = fresh(layered);
  array w = numbers({6, 3});
  w.eval();
  std::vector<std::thread> threads;
  std::vector<int> right(8, 0);
  for (size_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      array x = numbers({4, 6}, 0.01 * static_cast<double>(t + 1));
      float expected = layered({x, w})[1].item<float>();
      for (int i = 0; i < 50; ++i) right[t] += compiled({x, w})[1].item<float>() == expected;
    });
  }
  for (auto& thread : threads) thread.join();
  for (int count : right) EXPECT_EQ(count, 50);
}

TEST(GraphReplay, AFailedCallLeavesEverythingUsable) {
  auto compiled = fresh(layered);
  Arrays in{numbers({512, 512}, 1e-4), numbers({512, 512}, 1e-4)};
  eval(in);
  array expected = layered(in)[1];
  expected.eval();
  synchronize();
  clear_cache();
  size_t limit = set_memory_limit(get_active_memory() + 1000);
  Arrays failing = compiled(in);
  EXPECT_THROW(eval(failing), error);
  set_memory_limit(limit);
  EXPECT_TRUE(same(failing[1], expected));
  EXPECT_TRUE(same(compiled(in)[1], expected));
}

TEST(GraphReplay, AOneKernelFunctionIsNotRecorded) {
  auto compiled = compile([](const Arrays& in) { return Arrays{exp(in[0] * array(2.0f))}; });
  array x = numbers({5});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(allclose(compiled({x})[0], exp(x * array(2.0f))).item<bool>());
  EXPECT_FALSE(last_report().recorded);
  EXPECT_NE(last_report().reason, "");
}

TEST(ArenaPlan, GivesEndedRangesToLaterOnes) {
  detail::ArenaPlan plan(64, 0);
  uint64_t a = plan.begin(100), b = plan.begin(64);
  EXPECT_EQ(a, 0u);
  EXPECT_EQ(b, 128u);
  plan.end(a, 100);
  EXPECT_EQ(plan.begin(64), 0u);
  EXPECT_EQ(plan.begin(64), 64u);
  EXPECT_EQ(plan.begin(1), 192u);
  EXPECT_EQ(plan.bytes(), 256u);
}

TEST(ArenaPlan, JoinsNeighboursAndExtendsTheTop) {
  detail::ArenaPlan plan(64, 0);
  uint64_t a = plan.begin(64), b = plan.begin(64), c = plan.begin(64);
  plan.end(a, 64);
  plan.end(c, 64);
  plan.end(b, 64);
  EXPECT_EQ(plan.begin(256), 0u);
  EXPECT_EQ(plan.bytes(), 256u);
}

TEST(ArenaPlan, HoldsBackTheLatestRanges) {
  detail::ArenaPlan plan(64, 128);
  uint64_t a = plan.begin(64), b = plan.begin(64), c = plan.begin(64);
  plan.end(a, 64);
  plan.end(b, 64);
  EXPECT_EQ(plan.begin(64), 192u) << "both are held back";
  plan.end(c, 64);
  EXPECT_EQ(plan.begin(64), a) << "the oldest is not any more";
}

}  // namespace
}  // namespace ferrule
