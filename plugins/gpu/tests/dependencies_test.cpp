// Order by byte ranges: what must wait waits, and nothing waits twice.
#include "host/dependencies.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace ferrule::gpu {
namespace {

using Ranges = std::vector<ByteRange>;
using Waits = std::vector<uint32_t>;

class DependenciesTest : public testing::Test {
 protected:
  void SetUp() override { dependencies_.reset(2048); }
  Waits add(const Ranges& reads, const Ranges& writes) {
    const auto waits = dependencies_.add(reads, writes);
    return {waits.begin(), waits.end()};
  }
  Dependencies dependencies_;
};

TEST_F(DependenciesTest, AReadWaitsForTheLastWrite) {
  EXPECT_EQ(add({}, {{0, 100}}), Waits());
  EXPECT_EQ(add({}, {{0, 100}}), Waits{0});
  EXPECT_EQ(add({{50, 60}}, {{200, 300}}), Waits{1});
}

TEST_F(DependenciesTest, CallsOnOtherBytesDoNotWait) {
  EXPECT_EQ(add({}, {{0, 100}}), Waits());
  EXPECT_EQ(add({}, {{100, 200}}), Waits());
  EXPECT_EQ(add({{300, 400}}, {{200, 300}}), Waits());
}

TEST_F(DependenciesTest, ReadersDoNotWaitForEachOther) {
  add({}, {{0, 100}});
  EXPECT_EQ(add({{0, 100}}, {{1000, 1100}}), Waits{0});
  EXPECT_EQ(add({{0, 100}}, {{2000, 2100}}), Waits{0});
}

TEST_F(DependenciesTest, AWriteWaitsForAllReadersSinceTheLastWrite) {
  add({}, {{0, 100}});
  add({{0, 100}}, {{1000, 1100}});
  add({{0, 100}}, {{2000, 2100}});
  EXPECT_EQ(add({}, {{0, 100}}), (Waits{2, 1}));
  EXPECT_EQ(add({}, {{0, 100}}), Waits{3});
}

TEST_F(DependenciesTest, AWriteWaitsForReadersOfMemoryThatNobodyWrote) {
  add({{0, 100}}, {{1000, 1100}});
  EXPECT_EQ(add({}, {{50, 60}}), Waits{0});
}

TEST_F(DependenciesTest, APartOfARangeKeepsItsWriter) {
  add({}, {{0, 300}});
  EXPECT_EQ(add({}, {{100, 200}}), Waits{0});
  EXPECT_EQ(add({{0, 50}}, {{1000, 1001}}), Waits{0});
  EXPECT_EQ(add({{250, 260}}, {{1100, 1101}}), Waits{0});
  EXPECT_EQ(add({{120, 130}}, {{1200, 1201}}), Waits{1});
  EXPECT_EQ(add({{0, 300}}, {{1300, 1301}}), Waits{1});  // 1 waits for 0 already
}

TEST_F(DependenciesTest, ACallMayReadWhatItWrites) {
  add({}, {{0, 100}});
  EXPECT_EQ(add({{0, 100}}, {{0, 100}}), Waits{0});
  EXPECT_EQ(add({{0, 100}}, {{0, 100}}), Waits{1});
}

bool overlap(const Ranges& a, const Ranges& b) {
  return std::any_of(a.begin(), a.end(), [&](const ByteRange& x) {
    return std::any_of(b.begin(), b.end(), [&](const ByteRange& y) { return x.begin < y.end && y.begin < x.end; });
  });
}

// Random calls on few bytes: two that conflict are ordered, directly or not, and no wait is implied by the others.
TEST_F(DependenciesTest, EveryConflictIsOrderedAndNoWaitIsSuperfluous) {
  std::mt19937 random(7);
  for (int round = 0; round < 30; ++round) {
    constexpr uint32_t kCalls = 150;
    dependencies_.reset(kCalls);
    const uint64_t space = 20u << (round % 5);
    const auto range = [&] {
      const uint64_t begin = random() % space;
      return ByteRange{begin, begin + 1 + random() % 20};
    };
    std::vector<Ranges> reads(kCalls), writes(kCalls);
    std::vector<std::vector<bool>> before(kCalls, std::vector<bool>(kCalls));
    for (uint32_t i = 0; i < kCalls; ++i) {
      for (auto n = random() % 3; n > 0; --n) reads[i].push_back(range());
      for (auto n = 1 + random() % 2; n > 0; --n) writes[i].push_back(range());
      const Waits waits = add(reads[i], writes[i]);
      for (uint32_t w : waits) {
        ASSERT_LT(w, i);
        ASSERT_FALSE(before[i][w]) << "call " << i << " waits for " << w << ", which is implied";
        before[i][w] = true;
        for (uint32_t k = 0; k < w; ++k) before[i][k] = before[i][k] || before[w][k];
      }
      for (uint32_t k = 0; k < i; ++k) {
        const bool conflict =
            overlap(writes[i], writes[k]) || overlap(reads[i], writes[k]) || overlap(writes[i], reads[k]);
        ASSERT_TRUE(!conflict || before[i][k]) << "call " << i << " does not wait for " << k;
      }
    }
  }
}

}  // namespace
}  // namespace ferrule::gpu
