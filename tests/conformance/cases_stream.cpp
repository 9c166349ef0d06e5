// Streams and events: order, waiting across streams, re-recording, polling, callbacks, timing, destruction under way.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "catalog.h"
#include "session.h"

namespace ferrule::conformance {
namespace {

constexpr uint64_t kWork = 1 << 20;  // bytes: long enough that the host runs ahead of the device

void order_within_a_stream(Context& c) {
  const Buffer a(c.backend, kWork), b(c.backend, kWork);
  const Stream stream(c.backend);
  for (uint32_t i = 1; i <= 50; ++i) {  // each step depends on the one before
    stream.fill(a, 0, kWork, i, 4);
    stream.copy(b, 0, a, 0, kWork / 2);
    stream.copy(b, kWork / 2, a, kWork / 2, kWork / 2);
    stream.fill(a, 0, kWork, 0, 4);
    stream.copy(a, 0, b, 0, kWork);
  }
  std::vector<uint32_t> words(kWork / 4);
  stream.out(words.data(), a, 0, kWork);
  stream.finish();
  for (uint32_t w : words) ASSERT_EQ(w, 50u);
}

void flush(Context& c) {
  const Stream stream(c.backend);
  Error error;
  FRL_EXPECT_OK(error, c.backend.api().stream_flush(stream, error));  // nothing to do
  const Buffer buffer(c.backend, 64);
  stream.fill(buffer, 0, 64, 1, 1);
  FRL_EXPECT_OK(error, c.backend.api().stream_flush(stream, error));
  EXPECT_EQ(stream.read(buffer, 0, 64), Bytes(64, std::byte{1}));
}

void many_streams(Context& c) {
  constexpr uint32_t kStreams = 32;
  const Buffer buffer(c.backend, kStreams * 4096);
  std::vector<std::unique_ptr<Stream>> streams;
  for (uint32_t i = 0; i < kStreams; ++i) {
    streams.push_back(std::make_unique<Stream>(c.backend));
    streams.back()->fill(buffer, i * 4096, 4096, i + 1, 1);
  }
  for (const auto& s : streams) s->finish();
  const Bytes all = streams[0]->read(buffer, 0, kStreams * 4096);
  for (uint32_t i = 0; i < kStreams * 4096; ++i)
    ASSERT_EQ(all[i], static_cast<std::byte>(i / 4096 + 1)) << "byte " << i;
}

void waiting_across_streams(Context& c) {
  const Buffer a(c.backend, kWork), b(c.backend, kWork);
  const Stream first(c.backend), second(c.backend);
  const Event ready(c.backend), taken(c.backend);
  Error error;
  std::vector<uint32_t> seen(60);
  for (uint32_t i = 0; i < 60; ++i) {  // ping-pong without the host waiting once
    first.fill(a, 0, kWork, i, 4);
    first.record(ready);
    FRL_EXPECT_OK(error, c.backend.api().stream_wait_event(second, ready, error));
    second.copy(b, 0, a, 0, kWork);
    second.out(&seen[i], b, kWork - 4, 4);
    second.record(taken);
    FRL_EXPECT_OK(error, c.backend.api().stream_wait_event(first, taken, error));
  }
  second.finish();
  first.finish();
  for (uint32_t i = 0; i < 60; ++i) ASSERT_EQ(seen[i], i) << "step " << i;
}

void waiting_for_nothing(Context& c) {
  const Stream stream(c.backend);
  const Event never(c.backend);
  Error error;
  FRL_EXPECT_OK(error, c.backend.api().stream_wait_event(stream, never, error));
  stream.finish();
}

// The wait takes the record at the time of the call; recording again later does not extend it.
void waiting_takes_the_present_record(Context& c) {
  const Buffer buffer(c.backend, kWork);
  const Stream first(c.backend), second(c.backend);
  const Event event(c.backend);
  Error error;
  first.fill(buffer, 0, kWork, 1, 1);
  first.record(event);
  FRL_EXPECT_OK(error, c.backend.api().stream_wait_event(second, event, error));
  second.record(event);  // on the waiting stream itself: must not deadlock
  event.wait();
  second.finish();
}

void stream_destroyed_with_work(Context& c) {
  const Buffer buffer(c.backend, kWork);
  for (uint32_t i = 1; i <= 10; ++i) {
    Stream doomed(c.backend);
    doomed.fill(buffer, 0, kWork, i, 4);
    Error error;
    FRL_EXPECT_OK(error, c.backend.api().stream_flush(doomed, error));
    doomed.destroy();  // finishes first
    const Stream other(c.backend);
    uint32_t last = 0;
    other.out(&last, buffer, kWork - 4, 4);
    other.finish();
    ASSERT_EQ(last, i);
  }
}

void never_recorded(Context& c) {
  const Event event(c.backend);
  int32_t done = 0;
  Error error;
  FRL_EXPECT_OK(error, c.backend.api().event_query(event, &done, error));
  EXPECT_EQ(done, 1);
  FRL_EXPECT_OK(error, c.backend.api().event_wait(event, 0, error));
  FRL_EXPECT_OK(error, c.backend.api().event_wait(event, UINT64_MAX, error));
}

void polling(Context& c) {
  const Buffer buffer(c.backend, 16 * kWork);
  const Stream stream(c.backend);
  const Event event(c.backend);
  for (int i = 0; i < 8; ++i) stream.fill(buffer, 0, 16 * kWork, 3, 1);
  stream.record(event);
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  Error error;
  frl_status status = FRL_TIMEOUT;
  while (status == FRL_TIMEOUT && std::chrono::steady_clock::now() < limit)
    status = c.backend.api().event_wait(event, 0, error);
  ASSERT_EQ(status, FRL_OK) << describe(status, error);
  int32_t done = 0;
  FRL_EXPECT_OK(error, c.backend.api().event_query(event, &done, error));
  EXPECT_EQ(done, 1) << "an event that was waited for is done";
}

void query_without_wait(Context& c) {
  const Buffer buffer(c.backend, kWork);
  const Stream stream(c.backend);
  const Event event(c.backend);
  stream.fill(buffer, 0, kWork, 3, 1);
  stream.record(event);  // submits; no wait follows
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  int32_t done = 0;
  Error error;
  while (!done && std::chrono::steady_clock::now() < limit)
    FRL_EXPECT_OK(error, c.backend.api().event_query(event, &done, error));
  EXPECT_EQ(done, 1) << "recorded work makes progress without a wait";
}

void recorded_again(Context& c) {
  const Buffer buffer(c.backend, kWork);
  const Stream stream(c.backend);
  const Event event(c.backend);
  for (uint32_t i = 1; i <= 30; ++i) {
    stream.fill(buffer, 0, kWork, i, 4);
    uint32_t last = 0;
    stream.out(&last, buffer, kWork - 4, 4);
    stream.record(event);
    event.wait();
    ASSERT_EQ(last, i) << "the wait returned for an earlier record";
  }
}

void destroyed_while_pending(Context& c) {
  const Buffer buffer(c.backend, kWork);
  const Stream stream(c.backend);
  for (int i = 0; i < 30; ++i) {
    const Event event(c.backend);
    stream.fill(buffer, 0, kWork, 7, 1);
    stream.record(event);
  }
  EXPECT_EQ(stream.read(buffer, 0, 64), Bytes(64, std::byte{7}));
}

void waited_by_many_threads(Context& c) {
  const Buffer buffer(c.backend, 8 * kWork);
  const Stream stream(c.backend);
  const Event event(c.backend);
  stream.fill(buffer, 0, 8 * kWork, 9, 1);
  stream.record(event);
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] { good += c.backend.api().event_wait(event, kLongNs, nullptr) == FRL_OK; });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(good, 8);
}

struct Calls {
  std::mutex mutex;
  std::condition_variable changed;
  int count = 0, failed = 0;

  static void FRL_CALL note(void* user, frl_status status, const frl_error*) {
    auto* self = static_cast<Calls*>(user);
    const std::lock_guard lock(self->mutex);
    ++self->count;
    self->failed += status != FRL_OK;
    self->changed.notify_all();
  }
  bool reach(int n) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(60), [&] { return count >= n; });
  }
};

void callbacks(Context& c) {
  if (!c.backend.raw_api()->event_on_done) GTEST_SKIP() << "event_on_done is NULL: a thread of the core waits";
  const Buffer buffer(c.backend, kWork);
  const Stream stream(c.backend);
  static Calls calls;  // outlives late callbacks
  {
    const std::lock_guard lock(calls.mutex);
    calls.count = calls.failed = 0;
  }
  std::vector<std::unique_ptr<Event>> events;
  Error error;
  for (int i = 0; i < 100; ++i) {
    events.push_back(std::make_unique<Event>(c.backend));
    stream.fill(buffer, 0, 4096, 1, 1);
    stream.record(*events.back());
    FRL_EXPECT_OK(error, c.backend.api().event_on_done(*events.back(), Calls::note, &calls, error));
  }
  stream.finish();
  ASSERT_TRUE(calls.reach(100)) << "only " << calls.count << " of 100 callbacks came";
  FRL_EXPECT_OK(error, c.backend.api().event_on_done(*events[0], Calls::note, &calls, error));  // already done
  const Event never(c.backend);
  FRL_EXPECT_OK(error, c.backend.api().event_on_done(never, Calls::note, &calls, error));
  ASSERT_TRUE(calls.reach(102)) << "no callback for an event that is done";
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const std::lock_guard lock(calls.mutex);
  EXPECT_EQ(calls.count, 102) << "each callback comes exactly once";
  EXPECT_EQ(calls.failed, 0);
}

void timing(Context& c) {
  if (!c.backend.raw_api()->event_elapsed) GTEST_SKIP() << "event_elapsed is NULL: no timing";
  const Buffer buffer(c.backend, 16 * kWork);
  const Stream stream(c.backend);
  const Event begin(c.backend, FRL_EVENT_TIMING), middle(c.backend, FRL_EVENT_TIMING), end(c.backend, FRL_EVENT_TIMING);
  const auto host_begin = std::chrono::steady_clock::now();
  stream.record(begin);
  stream.fill(buffer, 0, 16 * kWork, 5, 1);
  stream.record(middle);
  stream.fill(buffer, 0, 16 * kWork, 6, 1);
  stream.record(end);
  end.wait();
  const auto host_ns = std::chrono::nanoseconds(std::chrono::steady_clock::now() - host_begin).count();
  uint64_t first = 0, whole = 0;
  Error error;
  FRL_EXPECT_OK(error, c.backend.api().event_elapsed(begin, middle, &first, error));
  FRL_EXPECT_OK(error, c.backend.api().event_elapsed(begin, end, &whole, error));
  EXPECT_LE(first, whole);
  EXPECT_GT(whole, 0u);
  EXPECT_LE(whole, static_cast<uint64_t>(host_ns) * 2 + 1000000) << "longer than the host's clock saw";
}

}  // namespace

void add_stream_cases(Catalog& catalog) {
  const auto add = [&](const char* name, void (*body)(Context&)) { catalog.add(name, Profile::RUNTIME, body); };
  add("streams/order/within_a_stream", order_within_a_stream);
  add("streams/order/flush", flush);
  add("streams/order/many_streams", many_streams);
  add("streams/wait/across_streams", waiting_across_streams);
  add("streams/wait/for_nothing", waiting_for_nothing);
  add("streams/wait/takes_the_present_record", waiting_takes_the_present_record);
  add("streams/lifetime/destroyed_with_work", stream_destroyed_with_work);
  add("events/wait/never_recorded", never_recorded);
  add("events/wait/polling", polling);
  add("events/wait/query_without_wait", query_without_wait);
  add("events/wait/by_many_threads", waited_by_many_threads);
  add("events/record/again", recorded_again);
  add("events/lifetime/destroyed_while_pending", destroyed_while_pending);
  add("events/on_done/exactly_once", callbacks);
  add("events/elapsed/timing", timing);
}

}  // namespace ferrule::conformance
