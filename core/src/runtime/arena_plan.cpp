#include "runtime/arena_plan.h"

#include <iterator>

namespace ferrule::detail {

uint64_t ArenaPlan::begin(uint64_t requested) {
  uint64_t bytes = rounded(requested);
  auto best = free_.end();
  for (auto it = free_.begin(); it != free_.end(); ++it) {
    if (it->second >= bytes && (best == free_.end() || it->second < best->second)) best = it;
  }
  if (best != free_.end()) {
    Range range{best->first, best->second};
    free_.erase(best);
    if (range.bytes > bytes) free_.emplace(range.offset + bytes, range.bytes - bytes);
    return range.offset;
  }
  // A free range at the very top is extended rather than left behind.
  uint64_t offset = top_;
  if (!free_.empty()) {
    auto last = std::prev(free_.end());
    if (last->first + last->second == top_) {
      offset = last->first;
      free_.erase(last);
    }
  }
  top_ = offset + bytes;
  return offset;
}

void ArenaPlan::end(uint64_t offset, uint64_t bytes) {
  held_.push_back({offset, rounded(bytes)});
  held_bytes_ += held_.back().bytes;
  while (held_bytes_ > held_back_) {
    held_bytes_ -= held_.front().bytes;
    give_back(held_.front());
    held_.pop_front();
  }
}

void ArenaPlan::give_back(Range range) {
  auto next = free_.lower_bound(range.offset);
  if (next != free_.end() && range.offset + range.bytes == next->first) {
    range.bytes += next->second;
    next = free_.erase(next);
  }
  if (next != free_.begin()) {
    auto previous = std::prev(next);
    if (previous->first + previous->second == range.offset) {
      previous->second += range.bytes;
      return;
    }
  }
  free_.emplace(range.offset, range.bytes);
}

}  // namespace ferrule::detail
