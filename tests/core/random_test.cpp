// Random numbers: bits equal those of MLX and JAX, distributions follow MLX.
#include <ferrule/ferrule.h>
#include <ferrule/primitive.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "oracle.h"

namespace fr = ferrule;
namespace rnd = ferrule::random;

namespace {

constexpr double kFloat = 2e-6, kHalf = 2e-3, kBfloat = 2e-2;

double tolerance_of(fr::Dtype dtype) { return dtype == fr::float32 ? kFloat : dtype == fr::float16 ? kHalf : kBfloat; }

std::vector<uint32_t> words(const fr::array& a) {
  fr::array wide = fr::astype(a, fr::uint32);
  return {wide.data<uint32_t>(), wide.data<uint32_t>() + wide.size()};
}

// The published test vector of classic JAX, and of MLX.
TEST(Random, KeyZeroSplitsAsInJax) {
  auto [a, b] = rnd::split(rnd::key(0));
  EXPECT_EQ(words(a), (std::vector<uint32_t>{4146024105u, 967050713u}));
  EXPECT_EQ(words(b), (std::vector<uint32_t>{2718843009u, 1272950319u}));
}

TEST(Random, KeyHoldsAllSixtyFourBits) {
  EXPECT_EQ(words(rnd::key((uint64_t{1} << 40) + 5)), (std::vector<uint32_t>{256, 5}));
}

// mlx::core::random::bits({n}, width, key(42)).
TEST(Random, BitsOfEveryWidthAreThoseOfMlx) {
  const std::pair<int, std::vector<uint32_t>> kCases[] = {
      {1, {143}},
      {1, {143, 4, 62}},
      {1, {45, 179, 215, 3, 244}},
      {1, {234, 32, 251, 146, 111, 248, 163, 25, 19}},
      {2, {1167}},
      {2, {45869, 983, 33780}},
      {2, {8426, 37627, 63599, 6563, 55571}},
      {2, {26950, 47829, 31881, 56963, 50036, 12873, 43153, 13643, 39778}},
      {4, {1832780943}},
      {4, {2465931498, 430176367, 255383827}},
      {4, {3134548294, 3733159049, 843694964, 894150801, 801545058}},
      {4, {3134548294, 3733159049, 3746501087, 894150801, 801545058, 2363201431}},
  };
  for (const auto& [width, expected] : kCases) {
    auto n = static_cast<int64_t>(expected.size());
    fr::array got = rnd::bits({n}, width, rnd::key(42));
    EXPECT_EQ(got.itemsize(), static_cast<size_t>(width));
    EXPECT_EQ(words(got), expected) << "width " << width << ", " << n << " elements";
  }
}

// What backends without the kernel run.
TEST(Random, TheDecompositionGivesTheSameBits) {
  for (int width : {1, 2, 4}) {
    for (int64_t n : {1, 2, 3, 7, 64, 1001}) {
      fr::array keys = rnd::split(rnd::key(3), 3);
      for (int row = 0; row < 3; ++row) {
        fr::array key = fr::reshape(fr::slice(keys, {row, 0}, {row + 1, 2}), {2});
        fr::array kernel = rnd::bits({n}, width, key);
        // bits() is a reshape of the node that holds the primitive.
        fr::array node = kernel.inputs()[0];
        auto pieces = node.primitive().decompose(node.inputs());
        ASSERT_EQ(pieces.size(), 1u);
        EXPECT_EQ(pieces[0].dtype(), kernel.dtype());
        EXPECT_EQ(words(pieces[0]), words(kernel)) << width << " " << n;
      }
    }
  }
}

TEST(Random, EmptyShapesGiveEmptyArrays) {
  EXPECT_EQ(rnd::bits({0}, rnd::key(1)).size(), 0u);
  EXPECT_EQ(rnd::uniform({3, 0}, rnd::key(1)).shape(), (fr::Shape{3, 0}));
  EXPECT_EQ(rnd::split(rnd::key(1), 0).shape(), (fr::Shape{0, 2}));
}

TEST(Random, SplitIntoManyFollowsMlx) { expect_recorded(rnd::split(rnd::key(42), 3), "random/split", 0); }

TEST(Random, UniformIsExact) {
  fr::array k = rnd::key(42);
  for (fr::Dtype d : {fr::float32, fr::float16, fr::bfloat16}) {
    expect_recorded(rnd::uniform({3, 5}, d, k), "random/uniform/" + fr::dtype_name(d), 0);
    expect_recorded(rnd::uniform(-2.5f, 7.0f, {9}, d, k), "random/uniform_range/" + fr::dtype_name(d), 0);
  }
  fr::array low({0.0f, 10.0f}), high({1.0f, 20.0f}, fr::Shape{2, 1});
  expect_recorded(rnd::uniform(low, high, {2, 2}, fr::float32, k), "random/uniform_broadcast", 0);
}

TEST(Random, UniformStaysBelowOne) {
  for (fr::Dtype d : {fr::float32, fr::float16, fr::bfloat16}) {
    fr::array u = fr::astype(rnd::uniform({1'000'000}, d, rnd::key(0)), fr::float32);
    EXPECT_LT(fr::max(u).item<float>(), 1.0f) << fr::dtype_name(d);
    EXPECT_GE(fr::min(u).item<float>(), 0.0f);
    EXPECT_NEAR(fr::mean(u).item<float>(), 0.5f, 3e-3f);
  }
}

TEST(Random, FloatingDistributionsFollowMlx) {
  fr::array k = rnd::key(42);
  for (fr::Dtype d : {fr::float32, fr::float16, fr::bfloat16}) {
    std::string name = "/" + fr::dtype_name(d);
    double tolerance = tolerance_of(d);
    expect_recorded(rnd::normal({4, 3}, d, k), "random/normal" + name, tolerance);
    expect_recorded(rnd::gumbel({7}, d, k), "random/gumbel" + name, tolerance);
    expect_recorded(rnd::laplace({7}, d, k), "random/laplace" + name, tolerance);
    expect_recorded(rnd::truncated_normal(fr::array(-0.5f), fr::array(1.5f), {9}, d, k),
                    "random/truncated_normal" + name, tolerance);
  }
  expect_recorded(rnd::normal({5}, 3.0f, 0.25f, k), "random/normal_scaled", kFloat);
  expect_recorded(rnd::normal({3}, fr::complex64, k), "random/normal_complex", kFloat);
  expect_recorded(rnd::laplace({5}, -1.0f, 2.0f, k), "random/laplace_scaled", kFloat);
}

TEST(Random, DiscreteDistributionsAreExact) {
  fr::array k = rnd::key(42), logits = recorded_array("random/logits");
  expect_recorded(rnd::randint(-5, 17, {20}, fr::int32, k), "random/randint", 0);
  expect_recorded(rnd::randint(0, 256, {20}, fr::uint8, k), "random/randint_uint8", 0);
  expect_recorded(rnd::bernoulli(0.3f, {30}, k), "random/bernoulli", 0);
  expect_recorded(rnd::bernoulli(fr::array({0.1f, 0.5f, 0.9f}), {8, 3}, k), "random/bernoulli_array", 0);
  expect_recorded(rnd::categorical(logits, -1, k), "random/categorical", 0);
  expect_recorded(rnd::categorical(logits, 0, k), "random/categorical_axis0", 0);
  expect_recorded(rnd::categorical(logits, -1, 6, k), "random/categorical_samples", 0);
  expect_recorded(rnd::categorical(logits, -1, fr::Shape{5, 3}, k), "random/categorical_shape", 0);
  expect_recorded(rnd::permutation(17, k), "random/permutation", 0);
  expect_recorded(rnd::permutation(fr::reshape(fr::arange(12), {3, 4}), 1, k), "random/permutation_array", 0);
}

TEST(Random, TheSequenceOfKeysFollowsMlx) {
  rnd::seed(7);
  std::vector<fr::array> rows;
  for (int i = 0; i < 3; ++i) rows.push_back(rnd::uniform({2}));
  expect_recorded(fr::stack(rows), "random/sequence", 0);
}

TEST(Random, TheStateOfASequenceCanBeRestored) {
  rnd::KeySequence sequence(12);
  sequence.next();
  auto state = sequence.state();
  auto first = words(sequence.next());
  sequence.set_state(state);
  EXPECT_EQ(words(sequence.next()), first);
}

// The host's split and the device's are the same function.
TEST(Random, AScopeDrawsWhatASequenceDraws) {
  rnd::KeySequence sequence(5);
  rnd::KeyScope scope(rnd::key(5));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(words(scope.next()), words(sequence.next()));
}

TEST(Random, KeysDrawnByManyThreadsAreAllDifferent) {
  rnd::KeySequence sequence(1);
  constexpr int kThreads = 4, kEach = 200;
  std::vector<std::vector<fr::array>> drawn(kThreads);
  std::vector<std::thread> threads;
  for (auto& mine : drawn) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) mine.push_back(sequence.next());
    });
  }
  for (auto& t : threads) t.join();
  std::set<std::vector<uint32_t>> all;
  for (auto& mine : drawn) {
    for (auto& key : mine) all.insert(words(key));
  }
  EXPECT_EQ(all.size(), size_t{kThreads * kEach});
}

TEST(Random, BadArgumentsAreErrors) {
  fr::array k = rnd::key(0);
  EXPECT_THROW(rnd::bits({2}, 3, k), fr::error);
  EXPECT_THROW(rnd::bits({2}, 4, fr::array({1, 2})), fr::error);
  EXPECT_THROW(rnd::bits({2}, 4, fr::array({1, 2, 3}, fr::uint32)), fr::error);
  EXPECT_THROW(rnd::bits({-1}, 4, k), fr::error);
  EXPECT_THROW(rnd::bits({int64_t{1} << 32, int64_t{1} << 32}, 4, k), fr::error);
  EXPECT_THROW(rnd::uniform({2}, fr::int32, k), fr::error);
  EXPECT_THROW(rnd::uniform({2}, fr::float64, k), fr::error);
  EXPECT_THROW(rnd::uniform(fr::zeros({3}), fr::ones({3}), {2}, fr::float32, k), fr::error);
  EXPECT_THROW(rnd::normal({2}, fr::int32, k), fr::error);
  EXPECT_THROW(rnd::randint(0, 2, {2}, fr::float32, k), fr::error);
  EXPECT_THROW(rnd::bernoulli(fr::array(1), {2}, k), fr::error);
  EXPECT_THROW(rnd::categorical(fr::zeros({3, 4}), 2, k), fr::error);
  EXPECT_THROW(rnd::categorical(fr::zeros({3, 4}), -1, fr::Shape{2}, k), fr::error);
  EXPECT_THROW(rnd::split(k, -1), fr::error);
}

}  // namespace
