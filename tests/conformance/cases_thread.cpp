// Threads: many streams driven at once, shared objects used from everywhere, quiesce and use again.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "catalog.h"
#include "data.h"
#include "samples.h"
#include "session.h"

namespace ferrule::conformance {
namespace {

constexpr int kThreads = 16;

// Runs body(thread index) on all threads; it counts its own mistakes, because EXPECT is for the main thread.
template <typename F>
int on_all_threads(F body) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back([&, t] { wrong += body(t); });
  for (std::thread& t : threads) t.join();
  return wrong;
}

void own_streams(Context& c) {
  const frl_device_api& a = c.backend.api();
  frl_device* device = c.backend.device();
  const int wrong = on_all_threads([&](int t) {
    int bad = 0;
    for (int i = 0; i < 20; ++i) {
      const auto bytes = static_cast<uint64_t>(1 + (t * 131 + i * 977) % 50000);
      frl_stream* stream = nullptr;
      frl_buffer *x = nullptr, *y = nullptr;
      frl_event* event = nullptr;
      bad += a.stream_create(device, 0, &stream, nullptr) != FRL_OK;
      bad += a.buffer_alloc(device, c.backend.memory_kind(), bytes, &x, nullptr) != FRL_OK;
      bad += a.buffer_alloc(device, c.backend.memory_kind(), bytes, &y, nullptr) != FRL_OK;
      bad += a.event_create(device, 0, &event, nullptr) != FRL_OK;
      if (bad) return bad;
      const Bytes source = numbered(bytes, static_cast<uint64_t>(t * 1000 + i));
      Bytes back(bytes);
      bad += a.copy_in(stream, x, 0, source.data(), bytes, 0, nullptr) != FRL_OK;
      bad += a.copy(stream, y, 0, x, 0, bytes, nullptr) != FRL_OK;
      bad += a.fill(stream, x, 0, bytes, 0, 1, nullptr) != FRL_OK;
      bad += a.copy_out(stream, back.data(), y, 0, bytes, nullptr) != FRL_OK;
      bad += a.event_record(event, stream, nullptr) != FRL_OK;
      bad += a.event_wait(event, kLongNs, nullptr) != FRL_OK;
      bad += back != source;
      a.event_destroy(event);
      a.stream_destroy(stream);
      a.buffer_free(device, x);
      a.buffer_free(device, y);
    }
    return bad;
  });
  EXPECT_EQ(wrong, 0) << "calls failed or returned other data than was sent";
}

void freed_by_another_thread(Context& c) {
  const frl_device_api& a = c.backend.api();
  std::vector<frl_buffer*> buffers(200);
  std::thread([&] {
    for (frl_buffer*& b : buffers) a.buffer_alloc(c.backend.device(), c.backend.memory_kind(), 4096, &b, nullptr);
  }).join();
  for (frl_buffer* b : buffers) {
    EXPECT_NE(b, nullptr);
    a.buffer_free(c.backend.device(), b);
  }
}

void quiesce_and_reuse(Context& c) {
  const Buffer buffer(c.backend, 1 << 16);
  const Stream stream(c.backend);
  for (uint32_t i = 1; i <= 5; ++i) {
    stream.fill(buffer, 0, 1 << 16, i, 4);
    Error error;
    FRL_EXPECT_OK(error, c.backend.api().stream_flush(stream, error));
    FRL_EXPECT_OK(error, c.backend.plugin().quiesce(error));
    uint32_t last = 0;
    stream.out(&last, buffer, (1 << 16) - 4, 4);
    stream.finish();
    ASSERT_EQ(last, i) << "after quiesce number " << i;
  }
}

void queries(Context& c) {
  frl_kernel* kernel = c.backend.kernel(op("matmul")).kernel;
  ASSERT_NE(kernel, nullptr) << c.backend.kernel(op("matmul")).reason;
  const int wrong = on_all_threads([&](int t) {
    int bad = 0;
    for (int i = 0; i < 50; ++i) {
      Launch launch;
      sample_call(op("matmul"), (t + i) % 2 ? FRL_DTYPE_F32 : FRL_DTYPE_F64, launch);
      frl_requirements need{};
      frl_kernel* found = nullptr;
      bad += c.backend.api().kernel_find(c.backend.device(), "matmul", 1, &found, nullptr) != FRL_OK;
      launch.kernel = kernel;
      bad += Runner::query(c.backend, launch, &need, nullptr) != FRL_OK || need.support == 0;
      if (need.plan) c.backend.api().plan_release(kernel, need.plan);
    }
    return bad;
  });
  EXPECT_EQ(wrong, 0);
}

// Sixteen streams launch kernels at once; each result equals the one computed alone.
void launches(Context& c) {
  struct Work {
    const char* op;
    uint32_t dtype;
  };
  static constexpr Work kWork[] = {
      {"add", FRL_DTYPE_F32},  {"matmul", FRL_DTYPE_F32}, {"reduce_sum", FRL_DTYPE_F32}, {"exp", FRL_DTYPE_F64},
      {"copy", FRL_DTYPE_I16}, {"argmax", FRL_DTYPE_F32}, {"multiply", FRL_DTYPE_BF16}};
  std::vector<Launch> alone;
  for (const Work& w : kWork) {
    Launch launch;
    ASSERT_TRUE(sample_call(op(w.op), w.dtype, launch));
    const Outcome outcome = c.runner.run(launch);
    ASSERT_EQ(outcome.status, Outcome::DONE) << w.op << ": " << outcome.message;
    launch.kernel = c.backend.kernel(op(w.op)).kernel;
    alone.push_back(std::move(launch));
  }
  const int wrong = on_all_threads([&](int t) {
    Runner runner(c.backend);
    int bad = 0;
    for (int i = 0; i < 30; ++i) {
      const Launch& expected = alone[static_cast<size_t>(t + i) % alone.size()];
      Launch launch = expected;
      launch.outputs[0].tensor.data.assign(launch.outputs[0].tensor.data.size(), std::byte{0});
      bad += runner.run(launch).status != Outcome::DONE;
      bad += launch.outputs[0].tensor.data != expected.outputs[0].tensor.data;
    }
    return bad;
  });
  EXPECT_EQ(wrong, 0);
}

}  // namespace

void add_thread_cases(Catalog& catalog) {
  catalog.add("threads/runtime/own_streams", Profile::RUNTIME, own_streams);
  catalog.add("threads/runtime/freed_by_another_thread", Profile::RUNTIME, freed_by_another_thread);
  catalog.add("threads/runtime/quiesce_and_reuse", Profile::RUNTIME, quiesce_and_reuse);
  catalog.add("threads/kernels/queries", Profile::BASE, queries);
  catalog.add("threads/kernels/launches", Profile::BASE, launches);
}

}  // namespace ferrule::conformance
