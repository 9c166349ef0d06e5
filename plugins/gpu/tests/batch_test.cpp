// The same work gives the same bytes, however it reaches the device.
#include <algorithm>
#include <random>

#include "fixture.h"

namespace ferrule::gpu::test {
namespace {

constexpr uint64_t kBytes = 40000;

class BatchTest : public GpuTest {
 protected:
  // Fills, copies and small writes at random places of two buffers; `model` is what they make of plain memory.
  void run_random(unsigned seed, int n_calls, int calls_per_flush, Bytes& got, Bytes& model) {
    frl_stream* s = stream();
    frl_buffer* buffer = alloc(2 * kBytes);
    model.assign(2 * kBytes, std::byte{0});
    expect_ok(api_->fill(s, buffer, 0, 2 * kBytes, 0, 8, &error_), "fill");
    std::mt19937 random(seed);
    const auto upto = [&](uint64_t n) { return random() % n; };
    for (int i = 0; i < n_calls; ++i) {
      const uint64_t bytes = 1 + upto(i % 3 == 0 ? 3000 : 200);
      const uint64_t to = upto(kBytes - bytes), from = kBytes + upto(kBytes - bytes);
      switch (random() % 4) {
        case 0: {
          const uint32_t width = 1u << upto(4);
          const uint64_t at = to / width * width, n = (bytes + width - 1) / width * width;
          const uint64_t pattern = (uint64_t{random()} << 32) | random();
          expect_ok(api_->fill(s, buffer, at, n, pattern, width, &error_), "fill");
          for (uint64_t k = 0; k < n; ++k) model[at + k] = static_cast<std::byte>(pattern >> (8 * (k % width)));
          break;
        }
        case 1: {
          Bytes data(std::min<uint64_t>(bytes, 900));
          for (std::byte& b : data) b = static_cast<std::byte>(random());
          expect_ok(api_->copy_in(s, buffer, from, data.data(), data.size(), FRL_COPY_CONSUME, &error_), "copy_in");
          std::copy(data.begin(), data.end(), model.begin() + static_cast<ptrdiff_t>(from));
          break;
        }
        default: {
          const bool back = random() % 2 != 0;
          expect_ok(api_->copy(s, buffer, back ? from : to, buffer, back ? to : from, bytes, &error_), "copy");
          const auto begin = model.begin() + static_cast<ptrdiff_t>(back ? to : from);
          const Bytes moved(begin, begin + static_cast<ptrdiff_t>(bytes));
          std::copy(moved.begin(), moved.end(), model.begin() + static_cast<ptrdiff_t>(back ? from : to));
        }
      }
      if (i % calls_per_flush == calls_per_flush - 1) expect_ok(api_->stream_flush(s, &error_), "stream_flush");
    }
    got = read(s, buffer, 2 * kBytes);
  }

  void expect_right(const Settings& settings) {
    open(settings);
    for (unsigned seed = 1; seed <= 4; ++seed) {
      Bytes got, model;
      run_random(seed, 400, 1 + static_cast<int>(seed) * 37, got, model);
      ASSERT_TRUE(got == model) << "seed " << seed;
    }
    for (const std::string& line : logged()) EXPECT_EQ(line.find("graphs are not used"), std::string::npos) << line;
  }
};

TEST_F(BatchTest, PlainLaunchesAreRight) { expect_right({{"batch", "plain"}}); }
TEST_F(BatchTest, TheDefaultIsRight) { expect_right({}); }
TEST_F(BatchTest, GraphsAreRight) { expect_right({{"batch", "graph"}}); }
TEST_F(BatchTest, GraphsWithoutBranchesAreRight) { expect_right({{"batch", "graph"}, {"graph_branches", "0"}}); }
TEST_F(BatchTest, TinyBatchesAreRight) { expect_right({{"batch", "graph"}, {"batch_commands", "2"}}); }
TEST_F(BatchTest, LargeBatchesAreRight) { expect_right({{"batch", "graph"}, {"batch_commands", "300"}}); }

TEST_F(BatchTest, UnknownModesAreIgnoredWithAWarning) {
  open({{"batch", "fast"}});
  ASSERT_FALSE(logged().empty());
  EXPECT_NE(logged()[0].find("\"fast\" ignored"), std::string::npos) << logged()[0];
}

// Chains of every length up to 140, three times: more topologies than the cache holds, each of them met again.
TEST_F(BatchTest, MoreTopologiesThanTheCacheHolds) {
  open({{"batch", "graph"}, {"batch_commands", "200"}});
  frl_stream* s = stream();
  frl_buffer* buffer = alloc(4096);
  for (uint32_t round = 0; round < 3; ++round) {
    for (uint32_t length = 1; length <= 140; ++length) {
      for (uint32_t i = 0; i < length; ++i) {
        expect_ok(api_->fill(s, buffer, 4 * i, 4096 - 4 * i, round * 1000 + length + i, 4, &error_), "fill");
      }
      const Bytes got = read(s, buffer, 4096);
      const auto* words = reinterpret_cast<const uint32_t*>(got.data());
      for (uint32_t i = 0; i < length; ++i) ASSERT_EQ(words[i], round * 1000 + length + i) << length;
      ASSERT_EQ(words[1023], round * 1000 + 2 * length - 1);
    }
    expect_ok(api_->device_trim(device_, &error_), "device_trim");
  }
}

TEST_F(BatchTest, LargeConsumedSourcesAreReadBeforeTheCallReturns) {
  open();
  frl_stream* s = stream();
  for (uint64_t bytes : {uint64_t{1025}, uint64_t{1} << 20, (uint64_t{5} << 20) + 3, (uint64_t{9} << 20) + 1}) {
    frl_buffer* buffer = alloc(bytes);
    frl_buffer* pinned = alloc(bytes, FRL_MEMORY_PINNED);
    void* source = nullptr;
    expect_ok(api_->buffer_map(device_, pinned, &source, &error_), "buffer_map");
    Bytes expected(bytes);
    for (uint64_t i = 0; i < bytes; ++i) expected[i] = static_cast<std::byte>(i * 7 + i / 251);
    for (int round = 0; round < 3; ++round) {
      std::copy(expected.begin(), expected.end(), static_cast<std::byte*>(source));
      expect_ok(api_->copy_in(s, buffer, 0, source, bytes, FRL_COPY_CONSUME, &error_), "copy_in");
      std::fill_n(static_cast<std::byte*>(source), bytes, std::byte{0xee});
    }
    EXPECT_TRUE(read(s, buffer, bytes) == expected) << bytes;
    expect_ok(api_->device_trim(device_, &error_), "device_trim");
  }
}

}  // namespace
}  // namespace ferrule::gpu::test
