// Streams: order, independence, overflow, failure, quiesce, fork.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <latch>
#include <new>
#include <numeric>
#include <stdexcept>
#include <thread>

#include "fixture.h"
#include "sanitizers.h"

namespace ferrule::cpu::test {
namespace {

using StreamTest = PluginTest;

TEST_F(StreamTest, RunsCallsInOrder) {
  frl_stream* stream = make_stream();
  std::vector<int> seen;
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(launch(stream, make_kernel([&seen, i] { seen.push_back(i); })), FRL_OK);
  ASSERT_EQ(finish(stream), FRL_OK);
  std::vector<int> expected(1000);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(seen, expected);
}

TEST_F(StreamTest, LaunchDoesNotWaitForTheKernel) {
  frl_stream* stream = make_stream();
  std::latch release(1);
  std::atomic<bool> ran{false};
  ASSERT_EQ(launch(stream, make_kernel([&] {
                     release.wait();
                     ran = true;
                   })),
            FRL_OK);
  EXPECT_FALSE(ran);
  release.count_down();
  ASSERT_EQ(finish(stream), FRL_OK);
  EXPECT_TRUE(ran);
}

TEST_F(StreamTest, TwoStreamsRunAtTheSameTime) {
  frl_stream *a = make_stream(), *b = make_stream();
  std::latch both(2);  // neither ends before the other has begun
  frl_kernel* meet = make_kernel([&] { both.arrive_and_wait(); });
  ASSERT_EQ(launch(a, meet), FRL_OK);
  ASSERT_EQ(launch(b, meet), FRL_OK);
  EXPECT_EQ(finish(a), FRL_OK);
  EXPECT_EQ(finish(b), FRL_OK);
}

TEST_F(StreamTest, KeepsOrderWhenTheQueueOverflows) {
  frl_stream* stream = make_stream();
  frl_buffer* buffer = make_buffer(sizeof(uint64_t));
  *data<uint64_t>(buffer) = 0;
  std::latch release(1);
  ASSERT_EQ(launch(stream, make_kernel([&] { release.wait(); })), FRL_OK);
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    release.count_down();
  });
  std::atomic<uint64_t> count{0};
  frl_kernel* increment = make_kernel([&] { count.fetch_add(1, std::memory_order_relaxed); });
  constexpr uint64_t kCalls = 20000;  // several times what the ring holds
  for (uint64_t i = 0; i < kCalls; ++i) {
    ASSERT_EQ(launch(stream, increment), FRL_OK);
    ASSERT_EQ(api->copy_in(stream, buffer, 0, &i, sizeof i, FRL_COPY_CONSUME, nullptr), FRL_OK);
  }
  EXPECT_EQ(finish(stream), FRL_OK);
  later.join();
  EXPECT_EQ(count, kCalls);
  EXPECT_EQ(*data<uint64_t>(buffer), kCalls - 1);
}

TEST_F(StreamTest, FailureSkipsLaterWorkUntilTheEventAndThenWorksAgain) {
  frl_stream* stream = make_stream();
  bool skipped_ran = false, later_ran = false;
  ASSERT_EQ(launch(stream, make_kernel([] { throw std::runtime_error("out of luck"); })), FRL_OK);
  ASSERT_EQ(launch(stream, make_kernel([&] { skipped_ran = true; })), FRL_OK);
  Error error;
  EXPECT_EQ(finish(stream, &error), FRL_INTERNAL);
  EXPECT_STREQ(error.message, "[test] out of luck");
  ASSERT_EQ(launch(stream, make_kernel([&] { later_ran = true; })), FRL_OK);
  EXPECT_EQ(finish(stream), FRL_OK);
  EXPECT_FALSE(skipped_ran);
  EXPECT_TRUE(later_ran);
}

TEST_F(StreamTest, BadAllocInAKernelIsOutOfMemory) {
  frl_stream* stream = make_stream();
  ASSERT_EQ(launch(stream, make_kernel([] { throw std::bad_alloc(); })), FRL_OK);
  EXPECT_EQ(finish(stream), FRL_OUT_OF_MEMORY);
}

TEST_F(StreamTest, ConsumedSourceMayChangeAfterTheCall) {
  frl_stream* stream = make_stream();
  for (uint64_t bytes : {uint64_t{8}, uint64_t{40000}, uint64_t{1} << 20}) {  // in the record, in the record, staged
    frl_buffer* buffer = make_buffer(bytes);
    std::latch release(1);
    ASSERT_EQ(launch(stream, make_kernel([&] { release.wait(); })), FRL_OK);
    std::vector<char> source(bytes, 'a');
    ASSERT_EQ(api->copy_in(stream, buffer, 0, source.data(), bytes, FRL_COPY_CONSUME, nullptr), FRL_OK);
    std::fill(source.begin(), source.end(), 'b');
    release.count_down();
    ASSERT_EQ(finish(stream), FRL_OK);
    EXPECT_EQ(std::string(data<char>(buffer), bytes), std::string(bytes, 'a'));
  }
}

TEST_F(StreamTest, ConsumedCopyToAFailedStreamIsDropped) {
  frl_stream* stream = make_stream();
  frl_buffer* buffer = make_buffer(4);
  std::memcpy(map(buffer), "old", 4);
  std::atomic<bool> thrown{false};
  ASSERT_EQ(launch(stream, make_kernel([&] {
                     thrown = true;
                     throw std::runtime_error("no");
                   })),
            FRL_OK);
  while (!thrown) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));  // the stream is idle again, and failed
  ASSERT_EQ(api->copy_in(stream, buffer, 0, "new", 4, FRL_COPY_CONSUME, nullptr), FRL_OK);
  EXPECT_EQ(finish(stream), FRL_INTERNAL);
  EXPECT_STREQ(data<char>(buffer), "old");
}

TEST_F(StreamTest, DestroyFinishesSubmittedWork) {
  frl_stream* stream = nullptr;
  ASSERT_EQ(api->stream_create(device, 0, &stream, nullptr), FRL_OK);
  int count = 0;
  frl_kernel* slow = make_kernel([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    ++count;
  });
  for (int i = 0; i < 5; ++i) ASSERT_EQ(launch(stream, slow), FRL_OK);
  api->stream_destroy(stream);
  EXPECT_EQ(count, 5);
}

TEST_F(StreamTest, WorksAgainAfterQuiesce) {
  frl_stream* stream = make_stream();
  int count = 0;
  frl_kernel* increment = make_kernel([&] { ++count; });
  for (int round = 1; round <= 3; ++round) {
    ASSERT_EQ(launch(stream, increment), FRL_OK);
    ASSERT_EQ(plugin->quiesce(nullptr), FRL_OK);
    EXPECT_EQ(count, round);
  }
}

TEST_F(StreamTest, WakesAfterALongPause) {
  frl_stream* stream = make_stream();
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // longer than the thread polls
    bool ran = false;
    ASSERT_EQ(launch(stream, make_kernel([&] { ran = true; })), FRL_OK);
    ASSERT_EQ(finish(stream), FRL_OK);
    EXPECT_TRUE(ran);
  }
}

TEST_F(StreamTest, LaunchRefusesBadCalls) {
  frl_stream* stream = make_stream();
  frl_buffer* buffer = make_buffer(64);
  const frl_tensor good = tensor({.buffer = buffer, .shape = {4}});
  frl_tensor beyond = good, missing = good;
  beyond.byte_offset = 64;
  missing.buffer = nullptr;
  frl_call call{};
  call.inputs = &good;
  call.n_inputs = 1;
  call.n_outputs = 1;
  Error error;
  for (const frl_tensor& output : {beyond, missing}) {
    call.outputs = &output;
    EXPECT_EQ(api->kernel_launch(stream, find("copy"), nullptr, &call, &error), FRL_INVALID_ARGUMENT);
    EXPECT_NE(std::string(error.message).find("[copy] output 0"), std::string::npos) << error.message;
  }
  call.outputs = &good;
  call.n_inputs = 0;
  EXPECT_EQ(api->kernel_launch(stream, find("copy"), nullptr, &call, &error), FRL_INVALID_ARGUMENT);
  EXPECT_EQ(api->kernel_launch(nullptr, find("copy"), nullptr, &call, &error), FRL_INVALID_ARGUMENT);
  EXPECT_EQ(api->kernel_launch(stream, reinterpret_cast<frl_kernel*>(buffer), nullptr, &call, &error),
            FRL_INVALID_ARGUMENT);
}

// Each thread owns a stream, all share the pool; every copy reads what the neighbour wrote one round before.
TEST_F(StreamTest, ManyThreadsChainTheirStreams) {
  constexpr size_t kThreads = 8, kRounds = 20;
  constexpr int64_t kElements = 100000;
  std::vector<frl_stream*> streams;
  std::vector<std::vector<frl_event*>> done(kRounds);
  std::vector<std::vector<frl_buffer*>> buffers(kRounds + 1);
  for (size_t t = 0; t < kThreads; ++t) streams.push_back(make_stream());
  for (size_t r = 0; r <= kRounds; ++r) {
    for (size_t t = 0; t < kThreads; ++t) {
      buffers[r].push_back(make_buffer(kElements * 4));
      if (r < kRounds) done[r].push_back(make_event());
    }
  }
  for (size_t t = 0; t < kThreads; ++t) std::fill_n(data<int32_t>(buffers[0][t]), kElements, static_cast<int32_t>(t));
  frl_kernel* copy = find("copy");
  std::atomic<int> failures{0};
  std::vector<std::unique_ptr<std::latch>> recorded;
  for (size_t r = 0; r < kRounds; ++r) recorded.push_back(std::make_unique<std::latch>(kThreads));
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const size_t neighbour = (t + 1) % kThreads;
      for (size_t r = 0; r < kRounds; ++r) {
        if (r > 0) {
          recorded[r - 1]->wait();  // the neighbour has recorded; it need not be done
          failures += api->stream_wait_event(streams[t], done[r - 1][neighbour], nullptr) != FRL_OK;
        }
        const frl_tensor from = tensor({.buffer = buffers[r][neighbour], .dtype = FRL_DTYPE_I32, .shape = {kElements}});
        const frl_tensor to = tensor({.buffer = buffers[r + 1][t], .dtype = FRL_DTYPE_I32, .shape = {kElements}});
        frl_call call{};
        call.inputs = &from;
        call.n_inputs = 1;
        call.outputs = &to;
        call.n_outputs = 1;
        failures += api->kernel_launch(streams[t], copy, nullptr, &call, nullptr) != FRL_OK;
        failures += api->event_record(done[r][t], streams[t], nullptr) != FRL_OK;
        recorded[r]->count_down();
      }
      failures += api->event_wait(done[kRounds - 1][t], UINT64_MAX, nullptr) != FRL_OK;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  for (size_t t = 0; t < kThreads; ++t) {
    const auto* result = data<int32_t>(buffers[kRounds][t]);
    for (int64_t i = 0; i < kElements; ++i) ASSERT_EQ(static_cast<size_t>(result[i]), (t + kRounds) % kThreads);
  }
}

TEST_F(StreamTest, ChildOfForkGetsAnErrorInsteadOfAHang) {
  FERRULE_SKIP_IF(ferrule::testing::kThreadSanitizer, ferrule::testing::kForkUnderThreadSanitizer);
  frl_stream* stream = make_stream();
  ASSERT_EQ(finish(stream), FRL_OK);  // the thread runs
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    frl_stream* other = nullptr;
    bool refused = api->stream_flush(stream, nullptr) == FRL_INVALID_STATE &&
                   api->stream_create(device, 0, &other, nullptr) == FRL_INVALID_STATE &&
                   api->event_record(make_event(), stream, nullptr) == FRL_INVALID_STATE;
    _exit(refused ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace ferrule::cpu::test
