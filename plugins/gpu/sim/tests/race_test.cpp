// Planted races are found, and what is ordered is not called a race.
#include "launcher.h"
#include "machine/config.h"
#include "machine/executor.h"

namespace ferrule::gpu::sim {
namespace {

class RaceTest : public SimTest {
 protected:
  void SetUp() override {
    SimTest::SetUp();
    check_races(true);
  }
  void TearDown() override {
    check_races(config().race_check);
    SimTest::TearDown();
  }
  void expect_race(vendor::Status status) {
    EXPECT_EQ(status, vendor::Status::kKernelFault);
    EXPECT_PRED_FORMAT2(testing::IsSubstring, "race: thread", message_);
  }
};

GPU_KERNEL write_then_read(uint32_t* out) {
  begin_kernel();
  GPU_SHARED(uint32_t, tile, 128);
  tile[thread_x()] = thread_x() + 1;
  out[thread_x()] = tile[(thread_x() + 1) % 128];
}

TEST_F(RaceTest, ReadOfAnothersWriteWithoutBarrier) {
  uint32_t out[128];
  expect_race((run<write_then_read>(1, 128, out)));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "shared 'tile'", message_);
}

GPU_KERNEL write_after_read(uint32_t* out) {
  begin_kernel();
  GPU_SHARED(uint32_t, tile, 128);
  tile[thread_x()] = thread_x() + 1;
  sync();
  out[thread_x()] = tile[(thread_x() + 1) % 128];
  tile[thread_x()] = 0;
}

TEST_F(RaceTest, WriteOfWhatAnotherReadsWithoutBarrier) {
  uint32_t out[128];
  expect_race((run<write_after_read>(1, 128, out)));
}

GPU_KERNEL both_write(uint32_t* out) {
  begin_kernel();
  GPU_SHARED(uint32_t, tile, 1);
  tile[0] = thread_x();
  sync();
  *out = tile[0];
}

TEST_F(RaceTest, TwoWritersOfOneWord) {
  uint32_t out = 0;
  expect_race((run<both_write>(1, 64, &out)));
}

GPU_KERNEL warp_order_only(uint32_t* out, uint32_t distance) {
  begin_kernel();
  GPU_SHARED(uint32_t, tile, 256);
  tile[thread_x()] = thread_x() + 1;
  sync_warp();
  out[thread_x()] = tile[thread_x() ^ distance];
}

TEST_F(RaceTest, SyncWarpOrdersLanesButNotWarps) {
  uint32_t out[256];
  EXPECT_EQ((run<warp_order_only>(1, 256, out, 1u)), vendor::kOk) << message_;
  expect_race((run<warp_order_only>(1, 256, out, warp_width)));
}

GPU_KERNEL atomic_and_plain(uint32_t* out, bool plain) {
  begin_kernel();
  GPU_SHARED(uint32_t, total, 1);
  if (thread_x() == 0) total[0] = 0;
  sync();
  atomic_add(&total[0], 1u);
  if (!plain) sync();
  out[thread_x()] = total[0];
}

TEST_F(RaceTest, AtomicsRaceWithPlainAccessesOnly) {
  uint32_t out[64];
  EXPECT_EQ((run<atomic_and_plain>(1, 64, out, false)), vendor::kOk) << message_;
  expect_race((run<atomic_and_plain>(1, 64, out, true)));
}

}  // namespace
}  // namespace ferrule::gpu::sim
