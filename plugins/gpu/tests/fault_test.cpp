// Failures on purpose, which only the simulated device has: each is reported, and what follows works or says why not.
#include <algorithm>
#include <cstring>
#include <vector>

#include "ferrule/op_attrs.h"
#include "fixture.h"
#include "machine/faults.h"
#include "machine/memory.h"

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

  static constexpr frl_status kWrong = -1;
  // What a program may ask of a device, once; the first failure, or kWrong for a result that is not right.
  frl_status work();
  frl_status eager_work(frl_stream* s, frl_stream* other, frl_buffer* buffer, frl_event* done);
  frl_status recorded_work(frl_stream* s, frl_buffer* buffer, frl_event* done);
};

frl_status FaultTest::eager_work(frl_stream* s, frl_stream* other, frl_buffer* buffer, frl_event* done) {
  frl_status status = FRL_OK;
  const auto then = [&](const auto& call) {
    if (status == FRL_OK) status = call();
  };
  std::vector<std::byte> staged(3 << 20, std::byte{7});
  then([&] { return api_->copy_in(s, buffer, 0, staged.data(), staged.size(), FRL_COPY_CONSUME, &error_); });
  for (uint32_t i = 0; i < 10; ++i) {
    then([&] { return api_->fill(s, buffer, 4 * i, 256 - 4 * i, i, 4, &error_); });
  }
  // Long enough for the library: the numbers 0.0 in front, 7.0 patterns behind.
  frl_kernel* sort = nullptr;
  then([&] { return api_->kernel_find(device_, "sort", 1, &sort, &error_); });
  frl_tensor in{}, out{};
  in.buffer = out.buffer = buffer;
  in.dtype = out.dtype = FRL_DTYPE_U32;
  in.ndim = out.ndim = 1;
  in.shape[0] = out.shape[0] = 1 << 15;
  in.strides[0] = out.strides[0] = 1;
  out.byte_offset = 1 << 19;
  const frl_axis_attrs axis{0, 0};
  frl_call call{};
  call.inputs = &in;
  call.outputs = &out;
  call.n_inputs = call.n_outputs = 1;
  call.attrs = &axis;
  call.attrs_size = sizeof axis;
  frl_requirements need{};
  need.struct_size = sizeof need;
  then([&] { return api_->kernel_query(sort, &call, &need, &error_); });
  call.scratch = buffer;
  call.scratch_offset = 1 << 20;
  call.scratch_bytes = need.scratch_bytes;
  then([&] { return api_->kernel_launch(s, sort, need.plan, &call, &error_); });
  if (need.plan != nullptr) api_->plan_release(sort, need.plan);
  then([&] { return api_->event_record(done, s, &error_); });
  then([&] { return api_->stream_wait_event(other, done, &error_); });
  uint32_t words[64] = {}, sorted[64] = {};
  then([&] { return api_->copy_out(other, words, buffer, 0, 256, &error_); });
  then([&] { return api_->copy_out(other, sorted, buffer, 1 << 19, 256, &error_); });
  then([&] { return api_->event_record(done, other, &error_); });
  then([&] { return api_->event_wait(done, UINT64_MAX, &error_); });
  if (status == FRL_OK && (words[5] != 5 || words[63] != 9)) return kWrong;
  for (uint32_t i = 0; i < 64 && status == FRL_OK; ++i) {
    if (sorted[i] != std::min(i, 9u)) return kWrong;
  }
  return status;
}

frl_status FaultTest::recorded_work(frl_stream* s, frl_buffer* buffer, frl_event* done) {
  const auto* graphs = static_cast<const frl_graph_api*>(api_->device_extension(device_, FRL_EXT_GRAPH, 1));
  const auto* profiler = static_cast<const frl_profiler_api*>(api_->device_extension(device_, FRL_EXT_PROFILER, 1));
  frl_stream* recorder = nullptr;
  frl_graph* graph = nullptr;
  frl_kernel* fill = nullptr;
  frl_status status = graphs->graph_begin(device_, 2, &recorder, &error_);
  const auto then = [&](const auto& call) {
    if (status == FRL_OK) status = call();
  };
  then([&] { return api_->kernel_find(device_, "fill", 1, &fill, &error_); });
  for (uint64_t i = 0; i < 3; ++i) {
    frl_tensor value{}, to{};
    value.dtype = to.dtype = FRL_DTYPE_U32;
    value.buffer = FRL_SLOT(0);
    value.flags = FRL_TENSOR_INLINE;
    to.buffer = FRL_SLOT(1);
    to.byte_offset = 1024 * i;
    to.ndim = 1;
    to.shape[0] = 256;
    to.strides[0] = 1;
    frl_call call{};
    call.inputs = &value;
    call.outputs = &to;
    call.n_inputs = call.n_outputs = 1;
    then([&] { return api_->kernel_launch(recorder, fill, nullptr, &call, &error_); });
  }
  if (recorder != nullptr) {
    const frl_status ended = graphs->graph_end(recorder, &graph, &error_);
    if (status == FRL_OK) status = ended;
  }
  for (uint32_t round = 0; round < 5; ++round) {
    if (round == 3) then([&] { return profiler->profiler_start(device_, 100, &error_); });
    const frl_binding bindings[2] = {{nullptr, 0, {7 + round, 0}}, {buffer, 4096 * (round % 2), {0, 0}}};
    then([&] { return graphs->graph_launch(s, graph, bindings, 2, &error_); });
    uint32_t words[768] = {};
    then([&] { return api_->copy_out(s, words, buffer, 4096 * (round % 2), sizeof words, &error_); });
    then([&] { return api_->event_record(done, s, &error_); });
    then([&] { return api_->event_wait(done, UINT64_MAX, &error_); });
    for (uint32_t word : words) {
      if (status == FRL_OK && word != 7 + round) status = kWrong;
    }
  }
  frl_profile_record records[16];
  uint64_t count = 0, dropped = 0;
  then([&] { return profiler->profiler_read(device_, records, 16, &count, &dropped, &error_); });
  (void)profiler->profiler_stop(device_, nullptr);
  graphs->graph_destroy(graph);
  return status;
}

frl_status FaultTest::work() {
  frl_stream *s = nullptr, *other = nullptr;
  frl_buffer* buffer = nullptr;
  frl_event* done = nullptr;
  error_.message[0] = '\0';
  frl_status status = api_->stream_create(device_, 0, &s, &error_);
  if (status == FRL_OK) status = api_->stream_create(device_, 0, &other, &error_);
  if (status == FRL_OK) status = api_->buffer_alloc(device_, FRL_MEMORY_DEVICE, 4 << 20, &buffer, &error_);
  if (status == FRL_OK) status = api_->event_create(device_, 0, &done, &error_);
  if (status == FRL_OK) status = eager_work(s, other, buffer, done);
  if (status == FRL_OK) status = recorded_work(s, buffer, done);
  EXPECT_TRUE(status == FRL_OK || status == kWrong || error_.message[0] != '\0') << "no message";
  api_->event_destroy(done);
  api_->stream_destroy(s);
  api_->stream_destroy(other);
  api_->buffer_free(device_, buffer);
  return status;
}

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

// Every vendor call fails once, in turn; the call that suffers says so, and the whole works the next time. Batches as
// graphs, a library's work, staged copies, a second stream, a recording that is launched with changing values, and the
// profiler.
TEST_F(FaultTest, TheNthFailureIsReportedAndLeavesNothingBehind) {
  for (const char* kind : {"malloc", "pinned", "launch", "copy", "graph", "node", "capture", "event", "record", "wait",
                           "stream", "sync"}) {
    for (int n = 1; n <= 25; ++n) {
      const std::string fault = std::string(kind) + ":" + std::to_string(n);
      inject("");
      open({{"batch", "graph"}, {"batch_commands", "4"}});
      const size_t before = sim::used_bytes(0);
      inject(fault.c_str());
      EXPECT_NE(work(), kWrong) << fault << ": wrong bytes without an error";
      EXPECT_EQ(sim::used_bytes(0), before) << fault;
      inject("");
      EXPECT_EQ(work(), FRL_OK) << fault << ": " << error_.message;
      EXPECT_EQ(sim::used_bytes(0), before) << fault;
    }
  }
}

// From the nth submission on the device is lost: every call ends and says so, and so does closing it.
TEST_F(FaultTest, TheDeviceMayBeLostAtAnyTime) {
  for (int n = 1; n <= 30; ++n) {
    const std::string fault = "lost:" + std::to_string(n);
    open({{"batch", n % 2 == 0 ? "graph" : "plain"}, {"batch_commands", "4"}});
    inject(fault.c_str());
    const frl_status status = work();
    EXPECT_TRUE(status == FRL_OK || status == FRL_DEVICE_LOST) << fault << ": " << error_.message;
    if (status == FRL_DEVICE_LOST) {
      EXPECT_EQ(work(), FRL_DEVICE_LOST) << fault << ": " << error_.message;
    }
    close();
    inject("");
  }
}

}  // namespace
}  // namespace ferrule::gpu::test
