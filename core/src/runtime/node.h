// The graph node behind an array handle. The graph half (primitive, inputs) is dropped once the node is evaluated; the
// data half is one of: an inline scalar, host memory not yet used on a device, or device storage.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "ferrule/array.h"
#include "runtime/pool_allocator.h"
#include "runtime/storage.h"

namespace ferrule::detail {

// Host bytes handed to or copied by an array constructor, or copied out for data<T>().
struct HostBlock {
  HostBlock(void* bytes, void (*release)(void*)) : data(bytes), deleter(release) {}
  ~HostBlock() {
    if (deleter) deleter(data);
  }
  HostBlock(const HostBlock&) = delete;
  HostBlock& operator=(const HostBlock&) = delete;
  void* data;
  void (*deleter)(void*);
};
// Uninitialised, 64-byte aligned. Throws out_of_memory.
std::shared_ptr<HostBlock> allocate_host(uint64_t bytes);

struct Node;
// What the outputs of one primitive share.
struct Siblings {
  ~Siblings();
  struct Output {
    Shape shape;
    Dtype dtype;
    std::weak_ptr<Node> node;
  };
  std::vector<Output> outputs;
  std::vector<array> inputs;  // of the primitive, held once for all outputs
};

enum class Status : uint8_t { unscheduled, scheduled };

struct Node {
  Node(const Shape& node_shape, Dtype node_dtype) : shape(node_shape), dtype(node_dtype) {}
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  Shape shape;
  Dtype dtype;
  std::atomic<Status> status{Status::unscheduled};
  bool tracer = false;
  bool is_inline = false;   // the one element lies in value
  bool contiguous = true;   // strides are row-major without gaps
  bool value_read = false;  // value is a copy of the one element in storage; with the readers' lock
  uint32_t output_index = 0;
  uint64_t size = 1;
  uint64_t mark = 0;  // the evaluation that visited the node last

  std::shared_ptr<Primitive> primitive;
  std::vector<array> inputs;           // empty when there are siblings
  std::shared_ptr<Siblings> siblings;  // only for primitives with several outputs

  Strides strides;  // in elements; defined for evaluated nodes with storage
  uint64_t value[2] = {0, 0};
  uint64_t byte_offset = 0;  // of the first element, from the start of the storage
  std::shared_ptr<Storage> storage;
  std::shared_ptr<HostBlock> host;  // row-contiguous; kept once somebody has seen its address
  bool host_seen = false;

  const std::vector<array>& operands() const { return siblings ? siblings->inputs : inputs; }
  bool evaluated() const { return status.load(std::memory_order_acquire) != Status::unscheduled; }
  uint64_t bytes() const { return size * dtype.size(); }
  void set_evaluated() { status.store(Status::scheduled, std::memory_order_release); }
  void drop_graph();
};

// Nodes come and go with every op.
template <typename... Args>
std::shared_ptr<Node> make_node(Args&&... args) {
  return std::allocate_shared<Node>(PoolAllocator<Node>(), std::forward<Args>(args)...);
}

// Guards `storage`, `host` and `host_seen` of evaluated nodes: an evaluation uploads what another thread reads.
std::mutex& upload_mutex();

// The product of extents; throws on negative extents and on more than 2^63 - 1 bytes of the widest dtype.
uint64_t element_count(const Shape& shape);
Strides row_major(const Shape& shape);
bool is_row_major(const Shape& shape, const Strides& strides);

// Graphs built while a transform traces on this thread keep their history when evaluated.
struct Tracing {
  Tracing() { ++depth(); }
  ~Tracing() { --depth(); }
  static int& depth();
};

// While > 0, nodes without data (arguments of compile) exist on this thread: evaluating them is an error.
array make_placeholder(const Shape& shape, Dtype dtype);
// A new node with the same value: shares data, or refers to the node. Marked as tracer.
array make_tracer(const array& a);

}  // namespace ferrule::detail
