// The pool: every tile once, exceptions, nesting, many callers.
#include "parallel.h"

#include <atomic>
#include <stdexcept>
#include <thread>

#include "fixture.h"

namespace ferrule::cpu::test {
namespace {

class ParallelTest : public PluginTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    set_config("threads", GetParam());
    PluginTest::SetUp();
  }
};

TEST_P(ParallelTest, RunsEveryTileOnce) {
  EXPECT_EQ(std::to_string(thread_count()), GetParam());
  for (int64_t n : {0, 1, 7, 100, 12345}) {
    for (int64_t grain : {1, 3, 64, 100000}) {
      std::vector<std::atomic<int>> hits(static_cast<size_t>(n));
      std::atomic<bool> bounds_ok{true};
      parallel_for(n, grain, [&](int64_t begin, int64_t end) {
        if (begin % grain != 0 || end != std::min(n, begin + grain)) bounds_ok = false;
        for (int64_t i = begin; i < end; ++i) hits[static_cast<size_t>(i)].fetch_add(1, std::memory_order_relaxed);
      });
      EXPECT_TRUE(bounds_ok);
      for (auto& hit : hits) ASSERT_EQ(hit, 1);
    }
  }
}

TEST_P(ParallelTest, RethrowsTheFirstException) {
  for (int round = 0; round < 50; ++round) {
    EXPECT_THROW(parallel_for(1000, 1,
                              [](int64_t begin, int64_t) {
                                if (begin == 500) throw std::runtime_error("tile 500");
                              }),
                 std::runtime_error);
  }
  std::atomic<int64_t> sum{0};
  parallel_for(100, 1, [&](int64_t begin, int64_t) { sum += begin; });
  EXPECT_EQ(sum, 4950);
}

TEST_P(ParallelTest, NestedCallsRunSerially) {
  std::atomic<int64_t> sum{0};
  std::atomic<bool> same_thread{true};
  parallel_for(16, 1, [&](int64_t, int64_t) {
    const auto self = std::this_thread::get_id();
    parallel_for(100, 10, [&](int64_t begin, int64_t end) {
      if (std::this_thread::get_id() != self) same_thread = false;
      sum += end - begin;
    });
  });
  EXPECT_EQ(sum, 1600);
  EXPECT_TRUE(same_thread);
}

TEST_P(ParallelTest, ServesManyCallersAtOnce) {
  std::vector<std::thread> callers;
  std::atomic<int64_t> wrong{0};
  for (int c = 0; c < 20; ++c) {  // more than the pool has slots
    callers.emplace_back([&] {
      for (int round = 0; round < 100; ++round) {
        std::atomic<int64_t> sum{0};
        parallel_for(64, 1, [&](int64_t begin, int64_t) { sum.fetch_add(begin, std::memory_order_relaxed); });
        if (sum != 2016) ++wrong;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST_P(ParallelTest, RestartsAfterQuiesce) {
  for (int round = 0; round < 5; ++round) {
    std::atomic<int64_t> sum{0};
    parallel_for(1000, 1, [&](int64_t begin, int64_t) { sum.fetch_add(begin, std::memory_order_relaxed); });
    EXPECT_EQ(sum, 499500);
    ASSERT_EQ(plugin->quiesce(nullptr), FRL_OK);
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, ParallelTest, ::testing::Values("1", "2", "8"));

}  // namespace
}  // namespace ferrule::cpu::test
