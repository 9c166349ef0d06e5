// What a kernel may not do ends the launch with a message; the next launch is not affected.
#include <vector>

#include "launcher.h"

namespace ferrule::gpu::sim {
namespace {

using vendor::Status;

GPU_KERNEL harmless(uint32_t* out) {
  begin_kernel();
  GPU_SHARED(uint32_t, tile, 1024);
  tile[thread_x()] = thread_x();
  sync();
  out[thread_x()] = shuffle_xor(static_cast<uint32_t>(tile[thread_x()]), 1);
}

class FaultTest : public SimTest {
 protected:
  void expect_fault(Status status, const char* text) {
    EXPECT_EQ(status, Status::kKernelFault);
    EXPECT_PRED_FORMAT2(testing::IsSubstring, text, message_);
    std::vector<uint32_t> out(128);
    ASSERT_EQ((run<harmless>(1, 128, out.data())), vendor::kOk) << message_;
    for (uint32_t i = 0; i < 128; ++i) ASSERT_EQ(out[i], i ^ 1);
  }
};

GPU_KERNEL some_begin() {
  if (thread_x() < 64) begin_kernel();
}
TEST_F(FaultTest, ThreadsThatDoNotWaitForTheKernelBefore) {
  expect_fault(run<some_begin>(1, 65), "of 65 threads of the block 64 called begin_kernel");
  EXPECT_EQ(run<some_begin>(1, 64), vendor::kOk) << message_;
}

GPU_KERNEL some_end(uint32_t last) {
  begin_kernel();
  if (thread_x() > last) return;
  sync();
}
TEST_F(FaultTest, BarrierThatEndedThreadsDoNotReach) {
  expect_fault(run<some_end>(1, 128, 99u), "barrier");
  EXPECT_EQ(run<some_end>(1, 128, 127u), vendor::kOk) << message_;
}

GPU_KERNEL two_barriers() {
  begin_kernel();
  if (thread_x() % 2 == 0) {
    sync();
  } else {
    sync();
  }
}
TEST_F(FaultTest, BarriersAtTwoPlaces) { expect_fault(run<two_barriers>(1, 64), "wait at the barrier of"); }

GPU_KERNEL barrier_and_shuffle(uint32_t* out) {
  begin_kernel();
  if (thread_x() % warp_width == 0) {
    sync();
  } else {
    *out = shuffle(thread_x(), 0);
  }
}
TEST_F(FaultTest, LanesOfOneWarpWaitForDifferentThings) {
  uint32_t out = 0;
  expect_fault(run<barrier_and_shuffle>(1, 2 * warp_width, &out), "wait in shuffle of");
}

GPU_KERNEL some_lanes(uint32_t* out) {
  begin_kernel();
  if (thread_x() % 2 == 0) out[thread_x()] = shuffle_xor(thread_x(), 2);
}
TEST_F(FaultTest, ShuffleThatSomeLanesDoNotReach) {
  std::vector<uint32_t> out(64);
  expect_fault(run<some_lanes>(1, 64, out.data()), "lanes");
}

GPU_KERNEL two_calls(uint32_t* out) {
  begin_kernel();
  out[thread_x()] = thread_x() % 2 == 0 ? shuffle_xor(thread_x(), 2) : shuffle_up(thread_x(), 2);
}
TEST_F(FaultTest, LanesCallDifferentShuffles) {
  std::vector<uint32_t> out(64);
  expect_fault(run<two_calls>(1, 64, out.data()), "while");
}

GPU_KERNEL from_lane(uint32_t* out, uint32_t lane) {
  begin_kernel();
  out[thread_x()] = shuffle(thread_x(), lane);
}
TEST_F(FaultTest, ShuffleFromALaneThatIsNotThere) {
  std::vector<uint32_t> out(64);
  expect_fault(run<from_lane>(1, warp_width, out.data(), warp_width), "shuffle from lane");
  expect_fault(run<from_lane>(1, 8, out.data(), 8u), "shuffle from lane 8");
}

GPU_KERNEL index_shared(uint32_t index) {
  begin_kernel();
  GPU_SHARED(uint32_t, tile, 40);
  tile[index] = 1;
}
TEST_F(FaultTest, IndexOutsideSharedMemory) {
  EXPECT_EQ(run<index_shared>(1, 1, 39u), vendor::kOk) << message_;
  expect_fault(run<index_shared>(3, 32, 40u), "shared 'tile'[40]; expected an index below its 40 elements");
  run<index_shared>(3, 32, 40u);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "index_shared, block (", message_);
}

GPU_KERNEL index_view(uint32_t index) {
  begin_kernel();
  GPU_SHARED(uint32_t, tile, 40);
  tile.from(30)[index] = 1;
}
TEST_F(FaultTest, IndexOutsideAViewOfSharedMemory) {
  EXPECT_EQ(run<index_view>(1, 1, 9u), vendor::kOk) << message_;
  expect_fault(run<index_view>(1, 1, 10u), "expected an index below its 10 elements");
}

GPU_KERNEL too_much_shared() {
  begin_kernel();
  GPU_SHARED(double, tile, 7000);
  tile[0] = 1;
}
TEST_F(FaultTest, StaticSharedMemoryHasALimit) { expect_fault(run<too_much_shared>(1, 1), "56000 bytes"); }

GPU_KERNEL unaligned(const unsigned char* p, uint32_t* out) {
  begin_kernel();
  *out = load_wide<Vec<uint32_t, 4>>(p)[0];
}
TEST_F(FaultTest, WideAccessesAreAligned) {
  alignas(16) const unsigned char bytes[48] = {1};
  uint32_t out = 0;
  EXPECT_EQ(run<unaligned>(1, 1, +bytes, &out), vendor::kOk) << message_;
  EXPECT_EQ(out, 1u);
  expect_fault(run<unaligned>(1, 1, bytes + 4, &out), "aligned address");
}

GPU_KERNEL nothing() { begin_kernel(); }
TEST_F(FaultTest, LaunchLimits) {
  const auto status = [&](uint32_t gx, uint32_t gy, uint32_t gz, uint32_t bx, uint32_t by, uint32_t shared) {
    return run_shape<nothing>({{gx, gy, gz}, {bx, by, 1}, shared});
  };
  EXPECT_EQ(status(1, 65535, 1, 1, 1, 0), vendor::kOk);
  EXPECT_EQ(status(1, 65536, 1, 1, 1, 0), Status::kLaunchLimits);
  EXPECT_EQ(status(1, 1, 65536, 1, 1, 0), Status::kLaunchLimits);
  EXPECT_EQ(status(0x80000000, 1, 1, 1, 1, 0), Status::kLaunchLimits);
  EXPECT_EQ(status(0, 1, 1, 1, 1, 0), Status::kLaunchLimits);
  EXPECT_EQ(status(1, 1, 1, 1024, 1, 0), vendor::kOk);
  EXPECT_EQ(status(1, 1, 1, 1025, 1, 0), Status::kLaunchLimits);
  EXPECT_EQ(status(1, 1, 1, 32, 33, 0), Status::kLaunchLimits);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "(32, 33, 1) threads", message_);
  EXPECT_EQ(status(1, 1, 1, 1, 1, 49153), Status::kSharedMemoryLimit);
  ASSERT_EQ(vendor::allow_shared_bytes(vendor::function_of<nothing>(), 65536), vendor::kOk);
  EXPECT_EQ(status(1, 1, 1, 1, 1, 65536), vendor::kOk);
  EXPECT_EQ(vendor::allow_shared_bytes(vendor::function_of<nothing>(), 65537), Status::kSharedMemoryLimit);
}

}  // namespace
}  // namespace ferrule::gpu::sim
