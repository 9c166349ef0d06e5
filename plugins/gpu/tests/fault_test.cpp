// Failures on purpose, which only the simulated device has: each is reported, and what follows works or says why not.
#include <cstring>

#include "fixture.h"
#include "machine/faults.h"

namespace ferrule::gpu::test {
namespace {

class FaultTest : public GpuTest {
 protected:
  void SetUp() override {
    GpuTest::SetUp();
    if (!simulated()) GTEST_SKIP() << "only the simulated device fails on purpose";
  }
  void TearDown() override {
    EXPECT_TRUE(sim::inject_faults(""));
    GpuTest::TearDown();
  }
  static void inject(const char* text) { ASSERT_TRUE(sim::inject_faults(text)); }
};

TEST_F(FaultTest, AFailedLaunchFailsTheNextEventOnly) {
  open({{"batch", "plain"}});
  frl_stream* s = stream();
  frl_buffer* buffer = alloc(64);
  inject("launch:2");
  for (int i = 0; i < 3; ++i) expect_ok(api_->fill(s, buffer, 0, 64, 1, 1, &error_), "fill");
  EXPECT_EQ(finish(s), FRL_INTERNAL);
  EXPECT_NE(std::strstr(error_.message, "launching a kernel"), nullptr) << error_.message;
  expect_ok(api_->fill(s, buffer, 0, 64, 7, 1, &error_), "fill");
  EXPECT_TRUE(read(s, buffer, 64) == Bytes(64, std::byte{7}));
}

TEST_F(FaultTest, AFailedEventFailsTheStreamThatWaitsForIt) {
  open({{"batch", "plain"}});
  frl_stream *first = stream(), *second = stream();
  frl_buffer* buffer = alloc(64);
  frl_event* ready = event();
  inject("launch:1");
  expect_ok(api_->fill(first, buffer, 0, 64, 1, 1, &error_), "fill");
  expect_ok(api_->event_record(ready, first, &error_), "event_record");
  expect_ok(api_->stream_wait_event(second, ready, &error_), "stream_wait_event");
  EXPECT_EQ(finish(second), FRL_INTERNAL);
  EXPECT_EQ(finish(second), FRL_OK);
  EXPECT_EQ(api_->event_wait(ready, UINT64_MAX, &error_), FRL_INTERNAL);
  EXPECT_EQ(finish(first), FRL_OK);
}

TEST_F(FaultTest, WithoutGraphsTheWorkIsLaunchedPlainly) {
  for (const char* fault : {"graph:1", "graph:2", "graph:3"}) {  // making, instantiating, launching one
    inject("");
    open({{"batch", "graph"}});
    inject(fault);
    frl_stream* s = stream();
    frl_buffer* buffer = alloc(4096);
    for (uint32_t round = 0; round < 3; ++round) {
      for (uint32_t i = 0; i < 10; ++i) {
        expect_ok(api_->fill(s, buffer, 4 * i, 4096 - 4 * i, round * 100 + i, 4, &error_), "fill");
      }
      const Bytes got = read(s, buffer, 4096);
      for (uint32_t i = 0; i < 10; ++i) {
        ASSERT_EQ(reinterpret_cast<const uint32_t*>(got.data())[i], round * 100 + i) << fault;
      }
    }
    size_t warnings = 0;
    for (const std::string& line : logged()) warnings += line.find("graphs are not used any more") != std::string::npos;
    EXPECT_EQ(warnings, 1u) << fault;
    GpuTest::SetUp();
  }
}

TEST_F(FaultTest, OutOfMemoryIsReportedAndTheNextAllocationWorks) {
  open();
  inject("malloc:1,pinned:1");
  frl_buffer* buffer = nullptr;
  EXPECT_EQ(api_->buffer_alloc(device_, FRL_MEMORY_DEVICE, 1000, &buffer, &error_), FRL_OUT_OF_MEMORY);
  EXPECT_EQ(buffer, nullptr);
  EXPECT_NE(std::strstr(error_.message, "1000 bytes of DEVICE memory"), nullptr) << error_.message;
  EXPECT_EQ(api_->buffer_alloc(device_, FRL_MEMORY_PINNED, 1000, &buffer, &error_), FRL_OUT_OF_MEMORY);
  alloc(1000);
  alloc(1000, FRL_MEMORY_PINNED);
}

TEST_F(FaultTest, ALostDeviceSaysSoAndKeepsItsFirstCause) {
  open({{"batch", "plain"}});
  frl_stream *s = stream(), *other = stream();
  frl_buffer* buffer = alloc(64);
  frl_event* pending = event();
  expect_ok(api_->event_record(pending, other, &error_), "event_record");
  inject("lost:2");
  expect_ok(api_->fill(s, buffer, 0, 64, 1, 1, &error_), "fill");
  expect_ok(api_->fill(s, buffer, 0, 64, 1, 1, &error_), "fill");
  EXPECT_EQ(api_->stream_flush(s, &error_), FRL_DEVICE_LOST);
  const std::string cause = error_.message;
  frl_event* late = nullptr;
  frl_buffer* none = nullptr;
  char host[64];
  const auto same = [&](frl_status status) {
    EXPECT_EQ(status, FRL_DEVICE_LOST);
    EXPECT_EQ(error_.message, cause);
    error_.message[0] = '\0';
  };
  same(api_->fill(other, buffer, 0, 64, 1, 1, &error_));
  same(api_->copy_out(other, host, buffer, 0, 64, &error_));
  same(api_->event_record(pending, other, &error_));
  same(api_->event_wait(pending, UINT64_MAX, &error_));
  same(api_->event_create(device_, 0, &late, &error_));
  same(api_->buffer_alloc(device_, FRL_MEMORY_DEVICE, 64, &none, &error_));
  same(api_->stream_flush(other, &error_));
}  // destroying stays legal

// Every vendor call fails once, in turn; the call that suffers says so, and the whole works the next time.
TEST_F(FaultTest, TheNthFailureIsReportedAndLeavesNothingBehind) {
  for (const char* kind : {"malloc", "launch", "copy", "graph", "event", "stream"}) {
    for (int n = 1; n <= 12; ++n) {
      inject("");
      open({{"batch", "graph"}, {"batch_commands", "4"}});
      inject((std::string(kind) + ":" + std::to_string(n)).c_str());
      const auto work = [&] {
        frl_stream* s = nullptr;
        frl_buffer* buffer = nullptr;
        frl_event* done = nullptr;
        frl_status status = api_->stream_create(device_, 0, &s, &error_);
        if (status == FRL_OK) status = api_->buffer_alloc(device_, FRL_MEMORY_DEVICE, 256, &buffer, &error_);
        if (status == FRL_OK) status = api_->event_create(device_, 0, &done, &error_);
        for (uint32_t i = 0; i < 10 && status == FRL_OK; ++i) {
          status = api_->fill(s, buffer, 4 * i, 256 - 4 * i, i, 4, &error_);
        }
        uint32_t words[64] = {};
        if (status == FRL_OK) status = api_->copy_out(s, words, buffer, 0, 256, &error_);
        if (status == FRL_OK) status = api_->event_record(done, s, &error_);
        if (status == FRL_OK) status = api_->event_wait(done, UINT64_MAX, &error_);
        if (status == FRL_OK && (words[5] != 5 || words[63] != 9)) status = -1;
        EXPECT_TRUE(status == FRL_OK || status == -1 || error_.message[0] != '\0');
        api_->event_destroy(done);
        api_->stream_destroy(s);
        api_->buffer_free(device_, buffer);
        return status;
      };
      EXPECT_NE(work(), -1) << kind << ":" << n << ": wrong bytes without an error";
      inject("");
      EXPECT_EQ(work(), FRL_OK) << kind << ":" << n << ": " << error_.message;
    }
  }
}

}  // namespace
}  // namespace ferrule::gpu::test
