// vendor/algorithms.h against plain references.
#include "vendor/algorithms.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "launcher.h"

namespace ferrule::gpu::sim {
namespace {

using vendor::kOk;

class AlgorithmsTest : public SimTest {
 protected:
  std::vector<unsigned char> temporary_ = std::vector<unsigned char>(4096);
};

TEST_F(AlgorithmsTest, KeysAreSortedByTheirLowBits) {
  std::vector<uint16_t> in = {0x8001, 0x0003, 0x4002, 0x0002, 0xffff}, out(5);
  size_t bytes = 0;
  ASSERT_EQ(vendor::sort_keys_bytes(&bytes, vendor::SortKey::kU16, 5, 8), kOk);
  ASSERT_EQ(vendor::sort_keys(vendor::SortKey::kU16, temporary_.data(), bytes, in.data(), out.data(), 5, 8, stream_),
            kOk);
  EXPECT_EQ(out, (std::vector<uint16_t>{0x8001, 0x4002, 0x0002, 0x0003, 0xffff}));
  EXPECT_NE(
      vendor::sort_keys(vendor::SortKey::kU16, temporary_.data(), bytes - 1, in.data(), out.data(), 5, 8, stream_),
      kOk);
}

TEST_F(AlgorithmsTest, FloatsAreSortedWithNanLastAndZerosEqual) {
  constexpr float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> in = {1, -nan, 0.0f, inf, -0.0f, -inf, nan, -2};
  std::vector<float> keys(8);
  std::vector<uint32_t> index(8), order(8);
  std::iota(index.begin(), index.end(), 0u);
  ASSERT_EQ(vendor::sort_pairs(vendor::SortKey::kF32, temporary_.data(), 4096, in.data(), keys.data(), index.data(),
                               order.data(), 8, 32, stream_),
            kOk);
  EXPECT_EQ(order, (std::vector<uint32_t>{5, 7, 2, 4, 0, 3, 1, 6}));
  ASSERT_EQ(vendor::sort_keys(vendor::SortKey::kF32, temporary_.data(), 4096, in.data(), keys.data(), 8, 32, stream_),
            kOk);
  EXPECT_TRUE(std::signbit(keys[2]) && keys[2] == 0 && !std::signbit(keys[3]) && keys[3] == 0);
  EXPECT_TRUE(std::isnan(keys[6]) && std::isnan(keys[7]));
}

TEST_F(AlgorithmsTest, PrefixSumsRunForwardsAndBackwards) {
  const std::vector<uint32_t> in = {1, 2, 3, 0xffffffff};
  std::vector<uint32_t> out(4);
  ASSERT_EQ(vendor::prefix_sum(vendor::SumType::kU32, temporary_.data(), 4096, in.data(), out.data(), 1, 4, stream_),
            kOk);
  EXPECT_EQ(out, (std::vector<uint32_t>{1, 3, 6, 5}));
  ASSERT_EQ(
      vendor::prefix_sum(vendor::SumType::kU32, temporary_.data(), 4096, in.data() + 3, out.data() + 3, -1, 4, stream_),
      kOk);
  EXPECT_EQ(out, (std::vector<uint32_t>{5, 4, 2, 0xffffffff}));
}

}  // namespace
}  // namespace ferrule::gpu::sim
