// Grids, blocks, barriers and shared memory as kernels use them.
#include <numeric>
#include <set>
#include <vector>

#include "launcher.h"

namespace ferrule::gpu::sim {
namespace {

class BlockTest : public SimTest {};

GPU_KERNEL fill(uint32_t* out, uint32_t n) {
  begin_kernel();
  const uint64_t i = global_thread();
  if (i < n) out[i] = static_cast<uint32_t>(i) + 1;
}

TEST_F(BlockTest, EveryThreadOfEveryBlockRunsOnce) {
  std::vector<uint32_t> out(1000, 0), expected(1000);
  std::iota(expected.begin(), expected.end(), 1u);
  ASSERT_EQ((run<fill>(8, 128, out.data(), 1000u)), vendor::kOk) << message_;
  EXPECT_EQ(out, expected);
}

GPU_KERNEL record_positions(uint32_t* out) {
  begin_kernel();
  const uint32_t block = (block_z() * blocks_y() + block_y()) * blocks_x() + block_x();
  out[(block * threads_y() + thread_y()) * threads_x() + thread_x()] += 1;
}

TEST_F(BlockTest, GridsAndBlocksHaveSeveralDimensions) {
  std::vector<uint32_t> out(3 * 4 * 5 * 8 * 6, 0);
  ASSERT_EQ((run_shape<record_positions>({{3, 4, 5}, {8, 6, 1}, 0}, out.data())), vendor::kOk) << message_;
  EXPECT_EQ(out, std::vector<uint32_t>(out.size(), 1));
}

GPU_KERNEL reverse(uint32_t* data) {
  begin_kernel();
  GPU_SHARED(uint32_t, tile, 256);
  tile[thread_x()] = data[global_thread()];
  sync();
  data[global_thread()] = tile[threads_x() - 1 - thread_x()];
}

TEST_F(BlockTest, BarrierMakesWritesOfOtherThreadsVisible) {
  std::vector<uint32_t> data(1024), expected;
  std::iota(data.begin(), data.end(), 0u);
  for (uint32_t b = 0; b < 4; ++b)
    for (uint32_t i = 0; i < 256; ++i) expected.push_back(b * 256 + 255 - i);
  ASSERT_EQ((run<reverse>(4, 256, data.data())), vendor::kOk) << message_;
  EXPECT_EQ(data, expected);
}

GPU_KERNEL count_down(uint32_t* out) {
  begin_kernel();
  GPU_SHARED(uint32_t, rounds, 1);
  if (thread_x() == 0) rounds[0] = 0;
  sync();
  for (uint32_t i = 0; i < 100; ++i) {
    atomic_add(&rounds[0], 1u);
    sync();
    if (static_cast<uint32_t>(rounds[0]) != (i + 1) * threads_x()) out[thread_x()] = 0;
    sync();
  }
}

TEST_F(BlockTest, BarriersInALoopKeepThreadsTogether) {
  std::vector<uint32_t> out(1024, 7);
  ASSERT_EQ((run<count_down>(1, 1024, out.data())), vendor::kOk) << message_;
  EXPECT_EQ(out, std::vector<uint32_t>(1024, 7));
}

GPU_KERNEL read_unwritten(uint32_t* out) {
  begin_kernel();
  GPU_SHARED(uint32_t, tile, 64);
  const uint32_t before = tile[thread_x()];
  tile[thread_x()] = 5;
  out[global_thread()] = before;
}

TEST_F(BlockTest, SharedMemoryIsFilledWithOnesInEveryBlock) {
  std::vector<uint32_t> out(256, 0);
  ASSERT_EQ((run<read_unwritten>(4, 64, out.data())), vendor::kOk) << message_;
  EXPECT_EQ(out, std::vector<uint32_t>(256, 0xffffffff));
}

GPU_KERNEL sum_dynamic(const uint32_t* in, uint32_t* out) {
  begin_kernel();
  GPU_DYNAMIC_SHARED(uint32_t, all);
  GPU_SHARED(uint32_t, partials, kMaxWarps);
  all[thread_x()] = in[thread_x()];
  sync();
  const uint32_t mine = static_cast<uint32_t>(all.from(1)[thread_x() == threads_x() - 1 ? 0 : thread_x()]);
  const uint32_t sum = block_reduce<128>(
      thread_x() == threads_x() - 1 ? 0u : mine, [](uint32_t a, uint32_t b) { return a + b; }, 0u, partials);
  if (thread_x() == 0) *out = sum;
}

TEST_F(BlockTest, DynamicSharedMemoryHasTheSizeOfTheLaunch) {
  std::vector<uint32_t> in(128);
  std::iota(in.begin(), in.end(), 1u);
  uint32_t sum = 0;
  ASSERT_EQ((run_shape<sum_dynamic>({{1, 1, 1}, {128, 1, 1}, 512}, in.data(), &sum)), vendor::kOk) << message_;
  EXPECT_EQ(sum, 128u * 129 / 2 - 1);
  EXPECT_EQ((run_shape<sum_dynamic>({{1, 1, 1}, {128, 1, 1}, 508}, in.data(), &sum)), vendor::Status::kKernelFault);
}

GPU_KERNEL scan_block(const uint32_t* in, uint32_t* out, uint32_t* total) {
  begin_kernel();
  GPU_SHARED(uint32_t, partials, kMaxWarps);
  uint32_t all = 0;
  out[thread_x()] = block_scan<256>(
      in[thread_x()], [](uint32_t a, uint32_t b) { return a + b; }, 0u, partials, &all);
  if (thread_x() == 77) *total = all;
}

TEST_F(BlockTest, ScanOfABlockIsInThreadOrder) {
  std::vector<uint32_t> in(256), out(256), expected(256);
  for (uint32_t i = 0; i < 256; ++i) in[i] = i * i + 3;
  std::partial_sum(in.begin(), in.end(), expected.begin());
  uint32_t total = 0;
  ASSERT_EQ((run<scan_block>(1, 256, in.data(), out.data(), &total)), vendor::kOk) << message_;
  EXPECT_EQ(out, expected);
  EXPECT_EQ(total, expected.back());
}

GPU_KERNEL wide_shared(uint32_t* out) {
  begin_kernel();
  GPU_SHARED(uint32_t, tile, 128);
  if (thread_x() == 0) {
    for (uint32_t i = 0; i < 128; ++i) tile[i] = i;
    store_wide(&tile[8], Vec<uint32_t, 4>{{1, 2, 3, 4}});
    const auto v = load_wide<Vec<uint32_t, 4>>(&tile[8]), w = load_wide<Vec<uint32_t, 4>>(&tile[12]);
    for (uint32_t i = 0; i < 4; ++i) {
      out[i] = v[i];
      out[4 + i] = w[i];
    }
  }
}

TEST_F(BlockTest, WideAccessesToSharedMemory) {
  std::vector<uint32_t> out(8);
  ASSERT_EQ((run<wide_shared>(1, 32, out.data())), vendor::kOk) << message_;
  EXPECT_EQ(out, (std::vector<uint32_t>{1, 2, 3, 4, 12, 13, 14, 15}));
}

GPU_KERNEL halves(uint16_t* out_half, uint16_t* out_bfloat) {
  begin_kernel();
  const auto bits = static_cast<uint16_t>(global_thread());
  out_half[bits] = float_to_half(half_to_float(bits));
  out_bfloat[bits] = float_to_bfloat(bits_float(static_cast<uint32_t>(bits) << 16));
}

TEST_F(BlockTest, HalfTypesSurviveTheWayToFloatAndBack) {
  std::vector<uint16_t> half(65536), bfloat(65536);
  ASSERT_EQ((run<halves>(256, 256, half.data(), bfloat.data())), vendor::kOk) << message_;
  for (uint32_t i = 0; i < 65536; ++i) {
    const bool half_nan = (i & 0x7fff) > 0x7c00, bfloat_nan = (i & 0x7fff) > 0x7f80;
    ASSERT_EQ(half[i], half_nan ? 0x7fff : i);
    ASSERT_EQ(bfloat[i], bfloat_nan ? 0x7fff : i);
  }
}

}  // namespace
}  // namespace ferrule::gpu::sim
