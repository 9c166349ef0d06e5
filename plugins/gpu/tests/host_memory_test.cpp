// Every allocation of host memory inside the plugin fails once, in turn: the call that suffers says so, nothing is
// leaked, and the same work is right the next time. The device stays open, as it would in a program.
#include <atomic>
#include <cstring>
#include <vector>

#include "counted_memory.h"
#include "ferrule/op_attrs.h"
#include "fixture.h"
#include "machine/faults.h"
#include "machine/memory.h"

namespace ferrule::gpu::test {
namespace {

using ferrule::test::FailingMemory;
using ferrule::test::live_allocations;

constexpr int64_t kCount = 64;
constexpr uint64_t kSize = kCount * sizeof(float);

frl_tensor vector_in(frl_buffer* buffer, uint64_t offset) { return f32_vector(buffer, kCount, offset); }

class HostMemoryTest : public GpuTest {
 protected:
  // Calls the plugin with failing memory; tests' own allocations do not count.
  template <typename F>
  frl_status call(const F& f) {
    error_.message[0] = '\0';
    const FailingMemory failing(&left_);
    return f();
  }

  // `rounds` times the body until no allocation is left to fail.
  template <typename Body>
  void fail_each(const Body& body) {
    left_ = INT64_MAX;
    ASSERT_EQ(body(), FRL_OK) << error_.message;
    ASSERT_EQ(body(), FRL_OK) << error_.message;
    int64_t failed = 0;
    const size_t device_bytes = sim::used_bytes(0);
    for (int64_t n = 1;; ++n) {
      left_ = n;
      const frl_status status = body();
      const bool reached = left_ <= 0;
      if (status != FRL_OK) {
        ++failed;
        EXPECT_NE(status, kWrong) << "allocation " << n << ": wrong numbers without an error";
        EXPECT_NE(error_.message[0], '\0') << "allocation " << n << ": no message";
      }
      left_ = INT64_MAX;
      ASSERT_EQ(body(), FRL_OK) << "after allocation " << n << " had failed: " << error_.message;
      EXPECT_EQ(sim::used_bytes(0), device_bytes) << "allocation " << n;
      if (!reached) break;
    }
    EXPECT_GT(failed, 0);
  }

  static constexpr frl_status kWrong = -1;
  int64_t left_ = INT64_MAX;
};

// Streams, events, callbacks, fills, staged and small copies, batches as graphs.
TEST_F(HostMemoryTest, EagerWork) {
  open({{"batch", "graph"}, {"batch_commands", "4"}});
  fail_each([&] {
    std::vector<std::byte> big(3 << 20);
    std::memset(big.data(), 7, big.size());
    frl_stream *s = nullptr, *other = nullptr;
    frl_buffer* buffer = nullptr;
    frl_event* done = nullptr;
    std::atomic<int> called{0};
    frl_status status = call([&] { return api_->stream_create(device_, 0, &s, &error_); });
    const auto then = [&](const auto& f) {
      if (status == FRL_OK) status = call(f);
    };
    then([&] { return api_->stream_create(device_, 0, &other, &error_); });
    then([&] { return api_->buffer_alloc(device_, FRL_MEMORY_DEVICE, big.size(), &buffer, &error_); });
    then([&] { return api_->event_create(device_, 0, &done, &error_); });
    then([&] { return api_->copy_in(s, buffer, 0, big.data(), big.size(), FRL_COPY_CONSUME, &error_); });
    for (uint32_t i = 0; i < 10; ++i) {
      then([&] { return api_->fill(s, buffer, 4 * i, 256 - 4 * i, i, 4, &error_); });
      then([&] { return api_->copy(s, buffer, 1024, buffer, 0, 256, &error_); });
    }
    then([&] { return api_->copy_in(s, buffer, 2048, big.data(), 64, FRL_COPY_CONSUME, &error_); });
    then([&] { return api_->event_record(done, s, &error_); });
    then([&] { return api_->stream_wait_event(other, done, &error_); });
    uint32_t words[64] = {};
    then([&] { return api_->copy_out(other, words, buffer, 1024, 256, &error_); });
    then([&] { return api_->event_record(done, other, &error_); });
    const auto note = [](void* counter, frl_status, const frl_error*) { ++*static_cast<std::atomic<int>*>(counter); };
    bool promised = false;
    then([&] {
      const frl_status taken = api_->event_on_done(done, note, &called, &error_);
      promised = taken == FRL_OK;
      return taken;
    });
    then([&] { return api_->event_wait(done, UINT64_MAX, &error_); });
    while (promised && called == 0) {
    }
    if (status == FRL_OK && (words[5] != 5 || words[63] != 9)) status = kWrong;
    const FailingMemory failing(&left_);
    api_->event_destroy(done);
    api_->stream_destroy(s);
    api_->stream_destroy(other);
    api_->buffer_free(device_, buffer);
    return status;
  });
}

// A recording, its launches with bindings that change, and the profiler around them.
TEST_F(HostMemoryTest, RecordedWork) {
  open({{"batch", "graph"}});
  const auto* graphs = static_cast<const frl_graph_api*>(api_->device_extension(device_, FRL_EXT_GRAPH, 1));
  const auto* profiler = static_cast<const frl_profiler_api*>(api_->device_extension(device_, FRL_EXT_PROFILER, 1));
  ASSERT_TRUE(graphs != nullptr && profiler != nullptr);
  frl_buffer* memory = alloc(6 * kSize);
  frl_stream* s = stream();
  frl_event* done = event();
  std::vector<float> in(2 * kCount);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i);
  expect_ok(api_->copy_in(s, memory, 0, in.data(), 2 * kSize, 0, &error_), "copy_in");
  expect_ok(finish(s), "copy_in");
  fail_each([&] {
    frl_stream* recorder = nullptr;
    frl_graph* graph = nullptr;
    frl_kernel* square = nullptr;
    frl_status status = call([&] { return graphs->graph_begin(device_, 2, &recorder, &error_); });
    const auto then = [&](const auto& f) {
      if (status == FRL_OK) status = call(f);
    };
    then([&] { return api_->kernel_find(device_, "square", 1, &square, &error_); });
    for (uint32_t i = 0; i < 3; ++i) {
      const frl_tensor from = i == 0 ? vector_in(FRL_SLOT(0), 0) : vector_in(FRL_SLOT(1), (i - 1) % 2 * kSize);
      const frl_tensor to = vector_in(FRL_SLOT(1), i % 2 * kSize);
      frl_call one{};
      one.inputs = &from;
      one.outputs = &to;
      one.n_inputs = one.n_outputs = 1;
      frl_plan* plan = nullptr;
      then([&] {
        frl_requirements need{};
        need.struct_size = sizeof need;
        const frl_status asked = api_->kernel_query(square, &one, &need, &error_);
        plan = need.plan;
        return asked;
      });
      then([&] { return api_->kernel_launch(recorder, square, plan, &one, &error_); });
      if (plan != nullptr) api_->plan_release(square, plan);
    }
    if (recorder != nullptr) {
      const frl_status ended = graphs->graph_end(recorder, &graph, &error_);
      if (status == FRL_OK) status = ended;
    }
    bool profiling = false;
    for (uint32_t round = 0; round < 4; ++round) {
      if (round == 2) {
        then([&] { return profiler->profiler_start(device_, 100, &error_); });
        profiling = status == FRL_OK;
      }
      const uint64_t from = round % 2 * kSize;
      const frl_binding bindings[] = {{memory, from, {0, 0}}, {memory, (2 + 2 * (round % 2)) * kSize, {0, 0}}};
      then([&] { return graphs->graph_launch(s, graph, bindings, 2, &error_); });
      std::vector<float> out(kCount);
      then([&] { return api_->copy_out(s, out.data(), memory, (2 + 2 * (round % 2)) * kSize, kSize, &error_); });
      then([&] { return api_->event_record(done, s, &error_); });
      then([&] { return api_->event_wait(done, UINT64_MAX, &error_); });
      for (size_t i = 0; i < out.size() && status == FRL_OK; ++i) {
        const float x = in[i + round % 2 * kCount], y = x * x, z = y * y;
        if (out[i] != z * z) status = kWrong;
      }
    }
    if (profiling) {
      frl_profile_record records[16];
      uint64_t count = 0, dropped = 0;
      then([&] { return profiler->profiler_read(device_, records, 16, &count, &dropped, &error_); });
      const FailingMemory failing(&left_);
      (void)profiler->profiler_stop(device_, nullptr);
    }
    const FailingMemory failing(&left_);
    graphs->graph_destroy(graph);
    return status;
  });
}

// A launch that failed half-way through giving a recording other values must not count as one that had the earlier ones.
TEST_F(HostMemoryTest, ValuesOfAFailedReplayDoNotStay) {
  open({{"batch", "graph"}});
  const auto* graphs = static_cast<const frl_graph_api*>(api_->device_extension(device_, FRL_EXT_GRAPH, 1));
  frl_stream *s = stream(), *recorder = nullptr;
  frl_buffer* memory = alloc(2 * kSize);
  expect_ok(graphs->graph_begin(device_, 2, &recorder, &error_), "graph_begin");
  frl_kernel* fill = nullptr;
  expect_ok(api_->kernel_find(device_, "fill", 1, &fill, &error_), "kernel_find");
  for (uint64_t i = 0; i < 2; ++i) {
    frl_tensor value = vector_in(FRL_SLOT(0), 0);
    value.flags = FRL_TENSOR_INLINE;
    value.ndim = 0;
    const frl_tensor to = vector_in(FRL_SLOT(1), i * kSize);
    frl_call one{};
    one.inputs = &value;
    one.outputs = &to;
    one.n_inputs = one.n_outputs = 1;
    expect_ok(api_->kernel_launch(recorder, fill, nullptr, &one, &error_), "kernel_launch");
  }
  frl_graph* graph = nullptr;
  expect_ok(graphs->graph_end(recorder, &graph, &error_), "graph_end");
  const auto launch = [&](float x) {
    frl_binding bindings[] = {{}, {memory, 0, {0, 0}}};
    std::memcpy(bindings[0].value, &x, sizeof x);
    return call([&] { return graphs->graph_launch(s, graph, bindings, 2, &error_); });
  };
  for (int64_t n = 1;; ++n) {
    expect_ok(launch(1), "graph_launch");
    left_ = n;
    (void)launch(2);
    const bool reached = left_ <= 0;
    left_ = INT64_MAX;
    (void)finish(s);
    expect_ok(launch(1), "graph_launch");
    const Bytes got = read(s, memory, 2 * kSize);
    for (size_t i = 0; i < 2 * kCount; ++i) {
      ASSERT_EQ(reinterpret_cast<const float*>(got.data())[i], 1) << "allocation " << n << ", element " << i;
    }
    if (!reached) break;
  }
  graphs->graph_destroy(graph);
}

// The same for a batch: its graph is launched, then the library's part fails.
TEST_F(HostMemoryTest, ArgumentsOfAFailedBatchDoNotStay) {
  bool reached = true;
  for (int64_t n = 1; reached; ++n) {
    open({{"batch", "graph"}});
    frl_stream* s = stream();
    frl_buffer* memory = alloc(4 << 20);
    frl_kernel* sort = nullptr;
    if (api_->kernel_find(device_, "sort", 1, &sort, nullptr) != FRL_OK) GTEST_SKIP() << "built without sorting";
    frl_tensor in = vector_in(memory, 8192), out = vector_in(memory, 1 << 18);
    in.shape[0] = out.shape[0] = 1 << 15;  // long enough for the library
    const frl_axis_attrs axis{0, 0};
    frl_call one{};
    one.inputs = &in;
    one.outputs = &out;
    one.n_inputs = one.n_outputs = 1;
    one.attrs = &axis;
    one.attrs_size = sizeof axis;
    frl_requirements need{};
    need.struct_size = sizeof need;
    expect_ok(api_->kernel_query(sort, &one, &need, &error_), "kernel_query");
    one.scratch = memory;
    one.scratch_offset = 1 << 19;
    one.scratch_bytes = need.scratch_bytes;
    const auto fills = [&](uint32_t first) {
      for (uint32_t i = 0; i < 4; ++i) {
        (void)call([&] { return api_->fill(s, memory, 1024 * i, 1024, first + i, 4, &error_); });
      }
    };
    fills(10);
    EXPECT_EQ(finish(s), FRL_OK);
    left_ = n;
    fills(20);
    (void)call([&] { return api_->kernel_launch(s, sort, need.plan, &one, &error_); });
    reached = left_ <= 0;
    left_ = INT64_MAX;
    (void)finish(s);
    fills(10);
    const Bytes got = read(s, memory, 4096);
    for (size_t i = 0; i < 1024; ++i) {
      ASSERT_EQ(reinterpret_cast<const uint32_t*>(got.data())[i], 10 + i / 256) << "allocation " << n;
    }
    if (need.plan != nullptr) api_->plan_release(sort, need.plan);
  }
}

// What the tests above left behind would show here: the same number of objects however often a device is used.
TEST_F(HostMemoryTest, NothingStaysBehindAFailure) {
  int64_t before = 0;
  for (int64_t n = 0; n < 60; ++n) {
    open({{"batch", "graph"}, {"batch_commands", "4"}});
    frl_stream* s = nullptr;
    frl_buffer* buffer = nullptr;
    left_ = n == 0 ? INT64_MAX : n;
    frl_status status = call([&] { return api_->stream_create(device_, 0, &s, &error_); });
    if (status == FRL_OK) {
      status = call([&] { return api_->buffer_alloc(device_, FRL_MEMORY_DEVICE, 4096, &buffer, &error_); });
    }
    for (uint32_t i = 0; i < 12 && status == FRL_OK; ++i) {
      status = call([&] { return api_->fill(s, buffer, 4 * i, 256, i, 4, &error_); });
    }
    api_->stream_destroy(s);
    api_->buffer_free(device_, buffer);
    close();
    GpuTest::SetUp();  // forgets the log
    if (n == 1) before = live_allocations();
    if (n > 1) {
      EXPECT_EQ(live_allocations(), before) << "allocation " << n;
    }
  }
}

}  // namespace
}  // namespace ferrule::gpu::test
