// Offsets of short-lived ranges in one block of memory: a range's bytes are given to a later one as soon as it ends, as
// the stream-ordered allocator would. Single-threaded.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace ferrule::detail {

class ArenaPlan {
 public:
  // Every range begins at a multiple of `alignment`. Up to `held_back` bytes of ended ranges are kept from reuse, oldest
  // first, so that what comes next need not wait for their last use.
  ArenaPlan(uint64_t alignment, uint64_t held_back) : alignment_(alignment), held_back_(held_back) {}

  // The offset of a new range of `bytes` > 0.
  uint64_t begin(uint64_t bytes);
  // The range that began at `offset` with `bytes` ends.
  void end(uint64_t offset, uint64_t bytes);
  // What the block must hold.
  uint64_t bytes() const { return top_; }

 private:
  struct Range {
    uint64_t offset, bytes;
  };
  uint64_t rounded(uint64_t bytes) const { return (bytes + alignment_ - 1) / alignment_ * alignment_; }
  void give_back(Range range);

  uint64_t alignment_, held_back_;
  uint64_t top_ = 0;
  std::map<uint64_t, uint64_t> free_;  // offset -> bytes, never adjacent
  std::deque<Range> held_;
  uint64_t held_bytes_ = 0;
};

}  // namespace ferrule::detail
