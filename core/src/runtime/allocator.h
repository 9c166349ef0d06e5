// The stream-ordered caching allocator of one device and memory kind. Memory that a stream gave back may be handed out
// on the same stream at once, because its work is in order; on another stream only when the work is done. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ferrule/plugin.h"

namespace ferrule::detail {

class DeviceRuntime;
class StreamState;

// Work that still touches a block on a stream other than its home.
struct StreamUse {
  StreamState* stream;
  uint64_t sequence;
};

struct Chunk {
  frl_buffer* buffer = nullptr;
  uint64_t bytes = 0;
  void* host = nullptr;  // mapped address where the device shares memory with the host
  uint64_t used = 0;     // bytes in live blocks
};

// A range of a chunk: live (held by a Storage), or free and in its stream's lists.
struct Block {
  Chunk* chunk = nullptr;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  Block* previous = nullptr;  // neighbours in the chunk, by offset
  Block* next = nullptr;
  StreamState* stream = nullptr;
  uint64_t freed_at = 0;  // the stream's sequence when the block was given back
  bool live = false;      // held, or waiting for work of other streams
  bool at_once = false;   // not held back from reuse when it is given back
  Block* next_deferred = nullptr;
  std::vector<StreamUse> uses = {};  // of a deferred block: what it waits for

  void* host() const { return chunk->host ? static_cast<std::byte*>(chunk->host) + offset : nullptr; }
};

// Who takes a block back when its last user is gone.
class BlockOwner {
 public:
  // `uses`: other streams' work that may not be done yet.
  virtual void free(Block* block, std::vector<StreamUse> uses) = 0;

 protected:
  ~BlockOwner() = default;
};

class Allocator final : public BlockOwner {
 public:
  Allocator(DeviceRuntime& device, uint32_t kind);
  ~Allocator();

  // At least `bytes` (> 0), aligned to the device's offset alignment, for work on `stream`. Throws out_of_memory after
  // trimming, waiting and retrying; the message says what was asked, held and free.
  Block* allocate(uint64_t bytes, StreamState& stream);
  void free(Block* block, std::vector<StreamUse> uses) override;
  // What `stream` gave back and was held from reuse (frl_device_info.overlap_bytes) may be reused: its work so far is
  // submitted.
  void end_batch(StreamState& stream);
  // Gives cached chunks back to the device. Waits for the work on them.
  void clear_cache();

  uint64_t alignment() const { return alignment_; }
  uint64_t active_bytes() const { return active_.load(std::memory_order_relaxed); }
  uint64_t peak_bytes() const { return peak_.load(std::memory_order_relaxed); }
  uint64_t cached_bytes() const;
  void reset_peak() { peak_ = active_.load(); }
  uint64_t limit() const { return limit_; }
  void set_limit(uint64_t bytes) { limit_ = bytes; }
  void set_cache_limit(uint64_t bytes);
  uint64_t cache_limit() const { return cache_limit_; }

 private:
  // Small sizes have one stack each per stream; larger ones are found best-fit and split.
  static constexpr uint64_t kSmallest = 64;
  static constexpr size_t kBins = 64;
  static constexpr uint64_t kSmallLimit = kSmallest * kBins;
  struct FreeLists {
    std::array<std::vector<Block*>, kBins> bins;
    std::multimap<uint64_t, Block*> by_size;
    std::deque<Block*> held_back;  // given back in the present batch, oldest first; live
    uint64_t held_back_bytes = 0;
  };

  uint64_t rounded(uint64_t bytes) const;
  FreeLists& lists_of(StreamState& stream);
  Block* take(FreeLists& lists, uint64_t bytes);
  Block* take_idle(uint64_t bytes, StreamState& stream);
  Block* split(Block* block, uint64_t bytes);
  Block* grow(uint64_t bytes, StreamState& stream);
  Block* allocate_slow(uint64_t bytes, StreamState& stream, std::unique_lock<std::mutex>& lock);
  void hold_back(Block* block);
  void release_held(FreeLists& lists);
  void put(Block* block);
  void defer(Block* block);
  void remove(Block* block);
  Block* merge(Block* block);
  void collect_deferred();
  void release_idle_chunks();
  void enforce_cache_limit();
  Block* new_block();

  DeviceRuntime& device_;
  uint32_t kind_;
  uint64_t alignment_, overlap_bytes_;
  mutable std::mutex mutex_;
  std::unordered_map<StreamState*, FreeLists> lists_;
  StreamState* last_stream_ = nullptr;  // whose lists were used last
  FreeLists* last_lists_ = nullptr;
  Block* deferred_ = nullptr;  // live blocks that other streams use, or that no list had memory for
  std::unordered_map<Chunk*, std::unique_ptr<Chunk>> chunks_;
  std::vector<std::unique_ptr<Block[]>> block_slabs_;
  std::vector<Block*> spare_blocks_;  // has room for every block
  uint64_t reserved_ = 0;
  std::atomic<uint64_t> active_{0}, peak_{0};
  std::atomic<uint64_t> limit_{UINT64_MAX}, cache_limit_{UINT64_MAX};
};

}  // namespace ferrule::detail
