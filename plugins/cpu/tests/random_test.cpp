// random_bits against a scalar threefry written from the paper, and against words that MLX 0.32 produces.
#include <gtest/gtest.h>

#include "host_tensor.h"
#include "value.h"

namespace ferrule::cpu::testing {
namespace {

struct Block {
  uint32_t a, b;
};

Block reference_block(uint32_t k0, uint32_t k1, uint32_t c0, uint32_t c1) {
  const uint32_t k[3] = {k0, k1, 0x1BD11BDAu ^ k0 ^ k1};
  const int rotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
  Block x{c0 + k[0], c1 + k[1]};
  for (uint32_t group = 0; group < 5; ++group) {
    for (const int r : rotations[group % 2]) {
      x.a += x.b;
      x.b = ((x.b << r) | (x.b >> (32 - r))) ^ x.a;
    }
    x.a += k[(group + 1) % 3];
    x.b += k[(group + 2) % 3] + group + 1;
  }
  return x;
}

std::vector<uint8_t> reference_bytes(uint32_t k0, uint32_t k1, int64_t bytes) {
  const int64_t words = (bytes + 3) / 4, half = (words + 1) / 2;
  std::vector<uint32_t> out(static_cast<size_t>(words));
  for (int64_t j = 0; j < half; ++j) {
    const bool lone = half + j >= words;
    const Block x = reference_block(k0, k1, static_cast<uint32_t>(j), lone ? 0 : static_cast<uint32_t>(j + half));
    out[static_cast<size_t>(j)] = x.a;
    if (!lone) out[static_cast<size_t>(half + j)] = x.b;
  }
  std::vector<uint8_t> raw(static_cast<size_t>(words) * 4);
  for (size_t i = 0; i < raw.size(); ++i) raw[i] = static_cast<uint8_t>(out[i / 4] >> (i % 4 * 8));
  raw.resize(static_cast<size_t>(bytes));
  return raw;
}

HostTensor keys_of(const std::vector<uint32_t>& words) {
  HostTensor keys(FRL_DTYPE_U32, {static_cast<int64_t>(words.size()) / 2, 2});
  for (size_t i = 0; i < words.size(); ++i) keys.set_int(static_cast<int64_t>(i), words[i]);
  return keys;
}

void expect_words(const std::vector<uint32_t>& key, const std::vector<uint32_t>& expected) {
  HostTensor out(FRL_DTYPE_U32, {1, static_cast<int64_t>(expected.size())});
  run_kernel("random_bits", {keys_of(key)}, {&out});
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_EQ(out.get_int(static_cast<int64_t>(i)), static_cast<int64_t>(expected[i])) << i;
}

TEST(RandomBits, MatchesWordsOfMlxAndJax) {
  expect_words({0, 0}, {4146024105u, 967050713u, 2718843009u, 1272950319u});
  expect_words({0, 0}, {2467461003u, 428148500u, 1688610540u, 3840466878u, 2562233961u});
  expect_words({1, 2}, {2052595727u, 3504730591u, 2527474599u, 1880214352u, 1914734168u});
  expect_words({0xdeadbeefu, 0xffffffffu},
               {2333651392u, 799291541u, 3385025529u, 521855915u, 3517481595u, 2103436136u});
}

TEST(RandomBits, EveryWidthAndCountFollowsTheStream) {
  const std::vector<uint32_t> words = {0, 0, 1, 2, 0xdeadbeefu, 0xffffffffu};
  for (const uint32_t dtype : {FRL_DTYPE_U8, FRL_DTYPE_U16, FRL_DTYPE_U32})
    for (const int64_t m : {1, 2, 3, 4, 5, 7, 13, 64, 515, 4099, 70001}) {
      HostTensor out(dtype, {3, m});
      run_kernel("random_bits", {keys_of(words)}, {&out});
      const int64_t bytes = m * static_cast<int64_t>(item_size(dtype));
      for (size_t r = 0; r < 3; ++r) {
        const auto expected = reference_bytes(words[2 * r], words[2 * r + 1], bytes);
        const auto* row = reinterpret_cast<const uint8_t*>(out.raw()) + static_cast<int64_t>(r) * bytes;
        ASSERT_TRUE(std::equal(expected.begin(), expected.end(), row)) << dtype_name(dtype) << " m " << m;
      }
    }
}

TEST(RandomBits, RefusesOtherDtypesAndShapes) {
  HostTensor signed_out(FRL_DTYPE_I32, {1, 4}), out(FRL_DTYPE_U32, {2, 4});
  EXPECT_NE(refusal("random_bits", {keys_of({0, 0})}, {&signed_out}), "");
  EXPECT_NE(refusal("random_bits", {keys_of({0, 0})}, {&out}), "");
}

}  // namespace
}  // namespace ferrule::cpu::testing
