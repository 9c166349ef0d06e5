// Callbacks across quiesce, profiles, and what a recorder refuses.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "fixture.h"

namespace ferrule::gpu::test {
namespace {

class EventTest : public GpuTest {};

void count(void* user, frl_status status, const frl_error*) {
  if (status == FRL_OK) static_cast<std::atomic<int>*>(user)->fetch_add(1);
}

TEST_F(EventTest, QuiesceWaitsForCallbacksAndTheyGoOnAfterwards) {
  open();
  frl_stream* s = stream();
  frl_buffer* buffer = alloc(1 << 20);
  static std::atomic<int> calls;
  calls = 0;
  for (int round = 1; round <= 3; ++round) {
    for (int i = 0; i < 20; ++i) {
      frl_event* done = event();
      expect_ok(api_->fill(s, buffer, 0, 1 << 20, 1, 1, &error_), "fill");
      expect_ok(api_->event_record(done, s, &error_), "event_record");
      expect_ok(api_->event_on_done(done, count, &calls, &error_), "event_on_done");
    }
    expect_ok(plugin_->quiesce(&error_), "quiesce");
    EXPECT_EQ(calls, round * 20);
  }
}

TEST_F(EventTest, TheProfilerTellsWhatRan) {
  open();
  const auto* profiler = static_cast<const frl_profiler_api*>(api_->device_extension(device_, FRL_EXT_PROFILER, 1));
  ASSERT_NE(profiler, nullptr);
  frl_stream* s = stream();
  frl_buffer *a = alloc(4096), *b = alloc(4096);
  expect_ok(profiler->profiler_start(device_, 3, &error_), "profiler_start");
  EXPECT_EQ(profiler->profiler_start(device_, 3, &error_), FRL_INVALID_STATE);
  expect_ok(api_->fill(s, a, 0, 4096, 1, 1, &error_), "fill");
  expect_ok(api_->copy(s, b, 0, a, 0, 1000, &error_), "copy");
  EXPECT_TRUE(read(s, b, 1000) == Bytes(1000, std::byte{1}));
  expect_ok(api_->fill(s, a, 0, 4096, 2, 1, &error_), "fill");
  expect_ok(finish(s), "event_wait");
  frl_profile_record records[8];
  uint64_t n = 0, dropped = 0;
  expect_ok(profiler->profiler_read(device_, records, 8, &n, &dropped, &error_), "profiler_read");
  ASSERT_EQ(n, 3u);
  EXPECT_EQ(dropped, 1u);
  const char* names[] = {"fill", "copy", "copy_out"};
  const uint64_t bytes[] = {4096, 1000, 1000};
  for (int i = 0; i < 3; ++i) {
    EXPECT_STREQ(records[i].name, names[i]);
    EXPECT_EQ(records[i].bytes, bytes[i]);
    EXPECT_EQ(records[i].kind, FRL_PROFILE_COPY);
    EXPECT_LE(records[i].begin_ns, records[i].end_ns);
    EXPECT_LE(records[std::max(i, 1) - 1].begin_ns, records[i].begin_ns);
  }
  expect_ok(profiler->profiler_stop(device_, &error_), "profiler_stop");
  expect_ok(api_->fill(s, a, 0, 4096, 2, 1, &error_), "fill");
  expect_ok(finish(s), "event_wait");
  expect_ok(profiler->profiler_read(device_, records, 8, &n, &dropped, &error_), "profiler_read");
  EXPECT_EQ(n, 0u);
}

TEST_F(EventTest, ARecorderTakesLaunchesOnly) {
  open();
  const auto* graph = static_cast<const frl_graph_api*>(api_->device_extension(device_, FRL_EXT_GRAPH, 1));
  ASSERT_NE(graph, nullptr);
  frl_stream* recorder = nullptr;
  expect_ok(graph->graph_begin(device_, 1, &recorder, &error_), "graph_begin");
  frl_buffer* buffer = alloc(64);
  char host[64] = {};
  EXPECT_EQ(api_->fill(recorder, buffer, 0, 64, 0, 1, &error_), FRL_INVALID_STATE);
  EXPECT_EQ(api_->copy_out(recorder, host, buffer, 0, 64, &error_), FRL_INVALID_STATE);
  EXPECT_EQ(api_->event_record(event(), recorder, &error_), FRL_INVALID_STATE);
  EXPECT_EQ(api_->stream_flush(recorder, &error_), FRL_INVALID_STATE);
  EXPECT_NE(std::strstr(error_.message, "[stream_flush] got a recorder"), nullptr) << error_.message;
  frl_graph* made = nullptr;
  expect_ok(graph->graph_end(recorder, &made, &error_), "graph_end");
  EXPECT_EQ(graph->graph_launch(stream(), made, nullptr, 0, &error_), FRL_INVALID_ARGUMENT);
  graph->graph_destroy(made);
}

// A driver's state does not survive a fork; the child is told so, and the parent goes on.
TEST_F(EventTest, AChildOfForkIsRefused) {
  open();
  frl_stream* s = stream();
  frl_buffer* buffer = alloc(64);
  const pid_t child = fork();
  if (child == 0) {
    uint32_t count = 1;
    frl_stream* none = nullptr;
    const bool refused = api_->stream_create(device_, 0, &none, &error_) == FRL_INVALID_STATE &&
                         std::strstr(error_.message, "child of fork()") != nullptr &&
                         api_->fill(s, buffer, 0, 64, 1, 1, &error_) == FRL_INVALID_STATE &&
                         plugin_->device_count(&count, &error_) == FRL_OK && count == 0;
    api_->stream_destroy(s);
    api_->buffer_free(device_, buffer);
    plugin_->device_close(device_);
    _exit(refused ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "the child used the parent's device";
  expect_ok(api_->fill(s, buffer, 0, 64, 7, 1, &error_), "fill");
  EXPECT_TRUE(read(s, buffer, 64) == Bytes(64, std::byte{7}));
}

}  // namespace
}  // namespace ferrule::gpu::test
