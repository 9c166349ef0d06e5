// Memory, streams, events, graphs and failures on purpose.
#include <algorithm>
#include <chrono>
#include <numeric>
#include <vector>

#include "launcher.h"
#include "machine/faults.h"

namespace ferrule::gpu::sim {
namespace {

using vendor::kOk;
using vendor::Status;

class HostTest : public SimTest {
 protected:
  void TearDown() override {
    EXPECT_TRUE(inject_faults(""));
    SimTest::TearDown();
  }
};

TEST_F(HostTest, MemoryRunsOutAndComesBack) {
  size_t free_before = 0, free_now = 0, total = 0;
  ASSERT_EQ(vendor::memory_info(&free_before, &total), kOk);
  void *p = nullptr, *q = nullptr;
  ASSERT_EQ(vendor::malloc_device(&p, 4096), kOk);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(p) % 256, 0u);
  ASSERT_EQ(vendor::memory_info(&free_now, &total), kOk);
  EXPECT_EQ(free_before - free_now, 4096u);
  EXPECT_EQ(vendor::malloc_device(&q, total), Status::kOutOfMemory);
  EXPECT_EQ(q, nullptr);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "out of simulated device memory: got a request for",
                      vendor::describe(Status::kOutOfMemory));
  EXPECT_EQ(vendor::classify(Status::kOutOfMemory), FRL_OUT_OF_MEMORY);
  EXPECT_EQ(vendor::free_device(p), kOk);
  EXPECT_EQ(vendor::free_device(p), Status::kInvalidPointer);
  ASSERT_EQ(vendor::memory_info(&free_now, &total), kOk);
  EXPECT_EQ(free_before, free_now);
}

TEST_F(HostTest, CopiesStayInsideAllocations) {
  void *p = nullptr, *pinned = nullptr;
  ASSERT_EQ(vendor::malloc_device(&p, 1000), kOk);
  ASSERT_EQ(vendor::malloc_pinned(&pinned, 1000), kOk);
  EXPECT_EQ(static_cast<unsigned char*>(p)[999], 0xff);
  std::vector<unsigned char> in(1000, 3), out(1000, 0);
  EXPECT_EQ(vendor::copy_async(p, in.data(), 1000, stream_), kOk);
  EXPECT_EQ(vendor::copy_async(pinned, p, 1000, stream_), kOk);
  EXPECT_EQ(vendor::copy_async(out.data(), pinned, 1000, stream_), kOk);
  EXPECT_EQ(in, out);
  auto* middle = static_cast<unsigned char*>(p) + 500;
  EXPECT_EQ(vendor::copy_async(middle, in.data(), 501, stream_), Status::kCopyOutOfBounds);
  EXPECT_EQ(vendor::free_device(pinned), Status::kInvalidPointer);
  EXPECT_EQ(vendor::free_pinned(pinned), kOk);
  EXPECT_EQ(vendor::free_device(p), kOk);
}

GPU_KERNEL store_at(unsigned char* p, uint64_t i) {
  begin_kernel();
  p[i] = 1;
}

TEST_F(HostTest, WritesBesideAnAllocationAreSeenWhenItIsFreed) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer ends the process at such a write";
#endif
  for (const uint64_t at : {uint64_t{1000}, ~uint64_t{0}}) {
    void* p = nullptr;
    ASSERT_EQ(vendor::malloc_device(&p, 1000), kOk);
    ASSERT_EQ((run<store_at>(1, 1, static_cast<unsigned char*>(p), at)), kOk);
    EXPECT_EQ(vendor::free_device(p), Status::kMemoryCorrupted);
    EXPECT_EQ(vendor::classify(Status::kMemoryCorrupted), FRL_DEVICE_LOST);
  }
}

TEST_F(HostTest, EventsMeasureTime) {
  vendor::Event begin = nullptr, end = nullptr, plain = nullptr;
  ASSERT_EQ(vendor::event_create(&begin, true), kOk);
  ASSERT_EQ(vendor::event_create(&end, true), kOk);
  ASSERT_EQ(vendor::event_create(&plain, false), kOk);
  ASSERT_EQ(vendor::event_record(begin, stream_), kOk);
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(3);
  while (std::chrono::steady_clock::now() < until) {
  }
  ASSERT_EQ(vendor::event_record(end, stream_), kOk);
  ASSERT_EQ(vendor::event_record(plain, stream_), kOk);
  EXPECT_EQ(vendor::event_query(end), kOk);
  float ms = 0;
  EXPECT_EQ(vendor::event_elapsed_ms(&ms, begin, end), kOk);
  EXPECT_GE(ms, 3.0f);
  EXPECT_EQ(vendor::event_elapsed_ms(&ms, begin, plain), Status::kInvalidValue);
  for (vendor::Event e : {begin, end, plain}) EXPECT_EQ(vendor::event_destroy(e), kOk);
}

// ---- graphs ----

GPU_KERNEL append(uint32_t* log, uint32_t value) {
  begin_kernel();
  log[1 + atomic_add(log, 1u)] = value;
}

class GraphTest : public HostTest {
 protected:
  void SetUp() override {
    HostTest::SetUp();
    ASSERT_EQ(vendor::graph_create(&graph_), kOk);
  }
  void TearDown() override {
    if (exec_ != nullptr) {
      EXPECT_EQ(vendor::graph_exec_destroy(exec_), kOk);
    }
    EXPECT_EQ(vendor::graph_destroy(graph_), kOk);
    HostTest::TearDown();
  }

  // A node that appends `value` to log_, after the given ones.
  vendor::GraphNode add(uint32_t value, std::vector<vendor::GraphNode> after = {}) {
    uint32_t* log = log_.data();
    void* arguments[] = {&log, &value};
    vendor::GraphNode node = nullptr;
    EXPECT_EQ(vendor::graph_add_kernel(&node, graph_, after.data(), after.size(), false, vendor::function_of<append>(),
                                       {{1, 1, 1}, {1, 1, 1}, 0}, arguments),
              kOk);
    return node;
  }
  std::vector<uint32_t> launch_and_read() {
    log_.assign(log_.size(), 0);
    if (exec_ == nullptr) {
      EXPECT_EQ(vendor::graph_instantiate(&exec_, graph_), kOk);
    }
    EXPECT_EQ(vendor::graph_launch(exec_, stream_), kOk);
    return {log_.begin() + 1, log_.begin() + 1 + log_[0]};
  }

  vendor::Graph graph_ = nullptr;
  vendor::GraphExec exec_ = nullptr;
  std::vector<uint32_t> log_ = std::vector<uint32_t>(64, 0);
};

TEST_F(GraphTest, NodesRunAfterThoseTheyNameAndOthersOutOfOrder) {
  const auto first = add(1), second = add(2, {first});
  add(3, {second});
  add(4);
  const std::vector<uint32_t> order = launch_and_read();
  ASSERT_EQ(order.size(), 4u);
  const auto at = [&](uint32_t v) { return std::find(order.begin(), order.end(), v) - order.begin(); };
  EXPECT_LT(at(1), at(2));
  EXPECT_LT(at(2), at(3));
  // Without edges, the order of insertion does not hold.
  vendor::Graph other = nullptr;
  ASSERT_EQ(vendor::graph_create(&other), kOk);
  std::swap(graph_, other);
  for (uint32_t i = 0; i < 20; ++i) add(i);
  EXPECT_EQ(vendor::graph_exec_destroy(exec_), kOk);
  exec_ = nullptr;
  std::vector<uint32_t> ascending(20);
  std::iota(ascending.begin(), ascending.end(), 0u);
  const std::vector<uint32_t> free_order = launch_and_read();
  EXPECT_NE(free_order, ascending);
  EXPECT_TRUE(std::is_permutation(free_order.begin(), free_order.end(), ascending.begin(), ascending.end()));
  EXPECT_EQ(vendor::graph_destroy(other), kOk);
}

TEST_F(GraphTest, UpdateTakesNewParametersOfTheSameTopology) {
  add(2, {add(1)});
  EXPECT_EQ(launch_and_read(), (std::vector<uint32_t>{1, 2}));
  vendor::Graph old = graph_;
  const auto replace = [&] {
    EXPECT_EQ(vendor::graph_destroy(graph_), kOk);
    EXPECT_EQ(vendor::graph_create(&graph_), kOk);
  };
  replace();
  add(6, {add(5)});
  bool updated = false;
  ASSERT_EQ(vendor::graph_update(exec_, graph_, &updated), kOk);
  EXPECT_TRUE(updated);
  EXPECT_EQ(launch_and_read(), (std::vector<uint32_t>{5, 6}));
  replace();
  add(7);
  add(8);
  ASSERT_EQ(vendor::graph_update(exec_, graph_, &updated), kOk);
  EXPECT_FALSE(updated);
  EXPECT_EQ(launch_and_read(), (std::vector<uint32_t>{5, 6}));
  (void)old;
}

TEST_F(GraphTest, CaptureAddsNodesInsteadOfRunning) {
  const auto first = add(1);
  ASSERT_EQ(vendor::capture_begin(stream_, graph_, &first, 1), kOk);
  uint32_t* log = log_.data();
  EXPECT_EQ((run<append>(1, 1, log, 2u)), kOk);
  EXPECT_EQ(vendor::enqueue(stream_,
                            [log] {
                              log[1 + log[0]++] = 3;
                              return kOk;
                            }),
            kOk);
  void* p = nullptr;
  EXPECT_EQ(vendor::malloc_device(&p, 16), Status::kCaptureForbids);
  EXPECT_EQ(vendor::stream_synchronize(stream_), Status::kCaptureForbids);
  vendor::GraphNode last[4];
  size_t n = 4;
  ASSERT_EQ(vendor::capture_end(stream_, graph_, last, &n), kOk);
  ASSERT_EQ(n, 1u);
  EXPECT_EQ(log_[0], 0u);
  add(4, {last[0]});
  EXPECT_EQ(launch_and_read(), (std::vector<uint32_t>{1, 2, 3, 4}));
}

// ---- failures on purpose ----

TEST_F(HostTest, InjectedFailuresComeAtTheirCall) {
  ASSERT_TRUE(inject_faults("malloc:2,launch:3"));
  void *p = nullptr, *q = nullptr;
  EXPECT_EQ(vendor::malloc_device(&p, 16), kOk);
  EXPECT_EQ(vendor::malloc_device(&q, 16), Status::kOutOfMemory);
  EXPECT_EQ(vendor::malloc_device(&q, 16), kOk);
  for (const Status expected : {kOk, kOk, Status::kInjected, kOk}) {
    EXPECT_EQ((run<store_at>(1, 1, static_cast<unsigned char*>(p), uint64_t{0})), expected);
  }
  EXPECT_EQ(vendor::free_device(p), kOk);
  EXPECT_EQ(vendor::free_device(q), kOk);
}

TEST_F(HostTest, LostDeviceStaysLost) {
  ASSERT_TRUE(inject_faults("lost:2"));
  unsigned char byte = 0, other = 0;
  EXPECT_EQ(vendor::copy_async(&byte, &other, 1, stream_), kOk);
  EXPECT_EQ((run<store_at>(1, 1, &byte, uint64_t{0})), Status::kLost);
  EXPECT_EQ(byte, 0);
  void* p = nullptr;
  EXPECT_EQ(vendor::malloc_device(&p, 1), Status::kLost);
  EXPECT_EQ(vendor::stream_synchronize(stream_), Status::kLost);
  EXPECT_EQ(vendor::classify(Status::kLost), FRL_DEVICE_LOST);
}

TEST_F(HostTest, FaultsThatAreNotUnderstoodAreRefused) {
  for (const char* text : {"malloc", "malloc:0", "malloc:x", "nothing:1", "malloc:1;copy:2"}) {
    EXPECT_FALSE(inject_faults(text)) << text;
  }
}

TEST_F(HostTest, EveryStatusHasItsOwnText) {
  std::vector<std::string> texts;
  for (int32_t i = 0; i <= static_cast<int32_t>(Status::kLost); ++i) texts.push_back(vendor::describe(Status(i)));
  for (const std::string& text : texts) EXPECT_EQ(std::count(texts.begin(), texts.end(), text), 1) << text;
}

}  // namespace
}  // namespace ferrule::gpu::sim
