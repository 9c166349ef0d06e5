// The copy family: casts of special values, layouts against a plain index loop, fill, arange and pad.
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "fixture.h"

namespace ferrule::cpu::test {
namespace {

class CopyTest : public PluginTest {
 protected:
  void SetUp() override {
    PluginTest::SetUp();
    stream = make_stream();
  }
  // Casts host values through the copy kernel.
  template <typename D, typename S>
  std::vector<D> cast(uint32_t to, uint32_t from, const std::vector<S>& values) {
    const auto n = static_cast<int64_t>(values.size());
    frl_buffer *x = make_buffer(values.size() * sizeof(S)), *y = make_buffer(values.size() * sizeof(D));
    std::memcpy(map(x), values.data(), values.size() * sizeof(S));
    EXPECT_EQ(run(stream, "copy", {tensor({.buffer = x, .dtype = from, .shape = {n}})},
                  tensor({.buffer = y, .dtype = to, .shape = {n}})),
              FRL_OK);
    EXPECT_EQ(finish(stream), FRL_OK);
    return {data<D>(y), data<D>(y) + n};
  }
  frl_stream* stream = nullptr;
};

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

TEST_F(CopyTest, FloatToIntegerTruncatesAndSaturates) {
  const std::vector<float> x = {1.9f, -1.9f, 300.0f, -300.0f, kInf, -kInf, kNaN, 0.0f, 3e9f, -3e9f, 1e30f, -0.5f};
  EXPECT_EQ(cast<uint8_t>(FRL_DTYPE_U8, FRL_DTYPE_F32, x),
            (std::vector<uint8_t>{1, 0, 255, 0, 255, 0, 0, 0, 255, 0, 255, 0}));
  EXPECT_EQ(cast<int8_t>(FRL_DTYPE_I8, FRL_DTYPE_F32, x),
            (std::vector<int8_t>{1, -1, 127, -128, 127, -128, 0, 0, 127, -128, 127, 0}));
  EXPECT_EQ(cast<int32_t>(FRL_DTYPE_I32, FRL_DTYPE_F32, x),
            (std::vector<int32_t>{1, -1, 300, -300, INT32_MAX, INT32_MIN, 0, 0, INT32_MAX, INT32_MIN, INT32_MAX, 0}));
  EXPECT_EQ(cast<uint64_t>(FRL_DTYPE_U64, FRL_DTYPE_F32, x),
            (std::vector<uint64_t>{1, 0, 300, 0, UINT64_MAX, 0, 0, 0, 3000000000, 0, UINT64_MAX, 0}));
  EXPECT_EQ(
      cast<int64_t>(FRL_DTYPE_I64, FRL_DTYPE_F32, x),
      (std::vector<int64_t>{1, -1, 300, -300, INT64_MAX, INT64_MIN, 0, 0, 3000000000, -3000000000, INT64_MAX, 0}));
}

TEST_F(CopyTest, HalfRoundsToNearestEven) {
  const std::vector<float> x = {65519.99f,      65520.0f,       -1e30f, kNaN, 0x1p-24f,     0x1p-25f,    0x1.8p-25f,
                                1.00048828125f, 1.00146484375f, -0.0f,  kInf, 0x1.ffcp-15f, 0x1.fffp-15f};
  EXPECT_EQ(cast<uint16_t>(FRL_DTYPE_F16, FRL_DTYPE_F32, x),
            (std::vector<uint16_t>{0x7bff, 0x7c00, 0xfc00, 0x7e00, 1, 0, 1, 0x3c00, 0x3c02, 0x8000, 0x7c00, 0x03ff + 1,
                                   0x0400}));
}

TEST_F(CopyTest, EveryHalfSurvivesTheRoundTrip) {
  for (uint32_t dtype : {FRL_DTYPE_F16, FRL_DTYPE_BF16}) {
    std::vector<uint16_t> all(65536);
    for (uint32_t i = 0; i < 65536; ++i) all[i] = static_cast<uint16_t>(i);
    const auto wide = cast<float>(FRL_DTYPE_F32, dtype, all);
    const auto back = cast<uint16_t>(dtype, FRL_DTYPE_F32, wide);
    const int mantissa = dtype == FRL_DTYPE_F16 ? 10 : 7;
    for (uint32_t i = 0; i < 65536; ++i) {
      const int exponent = static_cast<int>((i & 0x7fff) >> mantissa);
      const int special = dtype == FRL_DTYPE_F16 ? 31 : 255, bias = dtype == FRL_DTYPE_F16 ? 15 : 127;
      const uint32_t fraction = i & ((1u << mantissa) - 1);
      if (exponent == special && fraction != 0) {
        ASSERT_TRUE(std::isnan(wide[i])) << i;
        continue;
      }
      ASSERT_EQ(back[i], i);
      if (exponent == special) continue;
      const double magnitude = exponent == 0 ? std::ldexp(fraction, 1 - bias - mantissa)
                                             : std::ldexp(fraction + (1u << mantissa), exponent - bias - mantissa);
      ASSERT_EQ(static_cast<double>(wide[i]), (i & 0x8000) != 0 ? -magnitude : magnitude) << i;
    }
  }
}

TEST_F(CopyTest, BoolAndComplexFollowTheTable) {
  EXPECT_EQ(cast<uint8_t>(FRL_DTYPE_BOOL, FRL_DTYPE_F32, std::vector<float>{0, -0.0f, 1e-45f, kNaN, 2}),
            (std::vector<uint8_t>{0, 0, 1, 1, 1}));
  EXPECT_EQ(cast<float>(FRL_DTYPE_F32, FRL_DTYPE_BOOL, std::vector<uint8_t>{0, 1, 255}), (std::vector<float>{0, 1, 1}));
  const std::vector<float> z = {0, 3, -2.5f, 0, 0, 0};
  EXPECT_EQ(cast<uint8_t>(FRL_DTYPE_BOOL, FRL_DTYPE_C64, std::vector<std::array<float, 2>>{{0, 3}, {-2.5f, 0}, {0, 0}}),
            (std::vector<uint8_t>{1, 1, 0}));
  EXPECT_EQ(cast<int16_t>(FRL_DTYPE_I16, FRL_DTYPE_C64, std::vector<std::array<float, 2>>{{7.9f, 3}, {-2.5f, 1}}),
            (std::vector<int16_t>{7, -2}));
  EXPECT_EQ((cast<std::array<float, 2>>(FRL_DTYPE_C64, FRL_DTYPE_I32, std::vector<int32_t>{5})[0]),
            (std::array<float, 2>{5, 0}));
}

TEST_F(CopyTest, IntegersWrapAndRound) {
  EXPECT_EQ(cast<int8_t>(FRL_DTYPE_I8, FRL_DTYPE_I32, std::vector<int32_t>{300, -129, 255}),
            (std::vector<int8_t>{44, 127, -1}));
  EXPECT_EQ(cast<float>(FRL_DTYPE_F32, FRL_DTYPE_U64, std::vector<uint64_t>{UINT64_MAX, 16777217, 16777219}),
            (std::vector<float>{0x1p64f, 16777216.0f, 16777220.0f}));
  EXPECT_EQ(cast<uint64_t>(FRL_DTYPE_U64, FRL_DTYPE_I32, std::vector<int32_t>{-1}), std::vector<uint64_t>{UINT64_MAX});
}

// Every dtype width, through a source and a destination of random strides, compared with an index loop.
TEST_F(CopyTest, AnyLayoutsAgreeWithAnIndexLoop) {
  std::mt19937 random(1);
  auto pick = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  struct Side {
    std::vector<int64_t> strides;
    int64_t first = 0, extent = 1;
  };
  for (int round = 0; round < 300; ++round) {
    if (round % 100 == 0) {  // the same result from any number of threads
      PluginTest::TearDown();
      set_config("threads", round == 0 ? "1" : round == 100 ? "2" : "8");
      SetUp();
    }
    const int ndim = pick(0, 5);
    std::vector<int64_t> shape;
    for (int i = 0; i < ndim; ++i) shape.push_back(pick(1, round % 10 == 0 && ndim <= 3 ? 70 : 6));
    // A permuted layout with gaps and reversed axes; `broadcast` allows zero strides.
    auto make_side = [&](bool broadcast) {
      Side side;
      side.strides.assign(shape.size(), 0);
      std::vector<size_t> order(shape.size());
      for (size_t i = 0; i < order.size(); ++i) order[i] = i;
      std::shuffle(order.begin(), order.end(), random);
      for (size_t axis : order) {
        if (broadcast && pick(0, 5) == 0) continue;
        side.extent *= pick(0, 3) == 0 ? 2 : 1;
        side.strides[axis] = side.extent;
        side.extent *= shape[axis];
        if (pick(0, 3) == 0) {
          side.first += side.strides[axis] * (shape[axis] - 1);
          side.strides[axis] = -side.strides[axis];
        }
      }
      return side;
    };
    const Side from = make_side(true), to = make_side(false);
    const uint32_t dtypes[] = {FRL_DTYPE_U8, FRL_DTYPE_U16, FRL_DTYPE_U32, FRL_DTYPE_U64};
    const uint32_t kind = static_cast<uint32_t>(pick(0, 3)), width = 1u << kind;
    frl_buffer *x = make_buffer(static_cast<uint64_t>(from.extent) * width),
               *y = make_buffer(static_cast<uint64_t>(to.extent) * width);
    auto *source = data<uint8_t>(x), *result = data<uint8_t>(y);
    for (int64_t i = 0; i < from.extent * width; ++i) source[i] = static_cast<uint8_t>(random());
    std::vector<uint8_t> expected(static_cast<size_t>(to.extent) * width, 0xee);
    std::memset(result, 0xee, expected.size());
    std::vector<int64_t> index(shape.size(), 0);
    for (bool more = true; more;) {
      int64_t a = from.first, b = to.first;
      for (size_t i = 0; i < shape.size(); ++i) a += index[i] * from.strides[i], b += index[i] * to.strides[i];
      std::memcpy(expected.data() + b * width, source + a * width, width);
      more = false;
      for (size_t i = shape.size(); i-- > 0 && !more;) {
        if (++index[i] < shape[i])
          more = true;
        else
          index[i] = 0;
      }
    }
    ASSERT_EQ(
        run(stream, "copy", {tensor({x, dtypes[kind], shape, from.strides, static_cast<uint64_t>(from.first) * width})},
            tensor({y, dtypes[kind], shape, to.strides, static_cast<uint64_t>(to.first) * width})),
        FRL_OK);
    ASSERT_EQ(finish(stream), FRL_OK);
    ASSERT_EQ(std::memcmp(expected.data(), result, expected.size()), 0) << "round " << round;
  }
}

// Large enough for streaming stores and for every thread; odd extents leave edges on both axes.
TEST_F(CopyTest, LargeTransposesMoveAndConvert) {
  constexpr int64_t kRows = 3001, kColumns = 2999;
  frl_buffer *x = make_buffer(kRows * kColumns * 4), *y = make_buffer(kRows * kColumns * 4);
  auto* source = data<float>(x);
  for (int64_t i = 0; i < kRows * kColumns; ++i) source[i] = static_cast<float>(i);
  const frl_tensor transposed = tensor({.buffer = x, .shape = {kColumns, kRows}, .strides = {1, kColumns}});
  ASSERT_EQ(run(stream, "copy", {transposed}, tensor({.buffer = y, .shape = {kColumns, kRows}})), FRL_OK);
  ASSERT_EQ(finish(stream), FRL_OK);
  for (int64_t c = 0; c < kColumns; ++c) {
    for (int64_t r = 0; r < kRows; ++r) ASSERT_EQ(data<float>(y)[c * kRows + r], source[r * kColumns + c]);
  }
  ASSERT_EQ(
      run(stream, "copy", {transposed}, tensor({.buffer = y, .dtype = FRL_DTYPE_I16, .shape = {kColumns, kRows}})),
      FRL_OK);
  ASSERT_EQ(finish(stream), FRL_OK);
  for (int64_t c = 0; c < kColumns; ++c) {
    for (int64_t r = 0; r < kRows; ++r) {
      ASSERT_EQ(data<int16_t>(y)[c * kRows + r], std::min<int64_t>(r * kColumns + c, 32767));
    }
  }
}

TEST_F(CopyTest, LargeCopiesAndFillsReachEveryByte) {
  constexpr int64_t kBytes = (int64_t{33} << 20) + 7;
  frl_buffer *x = make_buffer(kBytes), *y = make_buffer(kBytes + 1);
  for (int64_t i = 0; i < kBytes; ++i) data<uint8_t>(x)[i] = static_cast<uint8_t>(i * 31);
  ASSERT_EQ(run(stream, "copy", {tensor({.buffer = x, .dtype = FRL_DTYPE_U8, .shape = {kBytes}})},
                tensor({.buffer = y, .dtype = FRL_DTYPE_U8, .shape = {kBytes}, .byte_offset = 1})),
            FRL_OK);
  ASSERT_EQ(finish(stream), FRL_OK);
  EXPECT_EQ(std::memcmp(data<uint8_t>(x), data<uint8_t>(y) + 1, kBytes), 0);
  ASSERT_EQ(run(stream, "fill", {inline_tensor(FRL_DTYPE_U8, 0x5a)},
                tensor({.buffer = y, .dtype = FRL_DTYPE_U8, .shape = {kBytes}, .byte_offset = 1})),
            FRL_OK);
  ASSERT_EQ(finish(stream), FRL_OK);
  for (int64_t i = 0; i < kBytes; ++i) ASSERT_EQ(data<uint8_t>(y)[i + 1], 0x5a) << i;
}

TEST_F(CopyTest, FillWritesInlineValuesThroughStrides) {
  frl_buffer* y = make_buffer(12 * 4);
  std::memset(map(y), 0, 48);
  ASSERT_EQ(run(stream, "fill", {inline_tensor(FRL_DTYPE_F32, 0x40490fdb)},
                tensor({.buffer = y, .shape = {2, 2}, .strides = {6, 3}})),
            FRL_OK);
  ASSERT_EQ(finish(stream), FRL_OK);
  for (int i = 0; i < 12; ++i) EXPECT_EQ(data<uint32_t>(y)[i], i % 3 == 0 ? 0x40490fdbu : 0u) << i;
}

TEST_F(CopyTest, ArangeWrapsIntegersAndRoundsFloatsOnce) {
  frl_arange_attrs attrs{250, 3, 0.0, 0.0};
  frl_buffer* y = make_buffer(4 * 8);
  ASSERT_EQ(run(stream, "arange", {}, tensor({.buffer = y, .dtype = FRL_DTYPE_U8, .shape = {4}}), &attrs, sizeof attrs),
            FRL_OK);
  ASSERT_EQ(finish(stream), FRL_OK);
  EXPECT_EQ(std::vector<uint8_t>(data<uint8_t>(y), data<uint8_t>(y) + 4), (std::vector<uint8_t>{250, 253, 0, 3}));
  // Just above the tie of two binary16 values, but a tie once rounded to f32.
  attrs = {0, 0, 1.0 + 0x1p-11 + 0x1p-40, 1.0};
  ASSERT_EQ(
      run(stream, "arange", {}, tensor({.buffer = y, .dtype = FRL_DTYPE_F16, .shape = {1}}), &attrs, sizeof attrs),
      FRL_OK);
  ASSERT_EQ(finish(stream), FRL_OK);
  EXPECT_EQ(*data<uint16_t>(y), 0x3c01);
}

TEST_F(CopyTest, PadSurroundsTheInput) {
  frl_pad_attrs attrs{{1, 0}, {0, 2}};
  frl_buffer *x = make_buffer(4 * 4), *y = make_buffer(12 * 4);
  const int32_t values[] = {1, 2, 3, 4};
  std::memcpy(map(x), values, sizeof values);
  ASSERT_EQ(run(stream, "pad",
                {tensor({.buffer = x, .dtype = FRL_DTYPE_I32, .shape = {2, 2}}), inline_tensor(FRL_DTYPE_I32, 9)},
                tensor({.buffer = y, .dtype = FRL_DTYPE_I32, .shape = {3, 4}}), &attrs, sizeof attrs),
            FRL_OK);
  ASSERT_EQ(finish(stream), FRL_OK);
  EXPECT_EQ(std::vector<int32_t>(data<int32_t>(y), data<int32_t>(y) + 12),
            (std::vector<int32_t>{9, 9, 9, 9, 1, 2, 9, 9, 3, 4, 9, 9}));
}

}  // namespace
}  // namespace ferrule::cpu::test
