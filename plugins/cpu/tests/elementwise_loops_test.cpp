// The inner loops of each instruction set: every loop gives an element the same bits wherever it stands in a tile,
// alone or in company, and takes scalars for operands. Accuracy is cpu_ulp_sweep's.
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <random>
#include <vector>

#include "common/dtypes.h"
#include "elementwise/loop_table.h"
#include "elementwise/op_info.h"
#include "elementwise_reference.h"
#include "hwy/targets.h"
#include "streaming.h"

namespace ferrule::cpu::test {
namespace {

using plugin::dtype_name;

class Targets : public testing::TestWithParam<int64_t> {
 protected:
  void SetUp() override {
    loop_table();  // built for the machine, before the choice is narrowed
    if ((hwy::SupportedTargets() & GetParam()) == 0) GTEST_SKIP() << "this machine lacks the instruction set";
    hwy::SetSupportedTargetsForTest(GetParam());
    table_ = build_loop_table();
  }
  void TearDown() override { hwy::SetSupportedTargetsForTest(0); }
  LoopTable table_;
};

// Plain numbers for floats, any bytes for integers.
std::vector<std::byte> operand_bytes(uint32_t dtype, size_t n, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(n * item_bytes(dtype));
  for (size_t i = 0; i < n; ++i) {
    std::byte* to = bytes.data() + i * item_bytes(dtype);
    const float plain = static_cast<float>(random() % 4000) / 128 - 12;
    if (dtype == FRL_DTYPE_F32) {
      std::memcpy(to, &plain, sizeof plain);
    } else if (dtype == FRL_DTYPE_F64) {
      const double wide = plain;
      std::memcpy(to, &wide, sizeof wide);
    } else if (dtype == FRL_DTYPE_C64) {
      const float parts[2] = {plain, static_cast<float>(random() % 100) / 16};
      std::memcpy(to, parts, sizeof parts);
    } else {
      for (size_t b = 0; b < item_bytes(dtype); ++b) to[b] = static_cast<std::byte>(random() % 200);
    }
  }
  return bytes;
}

void check_loop(const char* name, Loop loop, const std::vector<uint32_t>& dtypes, uint32_t result) {
  constexpr size_t kMost = 203, kMostItem = 8;
  std::vector<std::vector<std::byte>> operands;
  for (size_t k = 0; k < dtypes.size(); ++k) {
    operands.push_back(operand_bytes(dtypes[k], kMost, static_cast<uint32_t>(17 * k + 3)));
  }
  const size_t item = item_bytes(result);
  const auto pointers = [&](size_t element, uint32_t scalars, const void** in) {
    for (size_t k = 0; k < dtypes.size(); ++k) {
      in[k] = operands[k].data() + (((scalars >> k) & 1u) != 0 ? 5 : element) * item_bytes(dtypes[k]);
    }
  };
  const uint32_t n_masks = 1u << dtypes.size();
  for (uint32_t scalars = 0; scalars < n_masks; ++scalars) {
    // One by one: the reference.
    std::vector<std::byte> single(kMost * item);
    const void* in[kMaxOperands];
    for (size_t i = 0; i < kMost; ++i) {
      pointers(i, scalars, in);
      loop(in, single.data() + i * item, 1, 0);
    }
    for (const size_t n : {1u, 2u, 3u, 7u, 8u, 15u, 16u, 17u, 31u, 63u, 64u, 65u, 127u, 128u, 203u}) {
      std::vector<std::byte> together(kMost * item + 64, std::byte{0xa5});
      pointers(0, scalars, in);
      loop(in, together.data(), n, scalars);
      ASSERT_EQ(std::memcmp(together.data(), single.data(), n * item), 0)
          << name << " of " << dtype_name(dtypes.back()) << ": " << n << " elements, scalars " << scalars;
      for (size_t i = n * item; i < together.size(); ++i) {
        ASSERT_EQ(together[i], std::byte{0xa5}) << name << ": byte " << i << " beyond " << n << " elements was written";
      }
      // Past the caches, to memory that is aligned for it and to memory that is not.
      alignas(64) std::byte streamed[kMost * kMostItem + 64];
      for (const size_t shift : {size_t{0}, item}) {
        loop(in, streamed + shift, n, scalars | kStreamOut);
        stream_fence();
        ASSERT_EQ(std::memcmp(streamed + shift, single.data(), n * item), 0)
            << name << " of " << dtype_name(dtypes.back()) << ", streaming: " << n << " elements, scalars " << scalars;
      }
    }
  }
}

TEST_P(Targets, LoopsGiveTheSameBitsAtEveryPositionAndForScalars) {
  size_t checked = 0;
  for (const OpInfo& op : kFusableOps) {
    if (!is_elementwise(op)) continue;
    for (uint32_t dtype = 1; dtype < kDtypes; ++dtype) {
      const Loop loop = table_.ops[op.code][dtype];
      if (loop == nullptr) continue;
      std::vector<uint32_t> dtypes(op.min_inputs, dtype);
      if (op.code == FRL_OP_select) dtypes[0] = FRL_DTYPE_BOOL;
      check_loop(op.name, loop, dtypes, result_dtype(op.code, dtype));
      ++checked;
    }
  }
  EXPECT_GT(checked, 380u);
}

// Else the other tests would try one instruction set three times.
TEST_P(Targets, TableHoldsTheTargetsOwnLoops) {
  const LoopTable& best = loop_table();
  const bool same = table_.ops[FRL_OP_exp][FRL_DTYPE_F32] == best.ops[FRL_OP_exp][FRL_DTYPE_F32];
  hwy::SetSupportedTargetsForTest(0);
  const int64_t targets = hwy::SupportedTargets() & (HWY_AVX3 | HWY_AVX2 | HWY_SCALAR);
  EXPECT_EQ(same, GetParam() == (targets & -targets));  // the lowest bit is the best target
}

TEST_P(Targets, CastsGiveTheSameBitsAtEveryPosition) {
  for (uint32_t from = 1; from < kDtypes; ++from) {
    for (uint32_t to = 1; to < kDtypes; ++to) {
      const Loop loop = table_.casts[from][to];
      if (loop == nullptr) {
        ASSERT_NE(table_.casts[from][FRL_DTYPE_F32], nullptr) << dtype_name(from) << " to " << dtype_name(to);
        ASSERT_NE(table_.casts[FRL_DTYPE_F32][to], nullptr) << dtype_name(from) << " to " << dtype_name(to);
        continue;
      }
      check_loop("cast", loop, {from}, to);
    }
  }
}

template <typename R>
R cast(const LoopTable& table, float value, uint32_t to) {
  R result;
  const void* in = &value;
  table.casts[FRL_DTYPE_F32][to](&in, &result, 1, 0);
  return result;
}

TEST_P(Targets, FloatsOutOfRangeSaturateAndNanGivesZero) {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(cast<uint8_t>(table_, 300, FRL_DTYPE_U8), 255);
  EXPECT_EQ(cast<uint8_t>(table_, -1, FRL_DTYPE_U8), 0);
  EXPECT_EQ(cast<int8_t>(table_, -1.9f, FRL_DTYPE_I8), -1);
  EXPECT_EQ(cast<int8_t>(table_, nan, FRL_DTYPE_I8), 0);
  EXPECT_EQ(cast<int32_t>(table_, 3e9f, FRL_DTYPE_I32), INT32_MAX);
  EXPECT_EQ(cast<int32_t>(table_, -inf, FRL_DTYPE_I32), INT32_MIN);
  EXPECT_EQ(cast<int32_t>(table_, nan, FRL_DTYPE_I32), 0);
  EXPECT_EQ(cast<uint32_t>(table_, 3e9f, FRL_DTYPE_U32), 3000000000u);
  EXPECT_EQ(cast<uint32_t>(table_, inf, FRL_DTYPE_U32), UINT32_MAX);
  EXPECT_EQ(cast<int64_t>(table_, 1e19f, FRL_DTYPE_I64), INT64_MAX);
  EXPECT_EQ(cast<uint64_t>(table_, 1.8e19f, FRL_DTYPE_U64), 18000000404716257280u);
  EXPECT_EQ(cast<uint64_t>(table_, inf, FRL_DTYPE_U64), UINT64_MAX);
  EXPECT_EQ(cast<uint64_t>(table_, nan, FRL_DTYPE_U64), 0u);
  EXPECT_EQ(cast<uint8_t>(table_, nan, FRL_DTYPE_BOOL), 1);
}

TEST_P(Targets, HalfConversionsRoundToNearestEven) {
  EXPECT_EQ(cast<uint16_t>(table_, 65519.99f, FRL_DTYPE_F16), 0x7bff);
  EXPECT_EQ(cast<uint16_t>(table_, 65520.0f, FRL_DTYPE_F16), 0x7c00);
  EXPECT_EQ(cast<uint16_t>(table_, 0x1p-25f, FRL_DTYPE_F16), 0x0000);  // a tie, to even
  EXPECT_EQ(cast<uint16_t>(table_, 0x1.000002p-25f, FRL_DTYPE_F16), 0x0001);
  EXPECT_EQ(cast<uint16_t>(table_, -0x1.8p-24f, FRL_DTYPE_F16), 0x8002);     // a tie, to even
  EXPECT_EQ(cast<uint16_t>(table_, 1.00048828125f, FRL_DTYPE_F16), 0x3c00);  // a tie, to even
  EXPECT_EQ(cast<uint16_t>(table_, 1.00390625f, FRL_DTYPE_BF16), 0x3f80);    // a tie, to even
  EXPECT_EQ(cast<uint16_t>(table_, 1.01171875f, FRL_DTYPE_BF16), 0x3f82);    // a tie, to even
  EXPECT_EQ(cast<uint16_t>(table_, 3.4e38f, FRL_DTYPE_BF16), 0x7f80);
  const float nan = std::bit_cast<float>(0x7f800001u);  // its payload lies in the dropped bits
  EXPECT_GT(cast<uint16_t>(table_, nan, FRL_DTYPE_F16) & 0x7fff, 0x7c00);
  EXPECT_GT(cast<uint16_t>(table_, nan, FRL_DTYPE_BF16) & 0x7fff, 0x7f80);
}

// Specials of C99 Annex F that a sweep over bit patterns meets rarely or never.
TEST_P(Targets, SpecialValuesOfTwoOperandsFollowC99) {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float values[] = {0.0f, -0.0f, 1,    -1,  0.5f,   -0.5f,   2,     -2,    3,
                          -3,   inf,   -inf, nan, 1e-40f, -1e-40f, 3e38f, -3e38f};
  for (const uint32_t op : {FRL_OP_power, FRL_OP_arctan2, FRL_OP_logaddexp, FRL_OP_remainder, FRL_OP_floor_divide}) {
    for (const float x : values) {
      for (const float y : values) {
        const void* in[] = {&x, &y};
        float got;
        table_.ops[op][FRL_DTYPE_F32](in, &got, 1, 0);
        const double truth = reference(op, x, y);
        EXPECT_LE(ulp_error(kF32, got, truth, 1), 0.51)
            << kFusableOps[op].name << "(" << x << ", " << y << ") = " << got << "; expected " << truth;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Elementwise, Targets, testing::Values(HWY_SCALAR, HWY_AVX2, HWY_AVX3), [](const auto& info) {
  return std::string(info.param == HWY_AVX3 ? "avx3" : info.param == HWY_AVX2 ? "avx2" : "baseline");
});

}  // namespace
}  // namespace ferrule::cpu::test
