// Events: waiting with and without a limit, chains between streams, callbacks, timing, failures.
#include <atomic>
#include <chrono>
#include <latch>
#include <stdexcept>
#include <thread>

#include "fixture.h"

namespace ferrule::cpu::test {
namespace {

using EventTest = PluginTest;
constexpr uint64_t kMillisecond = 1'000'000;

TEST_F(EventTest, NeverRecordedIsDone) {
  frl_event* event = make_event();
  int32_t done = 0;
  EXPECT_EQ(api->event_query(event, &done, nullptr), FRL_OK);
  EXPECT_EQ(done, 1);
  EXPECT_EQ(api->event_wait(event, 0, nullptr), FRL_OK);
  EXPECT_EQ(api->stream_wait_event(make_stream(), event, nullptr), FRL_OK);
}

TEST_F(EventTest, WaitReturnsTimeoutAndCanBeRepeated) {
  frl_stream* stream = make_stream();
  frl_event* event = make_event();
  std::latch release(1);
  ASSERT_EQ(launch(stream, make_kernel([&] { release.wait(); })), FRL_OK);
  ASSERT_EQ(api->event_record(event, stream, nullptr), FRL_OK);
  int32_t done = 1;
  EXPECT_EQ(api->event_query(event, &done, nullptr), FRL_OK);
  EXPECT_EQ(done, 0);
  EXPECT_EQ(api->event_wait(event, 0, nullptr), FRL_TIMEOUT);
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(api->event_wait(event, 5 * kMillisecond, nullptr), FRL_TIMEOUT);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(5));
  release.count_down();
  EXPECT_EQ(api->event_wait(event, UINT64_MAX, nullptr), FRL_OK);
}

TEST_F(EventTest, StreamWaitsForAnotherStream) {
  frl_stream *producer = make_stream(), *consumer = make_stream();
  frl_event* event = make_event();
  std::atomic<int> value{0};
  int seen = 0;
  ASSERT_EQ(launch(producer, make_kernel([&] {
                     std::this_thread::sleep_for(std::chrono::milliseconds(10));
                     value = 7;
                   })),
            FRL_OK);
  ASSERT_EQ(api->event_record(event, producer, nullptr), FRL_OK);
  ASSERT_EQ(api->stream_wait_event(consumer, event, nullptr), FRL_OK);
  ASSERT_EQ(launch(consumer, make_kernel([&] { seen = value; })), FRL_OK);
  ASSERT_EQ(finish(consumer), FRL_OK);
  EXPECT_EQ(seen, 7);
}

TEST_F(EventTest, AWaitKeepsTheRecordItSaw) {
  frl_stream *slow = make_stream(), *fast = make_stream(), *waiter = make_stream();
  frl_event* event = make_event();
  std::latch release(1);
  std::atomic<bool> slow_done{false};
  bool order_kept = false;
  ASSERT_EQ(launch(slow, make_kernel([&] {
                     release.wait();
                     slow_done = true;
                   })),
            FRL_OK);
  ASSERT_EQ(api->event_record(event, slow, nullptr), FRL_OK);
  ASSERT_EQ(api->stream_wait_event(waiter, event, nullptr), FRL_OK);
  ASSERT_EQ(launch(waiter, make_kernel([&] { order_kept = slow_done; })), FRL_OK);
  ASSERT_EQ(api->event_record(event, fast, nullptr), FRL_OK);  // replaces the record
  EXPECT_EQ(api->event_wait(event, UINT64_MAX, nullptr), FRL_OK);
  release.count_down();
  ASSERT_EQ(finish(waiter), FRL_OK);
  EXPECT_TRUE(order_kept);
}

TEST_F(EventTest, FailedEventFailsTheStreamThatWaitsForIt) {
  frl_stream *bad = make_stream(), *other = make_stream();
  frl_event* event = make_event();
  bool ran = false;
  ASSERT_EQ(launch(bad, make_kernel([] { throw std::runtime_error("broken"); })), FRL_OK);
  ASSERT_EQ(api->event_record(event, bad, nullptr), FRL_OK);
  ASSERT_EQ(api->stream_wait_event(other, event, nullptr), FRL_OK);
  ASSERT_EQ(launch(other, make_kernel([&] { ran = true; })), FRL_OK);
  Error error;
  EXPECT_EQ(finish(other, &error), FRL_INTERNAL);
  EXPECT_STREQ(error.message, "[test] broken");
  EXPECT_FALSE(ran);
  EXPECT_EQ(finish(other), FRL_OK);
  int32_t done = 0;
  EXPECT_EQ(api->event_query(event, &done, nullptr), FRL_INTERNAL);  // the event keeps its failure
  EXPECT_EQ(done, 1);
}

TEST_F(EventTest, MayBeDestroyedWhilePending) {
  frl_stream* stream = make_stream();
  frl_event* event = nullptr;
  ASSERT_EQ(api->event_create(device, 0, &event, nullptr), FRL_OK);
  std::latch release(1);
  ASSERT_EQ(launch(stream, make_kernel([&] { release.wait(); })), FRL_OK);
  ASSERT_EQ(api->event_record(event, stream, nullptr), FRL_OK);
  api->event_destroy(event);
  release.count_down();
  EXPECT_EQ(finish(stream), FRL_OK);
}

struct Notes {
  std::atomic<int> calls{0};
  std::atomic<frl_status> status{-1};
  static void FRL_CALL note(void* user, frl_status status, const frl_error*) {
    static_cast<Notes*>(user)->status = status;
    static_cast<Notes*>(user)->calls.fetch_add(1);
  }
};

TEST_F(EventTest, CallsBackOnce) {
  frl_stream* stream = make_stream();
  frl_event* event = make_event();
  Notes pending, done;
  std::latch release(1);
  ASSERT_EQ(launch(stream, make_kernel([&] { release.wait(); })), FRL_OK);
  ASSERT_EQ(api->event_record(event, stream, nullptr), FRL_OK);
  ASSERT_EQ(api->event_on_done(event, Notes::note, &pending, nullptr), FRL_OK);
  EXPECT_EQ(pending.calls, 0);
  release.count_down();
  ASSERT_EQ(finish(stream), FRL_OK);
  EXPECT_EQ(pending.calls, 1);
  EXPECT_EQ(pending.status, FRL_OK);
  ASSERT_EQ(api->event_on_done(event, Notes::note, &done, nullptr), FRL_OK);
  EXPECT_EQ(done.calls, 1);
}

TEST_F(EventTest, CallsBackWithTheFailure) {
  frl_stream* stream = make_stream();
  frl_event* event = make_event();
  Notes notes;
  std::latch release(1);
  ASSERT_EQ(launch(stream, make_kernel([&] {
                     release.wait();
                     throw std::runtime_error("no");
                   })),
            FRL_OK);
  ASSERT_EQ(api->event_record(event, stream, nullptr), FRL_OK);
  ASSERT_EQ(api->event_on_done(event, Notes::note, &notes, nullptr), FRL_OK);
  release.count_down();
  EXPECT_EQ(finish(stream), FRL_OK);
  EXPECT_EQ(notes.status, FRL_INTERNAL);
}

TEST_F(EventTest, MeasuresTimeBetweenTwoRecords) {
  frl_stream* stream = make_stream();
  frl_event *begin = make_event(FRL_EVENT_TIMING), *end = make_event(FRL_EVENT_TIMING), *plain = make_event();
  uint64_t ns = 0;
  EXPECT_EQ(api->event_elapsed(begin, end, &ns, nullptr), FRL_INVALID_STATE);
  ASSERT_EQ(api->event_record(begin, stream, nullptr), FRL_OK);
  ASSERT_EQ(launch(stream, make_kernel([] { std::this_thread::sleep_for(std::chrono::milliseconds(3)); })), FRL_OK);
  ASSERT_EQ(api->event_record(end, stream, nullptr), FRL_OK);
  ASSERT_EQ(api->event_wait(end, UINT64_MAX, nullptr), FRL_OK);
  EXPECT_EQ(api->event_elapsed(begin, end, &ns, nullptr), FRL_OK);
  EXPECT_GE(ns, 3 * kMillisecond);
  EXPECT_LT(ns, 3000 * kMillisecond);
  EXPECT_EQ(api->event_elapsed(begin, plain, &ns, nullptr), FRL_INVALID_ARGUMENT);
}

TEST_F(EventTest, ManyThreadsWaitForOneEvent) {
  frl_stream* stream = make_stream();
  frl_event* event = make_event();
  std::latch release(1);
  ASSERT_EQ(launch(stream, make_kernel([&] { release.wait(); })), FRL_OK);
  ASSERT_EQ(api->event_record(event, stream, nullptr), FRL_OK);
  std::atomic<int> woken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { woken += api->event_wait(event, UINT64_MAX, nullptr) == FRL_OK ? 1 : 0; });
  }
  release.count_down();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(woken, 8);
}

}  // namespace
}  // namespace ferrule::cpu::test
