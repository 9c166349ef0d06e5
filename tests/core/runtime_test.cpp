// The runtime below the ops: evaluation order, donation, views, memory, streams, devices, fallback, deep graphs.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <numeric>
#include <thread>

#include "ferrule/ferrule.h"
#include "runtime/node.h"
#include "sanitizers.h"

namespace ferrule {
namespace {

std::vector<float> values(const array& a) {
  array b = astype(a, float32);
  const float* p = b.data<float>();
  return std::vector<float>(p, p + b.size());
}

TEST(Array, ScalarsKeepTheirValueAndDtype) {
  EXPECT_EQ(array(true).dtype(), bool_);
  EXPECT_EQ(array(3).dtype(), int32);
  EXPECT_EQ(array(int64_t{3}).dtype(), int64);
  EXPECT_EQ(array(2.5).dtype(), float32);
  EXPECT_EQ(array(2.5, float64).item<double>(), 2.5);
  EXPECT_EQ(array(1e300, float64).item<double>(), 1e300);
  EXPECT_EQ(array(std::complex<float>(1, 2)).item<std::complex<float>>(), std::complex<float>(1, 2));
}

TEST(Array, HostConversionSaturatesAndTruncates) {
  EXPECT_EQ(array(300.7f, uint8).item<int>(), 255);
  EXPECT_EQ(array(-5.5f, int8).item<int>(), -5);
  EXPECT_EQ(array(std::nanf(""), int32).item<int>(), 0);
  EXPECT_EQ(array(1e30f, int64).item<int64_t>(), std::numeric_limits<int64_t>::max());
}

TEST(Array, ItemOfSeveralElementsIsAnError) {
  try {
    array({1, 2}).item<int>();
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), ErrorCode::invalid_argument);
    EXPECT_NE(std::string(e.what()).find("(2,)"), std::string::npos);
  }
}

TEST(Array, DataOfAnotherTypeIsAnError) { EXPECT_THROW(array({1, 2}).data<float>(), error); }

TEST(Array, DataOfAViewIsRowMajor) {
  array a = transpose(reshape(arange(6), {2, 3}));
  const int* p = a.data<int>();
  EXPECT_EQ(std::vector<int>(p, p + 6), (std::vector<int>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(a.strides(), (Strides{2, 1}));
}

TEST(Shape, NegativeHugeAndOverflowingExtentsAreErrors) {
  EXPECT_THROW(zeros({-1}), error);
  EXPECT_THROW(zeros({int64_t{1} << 40, int64_t{1} << 40}), error);
  EXPECT_THROW(zeros(Shape(size_t{11}, 1)), error);
  EXPECT_NO_THROW(zeros({0, int64_t{1} << 62}).eval());
}

TEST(Memory, AllocationBeyondMemoryIsOutOfMemoryAndTheNextWorks) {
  array huge = zeros({int64_t{1} << 50}, uint8) + array(1, uint8);
  try {
    huge.eval();
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), ErrorCode::out_of_memory) << e.what();
  }
  EXPECT_EQ(sum(ones({4})).item<float>(), 4.0f);
}

TEST(Memory, ActiveMemoryReturnsWhenArraysDie) {
  synchronize();
  size_t before = get_active_memory();
  {
    array a = ones({1 << 20}) + array(1.0f);
    a.eval();
    EXPECT_GE(get_active_memory(), before + (4u << 20));
  }
  EXPECT_EQ(get_active_memory(), before);
}

TEST(Memory, AChainOfOpsReusesOneBlock) {
  array a = ones({1 << 20}) + array(1.0f);
  a.eval();
  reset_peak_memory();
  size_t before = get_active_memory();
  for (int i = 0; i < 50; ++i) a = sin(a) + array(1.0f);
  a.eval();
  EXPECT_LE(get_peak_memory(), before + 3 * (4u << 20));
}

TEST(Memory, LimitIsHonoured) {
  array warm = ones({16}) + array(1.0f);
  warm.eval();
  size_t limit = set_memory_limit(get_active_memory() + (8u << 20));
  array big = zeros({64 << 20}, uint8) + array(1, uint8);
  EXPECT_THROW(big.eval(), error);
  set_memory_limit(limit);
  EXPECT_NO_THROW(big.eval());
}

TEST(Memory, ClearCacheGivesEverythingBack) {
  { (ones({1 << 20}) + array(1.0f)).eval(); }
  synchronize();
  clear_cache();
  EXPECT_LE(get_cache_memory(), size_t{64} << 20);
}

TEST(Donation, AnArrayInUseIsNotOverwritten) {
  array a = arange(0.0, 1000.0, 1.0, float32) + array(0.0f);
  a.eval();
  array b = a + array(1.0f);
  b.eval();
  EXPECT_EQ(values(a)[10], 10.0f);
  EXPECT_EQ(values(b)[10], 11.0f);
}

TEST(Donation, AViewKeepsItsStorage) {
  array a = arange(0.0, 1000.0, 1.0, float32) + array(0.0f);
  array view = slice(a, {0}, {10});
  view.eval();
  a = exp(std::move(a) * array(2.0f));
  a.eval();
  EXPECT_EQ(values(view)[3], 3.0f);
}

TEST(Evaluation, AMillionNodesEvaluateAndAreDestroyed) {
  array x({1.0f, 2.0f});
  for (int i = 0; i < 1'000'000; ++i) x = x + array(1.0f);
  x.eval();
  EXPECT_EQ(values(x), (std::vector<float>{1000001.0f, 1000002.0f}));
  array y({1.0f});
  for (int i = 0; i < 1'000'000; ++i) y = y + array(1.0f);
}

TEST(Evaluation, SharedSubgraphsRunOnce) {
  array x = ones({8});
  for (int i = 0; i < 40; ++i) x = x + x;  // 2^40 paths
  EXPECT_EQ(values(x)[0], std::pow(2.0f, 40.0f));
}

TEST(Evaluation, AsyncResultsCanBeUsedAtOnce) {
  array a = ones({1 << 16});
  for (int i = 0; i < 20; ++i) {
    a = a + array(1.0f);
    async_eval(a);
  }
  EXPECT_EQ(values(a)[5], 21.0f);
}

TEST(Evaluation, WorkBecomesAvailableWithoutAWait) {
  for (int i = 0; i < 5; ++i) {
    array a = ones({1 << 16}) + array(static_cast<float>(i));
    async_eval(a);
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!a.is_available() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    EXPECT_TRUE(a.is_available());
  }
}

TEST(Evaluation, SixteenThreadsBuildAndEvaluate) {
  array shared = arange(0.0, 4096.0, 1.0, float32) * array(0.5f);
  std::vector<std::thread> threads;
  std::vector<float> sums(16);
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&, t] {
      float total = 0;
      for (int i = 0; i < 30; ++i) total += sum(shared + array(static_cast<float>(t))).item<float>();
      sums[static_cast<size_t>(t)] = total;
    });
  }
  for (auto& thread : threads) thread.join();
  float base = 0.5f * 4096.0f * 4095.0f / 2;
  for (int t = 0; t < 16; ++t)
    EXPECT_NEAR(sums[static_cast<size_t>(t)], 30 * (base + 4096.0f * static_cast<float>(t)), 1e5);
}

TEST(Streams, WorkOnTwoStreamsIsOrderedByItsData) {
  Stream first = new_stream(default_device()), second = new_stream(default_device());
  array a = ones({1 << 18});
  for (int i = 0; i < 20; ++i) {
    a = add(a, array(1.0f), first);
    a = multiply(a, array(1.0f), second);
  }
  EXPECT_EQ(values(a)[1234], 21.0f);
}

TEST(Streams, MemoryReadByAnotherStreamIsNotReusedEarly) {
  Stream other = new_stream(default_device());
  for (int round = 0; round < 50; ++round) {
    array a = full({1 << 16}, static_cast<float>(round)) + array(0.0f);
    array b = add(a, array(1.0f), other);
    async_eval(b);
    { array gone = std::move(a); }
    array c = full({1 << 16}, -1.0f) * array(3.0f);  // would like a's memory
    async_eval(c);
    EXPECT_EQ(values(b)[777], static_cast<float>(round) + 1.0f);
  }
}

TEST(Devices, AnUnknownBackendIsAnErrorThatListsCandidates) {
  try {
    ones({2}, float32, Device("nonesuch"));
    FAIL();
  } catch (const error& e) {
    EXPECT_NE(std::string(e.what()).find("cpu"), std::string::npos) << e.what();
  }
}

TEST(Devices, ArraysMoveBetweenBackends) {
  if (!is_available(Device("template"))) GTEST_SKIP() << "the template backend is not built";
  set_fallback_policy(FallbackPolicy::allow);
  array a = arange(0.0, 100.0, 1.0, float32) + array(1.0f);
  array b = multiply(transpose(reshape(a, {10, 10})), array(2.0f), Device("template"));
  array c = add(b, array(1.0f), default_device());
  EXPECT_EQ(values(c)[1], 2.0f * 11.0f + 1.0f);
  EXPECT_GT(transfer_count(), 0u);
}

TEST(Fallback, IsCountedAndCanBeForbidden) {
  if (!is_available(Device("template"))) GTEST_SKIP() << "the template backend is not built";
  reset_fallback_counts();
  set_fallback_policy(FallbackPolicy::allow);
  array a = sin(ones({3}), Device("template"));
  EXPECT_NEAR(values(a)[0], std::sin(1.0f), 1e-6);
  ASSERT_FALSE(fallback_counts().empty());
  set_fallback_policy(FallbackPolicy::error);
  EXPECT_THROW(sin(ones({3}), Device("template")).eval(), error);
  set_fallback_policy(FallbackPolicy::allow);
  EXPECT_NO_THROW(sin(ones({3}), Device("template")).eval());
}

TEST(Fallback, LongChainsOverTwoBackendsKeepTheirOrder) {
  if (!is_available(Device("template"))) GTEST_SKIP() << "the template backend is not built";
  set_fallback_policy(FallbackPolicy::allow);
  array a = ones({64});
  Device other("template");
  for (int i = 0; i < 100; ++i) a = i % 2 ? add(a, array(1.0f), other) : add(a, array(1.0f), default_device());
  EXPECT_EQ(values(a)[63], 101.0f);
}

TEST(Fork, TheChildGetsAnErrorAndEndsCleanly) {
  FERRULE_SKIP_IF(testing::kThreadSanitizer, testing::kForkUnderThreadSanitizer);
  array a = ones({4}) + array(1.0f);
  a.eval();
  pid_t child = fork();
  if (child == 0) {
    bool refused = false;
    try {
      (ones({4}) + array(2.0f)).eval();
    } catch (const error& e) {
      refused = e.code() == ErrorCode::invalid_state;
    }
    alarm(20);  // a hang in the destructors must not hang the test
    std::exit(refused ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(values(a + array(1.0f))[0], 3.0f);
}

TEST(Log, TheHandlerGetsFallbackWarnings) {
  if (!is_available(Device("template"))) GTEST_SKIP() << "the template backend is not built";
  reset_fallback_counts();
  set_fallback_policy(FallbackPolicy::warn);
  std::vector<std::string> messages;
  set_log_handler([&](LogLevel, const std::string& message) { messages.push_back(message); });
  for (int i = 0; i < 3; ++i) cos(ones({3}), Device("template")).eval();
  set_log_handler({});
  set_fallback_policy(FallbackPolicy::allow);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_NE(messages[0].find("cos"), std::string::npos);
}

// data() promises its pointer for as long as the node lives, wherever the array goes meanwhile.
TEST(HostData, StaysWhereItWasSeen) {
  std::vector<float> values(100'000, 1.0f);
  array a(values.data(), {100'000});
  const float* seen = a.data<float>();
  array b = a + array(1.0f);
  b.eval();
  std::vector<array> others;
  for (int i = 0; i < 4; ++i) others.emplace_back(values.data() + i, Shape{99'000});  // would take freed memory
  EXPECT_EQ(a.data<float>(), seen);
  EXPECT_EQ(seen[5], 1.0f);
  EXPECT_EQ(b.data<float>()[5], 2.0f);
}

TEST(HostData, IsReadByOneThreadWhileAnotherUploads) {
  std::vector<float> values(5000, 3.0f);
  for (int round = 0; round < 200; ++round) {
    array a(values.data(), {5000});
    std::thread reader([&] { EXPECT_EQ(a.data<float>()[17], 3.0f); });
    array b = a + array(1.0f);
    EXPECT_EQ(b.data<float>()[17], 4.0f);
    reader.join();
  }
}

}  // namespace
}  // namespace ferrule
