// Streams, events and graphs of the simulated device. A stream runs what it is given at once, in the caller's thread,
// unless it is captured; then it adds nodes to a graph. One thread at a time uses a stream or a graph.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "machine/executor.h"

namespace ferrule::gpu::sim {

// Work of one node: a kernel with its arguments, a copy, or a call of the host (an algorithm of a library).
struct Work {
  enum class Kind : uint8_t { kKernel, kCopy, kCall };
  Kind kind;
  // kKernel
  const Kernel* kernel = nullptr;
  Shape shape{};
  std::vector<std::byte> argument_bytes{};
  std::vector<size_t> argument_offsets{};
  // kCopy
  void* to = nullptr;
  const void* from = nullptr;
  size_t bytes = 0;
  // kCall
  std::function<Status()> call{};

  static Work launch(const Kernel& kernel, const Shape& shape, void* const* arguments);
  // Whether it may begin: where failures on purpose come in.
  Status admit() const;
  Status run();
};

struct Node {
  Work work;
  std::vector<Node*> after;
};

struct Graph {
  std::vector<std::unique_ptr<Node>> nodes;
  Node* add(Work work, std::vector<Node*> after);
};

struct Stream {
  uint32_t device;
  int32_t priority;
  Graph* capture = nullptr;
  std::vector<Node*> last{};  // of the capture: what new nodes come after

  Status submit(Work work);
};

struct Event {
  using Clock = std::chrono::steady_clock;
  bool timing;
  std::atomic<bool> recorded{false};
  std::atomic<Clock::rep> time{0};
};

// A graph's nodes by number, which outlive it.
class GraphExec {
 public:
  explicit GraphExec(const Graph& graph);
  // False, and no change, where the graph has other nodes or edges.
  bool update(const Graph& graph);
  // Other work of the same kind for a node of the graph that this was made from; false where that is not so.
  bool set(const Node& node, Work work);
  // Runs the nodes in an order that their edges allow: of those that may run, the last one added, so that a missing edge
  // shows as a wrong result; FERRULE_SIM_SEED chooses other orders. Where a node may not begin, none does, as a launch
  // that a device refuses leaves no trace.
  Status run();

 private:
  struct Item {
    const Node* node;  // of the graph that this was made from
    Work work;
    std::vector<size_t> after;
  };
  static std::vector<Item> items_of(const Graph& graph);
  std::vector<Item> items_;
};

}  // namespace ferrule::gpu::sim
