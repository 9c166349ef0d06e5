#include "host/executable.h"

#include <algorithm>
#include <utility>

#include "host/failure.h"
#include "host/runtime.h"

namespace ferrule::gpu {
namespace {

// Adds commands to a graph in order. A command that captured several ends is waited for at each of them.
class Builder {
 public:
  Builder(vendor::Graph graph, CommandList& list, const Topology& topology, bool overlap, vendor::Stream stream)
      : graph_(graph), list_(list), topology_(topology), overlap_(overlap), stream_(stream) {}

  // Fills in each command's node.
  void add_all(std::vector<vendor::GraphNode>& nodes) {
    nodes.assign(topology_.size(), vendor::GraphNode{});
    first_end_.reserve(topology_.size() + 1);
    first_end_.push_back(0);
    for (size_t i = 0; i < topology_.size(); ++i) {
      after_.clear();
      for (uint32_t w : topology_.waits(i)) {
        after_.insert(after_.end(), ends_.begin() + first_end_[w], ends_.begin() + first_end_[w + 1]);
      }
      add(i, nodes[i]);
      first_end_.push_back(static_cast<uint32_t>(ends_.size()));
    }
  }

 private:
  void add(size_t index, vendor::GraphNode& node) {
    const Command& command = list_.commands()[index];
    switch (command.kind) {
      case Command::Kind::kKernel:
        list_.arguments_of(command, arguments_);
        check(vendor::graph_add_kernel(&node, graph_, after_.data(), after_.size(), overlaps(index), command.function,
                                       command.shape, arguments_.data()),
              "adding a kernel to a graph");
        ends_.push_back(node);
        break;
      case Command::Kind::kCopy:
        check(vendor::graph_add_copy(&node, graph_, after_.data(), after_.size(), command.to, command.from,
                                     command.bytes),
              "adding a copy to a graph");
        ends_.push_back(node);
        break;
      case Command::Kind::kLibrary:
        capture(command);
        break;
    }
  }

  // Only our own kernels wait by themselves for those before them, and only for kernels.
  bool overlaps(size_t index) const {
    const auto waits = topology_.waits(index);
    return overlap_ && !waits.empty() && std::all_of(waits.begin(), waits.end(), [&](uint32_t w) {
             return topology_.kind(w) == Command::Kind::kKernel;
           });
  }

  void capture(const Command& command) {
    check(vendor::capture_begin(stream_, graph_, after_.data(), after_.size()), "capturing a library's work");
    vendor::Status status{};
    try {
      status = list_.library_of(command)(stream_);
    } catch (...) {
      size_t none = 0;
      (void)vendor::capture_end(stream_, graph_, nullptr, &none);
      vendor::clear_error();
      throw;
    }
    vendor::GraphNode last[kMaxEnds];
    size_t count = kMaxEnds;
    const vendor::Status ended = vendor::capture_end(stream_, graph_, last, &count);
    check(status, "running a library's kernel");
    check(ended, "capturing a library's work");
    if (count == kMaxEnds) throw Failure(FRL_UNSUPPORTED, "a library's work ends in too many branches");
    ends_.insert(ends_.end(), last, last + count);
  }

  static constexpr size_t kMaxEnds = 64;
  vendor::Graph graph_;
  CommandList& list_;
  const Topology& topology_;
  const bool overlap_;
  vendor::Stream stream_;
  std::vector<vendor::GraphNode> ends_, after_;
  std::vector<uint32_t> first_end_;  // per command, into ends_
  std::vector<void*> arguments_;
};

class OwnedGraph {
 public:
  OwnedGraph() { check(vendor::graph_create(&graph_), "creating a graph"); }
  ~OwnedGraph() {
    if (graph_ != vendor::Graph{}) (void)vendor::graph_destroy(graph_);
  }
  OwnedGraph(const OwnedGraph&) = delete;
  OwnedGraph& operator=(const OwnedGraph&) = delete;
  vendor::Graph get() const { return graph_; }
  vendor::Graph release() { return std::exchange(graph_, vendor::Graph{}); }

 private:
  vendor::Graph graph_{};
};

}  // namespace

Executable::Executable(CommandList& commands, const Topology& topology, bool overlap, vendor::Stream stream)
    : overlap_(overlap) {
  OwnedGraph graph;
  Builder(graph.get(), commands, topology, overlap, stream).add_all(nodes_);
  check(vendor::graph_instantiate(&exec_, graph.get()), "instantiating a graph");
  graph_ = graph.release();
}

Executable::~Executable() {
  if (driver_is_gone()) return;
  (void)vendor::graph_exec_destroy(exec_);  // one in flight goes when it is done
  (void)vendor::graph_destroy(graph_);
}

bool Executable::set(size_t index, CommandList& commands, const Command& command) {
  vendor::Status status = vendor::kOk;
  if (command.kind == Command::Kind::kKernel) {
    commands.arguments_of(command, arguments_);
    status = vendor::graph_exec_set_kernel(exec_, nodes_[index], command.function, command.shape, arguments_.data());
  } else {
    status = vendor::graph_exec_set_copy(exec_, nodes_[index], command.to, command.from, command.bytes);
  }
  if (status == vendor::kOk) return true;
  vendor::clear_error();
  return false;
}

bool Executable::rebuild(CommandList& commands, const Topology& topology, vendor::Stream stream) {
  OwnedGraph graph;
  std::vector<vendor::GraphNode> nodes;
  Builder(graph.get(), commands, topology, overlap_, stream).add_all(nodes);
  bool updated = false;
  const vendor::Status status = vendor::graph_update(exec_, graph.get(), &updated);
  if (status != vendor::kOk) vendor::clear_error();
  return status == vendor::kOk && updated;
}

void Executable::launch(vendor::Stream stream) { check(vendor::graph_launch(exec_, stream), "launching a graph"); }

}  // namespace ferrule::gpu
