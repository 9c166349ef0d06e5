// Shuffles, votes and warp algorithms at the width that this is built for.
#include <numeric>
#include <vector>

#include "launcher.h"

namespace ferrule::gpu::sim {
namespace {

class WarpTest : public SimTest {};

struct Wide {
  uint64_t a, b, c;
};

GPU_KERNEL shuffles(uint32_t* from, uint32_t* with, uint32_t* up, uint32_t* down, uint64_t* wide) {
  begin_kernel();
  const uint32_t i = thread_x();
  from[i] = shuffle(i, (lane() * 7 + 3) % warp_width);
  with[i] = shuffle_xor(i, warp_width / 2 + 1);
  up[i] = shuffle_up(i, 3);
  down[i] = shuffle_down(i, 5);
  const Wide w = shuffle(Wide{i, i + 1000, i + 2000}, warp_width - 1);
  wide[i] = w.a + w.b + w.c;
}

TEST_F(WarpTest, ShufflesReadTheLaneTheyName) {
  constexpr uint32_t kThreads = 4 * warp_width;
  std::vector<uint32_t> from(kThreads), with(kThreads), up(kThreads), down(kThreads);
  std::vector<uint64_t> wide(kThreads);
  ASSERT_EQ((run<shuffles>(1, kThreads, from.data(), with.data(), up.data(), down.data(), wide.data())), vendor::kOk)
      << message_;
  for (uint32_t i = 0; i < kThreads; ++i) {
    const uint32_t lane = i % warp_width, first = i - lane;
    EXPECT_EQ(from[i], first + (lane * 7 + 3) % warp_width);
    EXPECT_EQ(with[i], first + (lane ^ (warp_width / 2 + 1)));
    EXPECT_EQ(up[i], lane < 3 ? i : i - 3);
    EXPECT_EQ(down[i], lane + 5 >= warp_width ? i : i + 5);
    EXPECT_EQ(wide[i], 3 * (first + warp_width - 1) + 3000);
  }
}

GPU_KERNEL votes(uint64_t* mask, uint32_t* flags, uint32_t* below) {
  begin_kernel();
  const uint32_t i = thread_x();
  const LaneMask threes = ballot(lane() % 3 == 0);
  mask[i] = threes;
  const bool first_warp = i < warp_width;
  const bool any = warp_any(!first_warp && lane() == 9), all = warp_all(first_warp || lane() != 9);
  flags[i] = (any ? 1u : 0u) | (all ? 2u : 0u);
  below[i] = count_bits(threes & lanes_below()) * 1000 + lowest_bit(threes & ~LaneMask{1});
}

TEST_F(WarpTest, VotesCountEveryLane) {
  constexpr uint32_t kThreads = 2 * warp_width;
  std::vector<uint64_t> mask(kThreads);
  std::vector<uint32_t> flags(kThreads), below(kThreads);
  ASSERT_EQ((run<votes>(1, kThreads, mask.data(), flags.data(), below.data())), vendor::kOk) << message_;
  uint64_t expected = 0;
  for (uint32_t lane = 0; lane < warp_width; lane += 3) expected |= uint64_t{1} << lane;
  for (uint32_t i = 0; i < kThreads; ++i) {
    EXPECT_EQ(mask[i], expected);
    EXPECT_EQ(flags[i], i < warp_width ? 2u : 1u);
    EXPECT_EQ(below[i], (i % warp_width + 2) / 3 * 1000 + 3);
  }
}

GPU_KERNEL vote_short(uint32_t* all) {
  begin_kernel();
  all[thread_x()] = warp_all(true);
}

TEST_F(WarpTest, LastWarpOfABlockMayBeShort) {
  std::vector<uint32_t> all(warp_width + 5, 0);
  ASSERT_EQ((run<vote_short>(1, warp_width + 5, all.data())), vendor::kOk) << message_;
  EXPECT_EQ(all, std::vector<uint32_t>(warp_width + 5, 1));
}

GPU_KERNEL reduce_and_scan(uint32_t* sum, uint32_t* group, uint32_t* scan) {
  begin_kernel();
  const auto add = [](uint32_t a, uint32_t b) { return a + b; };
  const uint32_t i = thread_x();
  sum[i] = warp_reduce(i, add);
  group[i] = warp_reduce<4>(i, add);
  scan[i] = warp_scan(i, add);
}

TEST_F(WarpTest, ReductionsAndScans) {
  constexpr uint32_t kThreads = 3 * warp_width;
  std::vector<uint32_t> sum(kThreads), group(kThreads), scan(kThreads);
  ASSERT_EQ((run<reduce_and_scan>(2, kThreads, sum.data(), group.data(), scan.data())), vendor::kOk) << message_;
  for (uint32_t i = 0; i < kThreads; ++i) {
    const uint32_t first = i / warp_width * warp_width, four = i / 4 * 4;
    EXPECT_EQ(sum[i], first * warp_width + warp_width * (warp_width - 1) / 2);
    EXPECT_EQ(group[i], 4 * four + 6);
    EXPECT_EQ(scan[i], (i - first + 1) * (first + i) / 2);
  }
}

GPU_KERNEL exchange_in_order(uint32_t* wrong) {
  begin_kernel();
  GPU_SHARED(uint32_t, tile, 1024);
  for (uint32_t round = 0; round < 10; ++round) {
    tile[thread_x()] = thread_x() + round;
    sync_warp();
    const uint32_t other = thread_x() ^ 1;
    if (static_cast<uint32_t>(tile[other]) != other + round) atomic_add(wrong, 1u);
    sync_warp();
  }
}

TEST_F(WarpTest, SyncWarpMakesWritesOfOtherLanesVisible) {
  uint32_t wrong = 0;
  ASSERT_EQ((run<exchange_in_order>(1, 256, &wrong)), vendor::kOk) << message_;
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace ferrule::gpu::sim
