// The memory of an evaluated array: a block of its device's allocator, shared by the array and its views. The last
// owner gives the block back in the order of its home stream.
#pragma once

#include <memory>
#include <vector>

#include "runtime/allocator.h"

namespace ferrule::detail {

class Storage {
 public:
  Storage(DeviceRuntime& device, BlockOwner& owner, Block* block) : device_(device), owner_(owner), block_(block) {}
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  DeviceRuntime& device() const { return device_; }
  StreamState& stream() const { return *block_->stream; }
  frl_buffer* buffer() const { return block_->chunk->buffer; }
  uint64_t offset() const { return block_->offset; }
  uint64_t bytes() const { return block_->bytes; }
  void* host() const { return block_->host(); }

  // Sequence on the home stream after which the contents are there. Written under the evaluator's lock.
  uint64_t written_at() const { return written_at_; }
  void set_written_at(uint64_t sequence) { written_at_ = sequence; }
  // The memory may be reused as soon as it is given back. For what graphs use: each launch is ordered behind the one
  // before, and addresses that come back let a backend keep the graph's parameters.
  void reuse_at_once() { block_->at_once = true; }
  // Work of another stream reads this memory.
  void add_use(StreamState& stream, uint64_t sequence);

 private:
  DeviceRuntime& device_;
  BlockOwner& owner_;
  Block* block_;
  uint64_t written_at_ = 0;
  std::vector<StreamUse> uses_;
};

}  // namespace ferrule::detail
