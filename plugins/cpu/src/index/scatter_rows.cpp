#include "index/scatter_rows.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "index/offsets.h"
#include "parallel.h"
#include "streaming.h"

namespace ferrule::cpu {
namespace {

constexpr int64_t kBlockBytes = 64 * 1024;
constexpr int64_t kBlocksPerTask = 4;
constexpr int64_t kLeastBlocksPerThread = 16;
constexpr size_t kAhead = 3;  // updates fetched early: they lie anywhere

// Which updates each block takes, in order.
class Schedule {
 public:
  Schedule(std::span<const int64_t> offsets, int64_t block_elements, int64_t blocks)
      : block_of_(offsets.size()), first_(static_cast<size_t>(blocks + 2)), order_(offsets.size()) {
    const auto none = static_cast<uint32_t>(blocks);  // the dropped come last
    parallel_for(static_cast<int64_t>(offsets.size()), 1 << 14, [&](int64_t begin, int64_t end) {
      for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
        block_of_[i] = offsets[i] == kDropped ? none : static_cast<uint32_t>(offsets[i] / block_elements);
    });
    for (const uint32_t block : block_of_) ++first_[block + 1];
    most_ = *std::max_element(first_.begin() + 1, first_.end() - 1);
    for (size_t b = 1; b < first_.size(); ++b) first_[b] += first_[b - 1];
    std::vector<uint32_t> next(first_.begin(), first_.end() - 1);
    for (size_t i = 0; i < order_.size(); ++i) order_[next[block_of_[i]]++] = static_cast<uint32_t>(i);
  }
  uint32_t most() const { return most_; }
  std::span<const uint32_t> updates_of(int64_t block) const {
    const auto b = static_cast<size_t>(block);
    return std::span(order_).subspan(first_[b], first_[b + 1] - first_[b]);
  }

 private:
  std::vector<uint32_t> block_of_, first_, order_;
  uint32_t most_ = 0;
};

void prefetch(const std::byte* from, int64_t bytes) {
  constexpr int64_t kMost = 2048;
  const auto line = static_cast<int64_t>(kCacheLine);
  for (int64_t at = 0; at < std::min(bytes, kMost); at += line) __builtin_prefetch(from + at);
}

}  // namespace

bool scatter_rows(const RowScatter& s, std::span<const int64_t> offsets) {
  const int64_t row_bytes = s.row * s.item;
  if (row_bytes > kBlockBytes) return false;
  const int64_t block = kBlockBytes / row_bytes * s.row;
  const int64_t size = s.rows * s.row;
  const int64_t blocks = (size + block - 1) / block;
  if (blocks < kLeastBlocksPerThread * thread_count()) return false;
  const Schedule schedule(offsets, block, blocks);
  if (static_cast<int64_t>(schedule.most()) > 1024 + 8 * static_cast<int64_t>(offsets.size()) / blocks) return false;

  const int64_t slice_bytes = s.slice * s.item;
  const bool in_place = s.x == s.out;
  const bool streams = !in_place && static_cast<uint64_t>(size * s.item) >= kStreamingBytes;
  parallel_for(blocks, kBlocksPerTask, [&](int64_t begin, int64_t end) {
    std::vector<std::byte> stage(streams ? kBlockBytes : 0);
    for (int64_t b = begin; b < end; ++b) {
      const int64_t start = b * block;
      const auto bytes = static_cast<size_t>(std::min(block, size - start) * s.item);
      std::byte* out = s.out + start * s.item;
      std::byte* to = streams ? stage.data() : out;
      if (!in_place) std::memcpy(to, s.x + start * s.item, bytes);
      const std::span<const uint32_t> updates = schedule.updates_of(b);
      for (size_t k = 0; k < updates.size(); ++k) {
        if (k + kAhead < updates.size()) prefetch(s.updates + updates[k + kAhead] * slice_bytes, slice_bytes);
        s.combine(to + (offsets[updates[k]] - start) * s.item, 1, s.updates + updates[k] * slice_bytes, 1, s.slice);
      }
      if (streams) stream_copy(out, to, bytes);
    }
    if (streams) stream_fence();
  });
  return true;
}

}  // namespace ferrule::cpu
