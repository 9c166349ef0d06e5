#include "runtime/allocator.h"

#include <algorithm>
#include <new>
#include <utility>

#include "runtime/device_runtime.h"
#include "runtime/failure.h"
#include "runtime/stream_state.h"

namespace ferrule::detail {
namespace {

constexpr uint64_t kMiB = 1 << 20;

// A chunk serves many blocks while they are small against it; a large request gets a chunk of its own size.
uint64_t chunk_bytes(uint64_t bytes) {
  if (bytes <= 64 << 10) return 2 * kMiB;
  if (bytes <= 4 * kMiB) return 32 * kMiB;
  return (bytes + 2 * kMiB - 1) / (2 * kMiB) * (2 * kMiB);
}

// A large block is only split when the rest is worth keeping.
bool worth_splitting(uint64_t block, uint64_t bytes) {
  return block - bytes >= (block <= 32 * kMiB ? uint64_t{256} : kMiB);
}

}  // namespace

Allocator::Allocator(DeviceRuntime& device, uint32_t kind)
    : device_(device),
      kind_(kind),
      alignment_(std::max<uint64_t>(kSmallest, device.info().offset_alignment)),
      overlap_bytes_(device.info().overlap_bytes) {}

Allocator::~Allocator() = default;

uint64_t Allocator::rounded(uint64_t bytes) const { return (bytes + alignment_ - 1) / alignment_ * alignment_; }

Allocator::FreeLists& Allocator::lists_of(StreamState& stream) {
  if (last_stream_ != &stream) {
    last_lists_ = &lists_[&stream];
    last_stream_ = &stream;
  }
  return *last_lists_;
}

Block* Allocator::new_block() {
  if (spare_blocks_.empty()) {
    constexpr size_t kSlab = 256;
    spare_blocks_.reserve((block_slabs_.size() + 1) * kSlab);
    block_slabs_.push_back(std::make_unique<Block[]>(kSlab));
    for (size_t i = 0; i < kSlab; ++i) spare_blocks_.push_back(&block_slabs_.back()[i]);
  }
  Block* block = spare_blocks_.back();
  spare_blocks_.pop_back();
  *block = Block{};
  return block;
}

Block* Allocator::allocate(uint64_t requested, StreamState& stream) {
  if (requested > device_.info().largest_buffer || requested > (uint64_t{1} << 62)) {
    fail(ErrorCode::out_of_memory, "[allocate] more than {} can hold; got {} bytes; expected at most {}",
         device_.label(), requested, device_.info().largest_buffer);
  }
  uint64_t bytes = rounded(requested);
  std::unique_lock lock(mutex_);
  if (active_ + bytes > limit_) return allocate_slow(bytes, stream, lock);
  Block* block = take(lists_of(stream), bytes);
  if (!block) return allocate_slow(bytes, stream, lock);
  block->live = true;
  block->at_once = false;
  block->chunk->used += block->bytes;
  uint64_t active = active_ += block->bytes;
  if (active > peak_) peak_ = active;
  return block;
}

Block* Allocator::allocate_slow(uint64_t bytes, StreamState& stream, std::unique_lock<std::mutex>& lock) {
  auto finish = [&](Block* block) {
    block->live = true;
    block->at_once = false;
    block->stream = &stream;
    block->chunk->used += block->bytes;
    uint64_t active = active_ += block->bytes;
    if (active > peak_) peak_ = active;
    return block;
  };
  if (active_ + bytes <= limit_) {
    collect_deferred();
    if (Block* block = take(lists_of(stream), bytes)) return finish(block);
    if (Block* block = take_idle(bytes, stream)) return finish(block);
    if (Block* block = grow(bytes, stream)) return finish(block);
  }
  // Out of memory: let the plugin drop its workspaces, wait for all work, give the cache back, try once more.
  lock.unlock();
  device_.trim();
  device_.wait_for_all_streams();
  lock.lock();
  collect_deferred();
  for (auto& [owner, lists] : lists_) release_held(lists);
  if (active_ + bytes <= limit_) {
    if (Block* block = take(lists_of(stream), bytes)) return finish(block);
    release_idle_chunks();
    if (Block* block = grow(bytes, stream)) return finish(block);
  }
  fail(ErrorCode::out_of_memory,
       "[allocate] out of memory on {}; got a request of {} bytes; {} bytes are held by arrays, {} cached, {} free, "
       "the limit is {}",
       device_.label(), bytes, active_.load(), reserved_ - active_, device_.free_memory(), limit_.load());
}

// From the stream's own lists: the exact small size, else the best fit, split.
Block* Allocator::take(FreeLists& lists, uint64_t bytes) {
  if (bytes <= kSmallLimit) {
    auto& bin = lists.bins[bytes / kSmallest - 1];
    if (!bin.empty()) {
      Block* block = bin.back();
      bin.pop_back();
      return block;
    }
  }
  auto it = lists.by_size.lower_bound(bytes);
  if (it == lists.by_size.end()) return nullptr;
  Block* block = it->second;
  // A block far too large is left for larger requests: taking it would strand the rest.
  if (bytes > kMiB && block->bytes > bytes + bytes / 8 && !worth_splitting(block->bytes, bytes)) return nullptr;
  lists.by_size.erase(it);
  return split(block, bytes);
}

Block* Allocator::take_idle(uint64_t bytes, StreamState& stream) {
  for (auto& [owner, lists] : lists_) {
    if (owner == &stream) continue;
    auto it = lists.by_size.lower_bound(bytes);
    if (it == lists.by_size.end() || !owner->is_done(it->second->freed_at)) continue;
    Block* block = it->second;
    lists.by_size.erase(it);
    block->stream = &stream;
    return split(block, bytes);
  }
  return nullptr;
}

// The block as it is where there is no memory for another.
Block* Allocator::split(Block* block, uint64_t bytes) {
  if (block->bytes == bytes || !worth_splitting(block->bytes, bytes)) return block;
  Block* rest = nullptr;
  try {
    rest = new_block();
    lists_of(*block->stream).by_size.emplace(block->bytes - bytes, rest);
  } catch (const std::bad_alloc&) {
    if (rest) spare_blocks_.push_back(rest);
    return block;
  }
  rest->chunk = block->chunk;
  rest->offset = block->offset + bytes;
  rest->bytes = block->bytes - bytes;
  rest->stream = block->stream;
  rest->freed_at = block->freed_at;
  rest->previous = block;
  rest->next = block->next;
  if (rest->next) rest->next->previous = rest;
  block->next = rest;
  block->bytes = bytes;
  return block;
}

Block* Allocator::grow(uint64_t bytes, StreamState& stream) {
  uint64_t size = chunk_bytes(bytes);
  if (reserved_ + size > limit_) {
    release_idle_chunks();
    size = std::min(size, std::max(bytes, limit_ - std::min<uint64_t>(reserved_, limit_)));
  }
  auto chunk = std::make_unique<Chunk>();
  chunks_.reserve(chunks_.size() + 1);
  Block* block = new_block();
  auto unused = [&](auto* each) { spare_blocks_.push_back(each); };
  std::unique_ptr<Block, decltype(unused)> block_holder(block, unused);
  PluginError plugin_error;
  const frl_device_api& api = device_.api();
  frl_status status = api.buffer_alloc(device_.handle(), kind_, size, &chunk->buffer, &plugin_error);
  if (status == FRL_OUT_OF_MEMORY && size > bytes) {
    size = bytes;
    status = api.buffer_alloc(device_.handle(), kind_, size, &chunk->buffer, &plugin_error);
  }
  if (status == FRL_OUT_OF_MEMORY) return nullptr;
  check(status, plugin_error, "buffer_alloc");
  chunk->bytes = size;
  if (device_.host_sees(kind_)) {
    status = api.buffer_map(device_.handle(), chunk->buffer, &chunk->host, &plugin_error);
    if (status != FRL_OK) {
      api.buffer_free(device_.handle(), chunk->buffer);
      check(status, plugin_error, "buffer_map");
    }
  }
  block->chunk = chunk.get();
  block->bytes = size;
  block->stream = &stream;
  try {
    chunks_.emplace(block->chunk, nullptr).first->second = std::move(chunk);
  } catch (...) {
    api.buffer_free(device_.handle(), chunk->buffer);
    throw;
  }
  reserved_ += size;
  (void)block_holder.release();
  return split(block, bytes);
}

void Allocator::free(Block* block, std::vector<StreamUse> uses) {
  std::lock_guard lock(mutex_);
  active_ -= block->bytes;
  block->chunk->used -= block->bytes;
  if (!uses.empty()) {
    block->uses = std::move(uses);
    defer(block);
    return;
  }
  if (overlap_bytes_ != 0 && !block->at_once)
    hold_back(block);
  else
    put(block);
  if (reserved_ - active_ <= cache_limit_) return;
  try {
    enforce_cache_limit();
  } catch (const std::bad_alloc&) {  // the next block that is freed tries again
  }
}

// Allocates nothing.
void Allocator::defer(Block* block) {
  block->live = true;
  block->next_deferred = deferred_;
  deferred_ = block;
}

// Reuse orders what comes next behind the block's last use; held back for a while, branches of a graph stay apart.
void Allocator::hold_back(Block* block) {
  FreeLists& lists = lists_of(*block->stream);
  try {
    lists.held_back.push_back(block);
  } catch (const std::bad_alloc&) {
    return put(block);
  }
  lists.held_back_bytes += block->bytes;
  while (lists.held_back_bytes > overlap_bytes_) {
    Block* oldest = lists.held_back.front();
    lists.held_back.pop_front();
    lists.held_back_bytes -= oldest->bytes;
    put(oldest);
  }
}

void Allocator::release_held(FreeLists& lists) {
  for (Block* block : lists.held_back) put(block);
  lists.held_back.clear();
  lists.held_back_bytes = 0;
}

void Allocator::end_batch(StreamState& stream) {
  if (overlap_bytes_ == 0) return;
  std::lock_guard lock(mutex_);
  release_held(lists_of(stream));
}

// Where a list has no memory for the block, it is filed later.
void Allocator::put(Block* block) try {
  block->live = false;
  block->freed_at = block->stream->submitted();
  if (block->bytes <= kSmallLimit && block->bytes % kSmallest == 0) {
    lists_of(*block->stream).bins[block->bytes / kSmallest - 1].push_back(block);
    return;
  }
  block = merge(block);
  lists_of(*block->stream).by_size.emplace(block->bytes, block);
} catch (const std::bad_alloc&) {
  defer(block);
}

void Allocator::remove(Block* block) {
  auto& by_size = lists_of(*block->stream).by_size;
  auto [first, last] = by_size.equal_range(block->bytes);
  for (; first != last; ++first) {
    if (first->second == block) {
      by_size.erase(first);
      return;
    }
  }
}

// Joins free neighbours of the same stream. Small blocks rest in their bins until the cache is cleared.
Block* Allocator::merge(Block* block) {
  auto joinable = [&](const Block* other) {
    return other && !other->live && other->stream == block->stream && other->bytes > kSmallLimit;
  };
  if (Block* next = block->next; joinable(next)) {
    remove(next);
    block->bytes += next->bytes;
    block->freed_at = std::max(block->freed_at, next->freed_at);
    block->next = next->next;
    if (block->next) block->next->previous = block;
    spare_blocks_.push_back(next);
  }
  if (Block* previous = block->previous; joinable(previous)) {
    remove(previous);
    previous->bytes += block->bytes;
    previous->freed_at = std::max(block->freed_at, previous->freed_at);
    previous->next = block->next;
    if (previous->next) previous->next->previous = previous;
    spare_blocks_.push_back(block);
    return previous;
  }
  return block;
}

void Allocator::collect_deferred() {
  for (Block* block = std::exchange(deferred_, nullptr); block;) {
    Block* next = block->next_deferred;
    std::erase_if(block->uses, [](const StreamUse& use) { return use.stream->is_done(use.sequence); });
    if (block->uses.empty())
      put(block);
    else
      defer(block);
    block = next;
  }
}

// Gives back every chunk without live or deferred blocks whose work is done.
void Allocator::release_idle_chunks() {
  std::unordered_map<Chunk*, bool> busy;
  for (Block* block = deferred_; block; block = block->next_deferred) busy[block->chunk] = true;
  for (auto& [stream, lists] : lists_) {
    for (Block* block : lists.held_back) busy[block->chunk] = true;
    for (auto& bin : lists.bins) {
      for (Block* block : bin) busy[block->chunk] |= !stream->is_done(block->freed_at);
    }
    for (auto& [size, block] : lists.by_size) busy[block->chunk] |= !stream->is_done(block->freed_at);
  }
  // Nothing below allocates: a list is never left half sorted out.
  auto idle = [&](const Chunk* chunk) {
    auto found = busy.find(const_cast<Chunk*>(chunk));
    return chunk->used == 0 && found != busy.end() && !found->second;
  };
  auto drop = [&](Block* block) {
    if (!idle(block->chunk)) return false;
    spare_blocks_.push_back(block);
    return true;
  };
  for (auto& [stream, lists] : lists_) {
    for (auto& bin : lists.bins) std::erase_if(bin, drop);
    std::erase_if(lists.by_size, [&](auto& entry) { return drop(entry.second); });
  }
  std::erase_if(chunks_, [&](auto& entry) {
    Chunk& chunk = *entry.second;
    if (!idle(&chunk)) return false;
    device_.api().buffer_free(device_.handle(), chunk.buffer);
    reserved_ -= chunk.bytes;
    return true;
  });
}

void Allocator::enforce_cache_limit() {
  collect_deferred();
  release_idle_chunks();
}

void Allocator::clear_cache() {
  device_.wait_for_all_streams();
  std::lock_guard lock(mutex_);
  collect_deferred();
  for (auto& [stream, lists] : lists_) release_held(lists);
  release_idle_chunks();
}

void Allocator::set_cache_limit(uint64_t bytes) {
  std::lock_guard lock(mutex_);
  cache_limit_ = bytes;
  if (reserved_ - active_ > cache_limit_) enforce_cache_limit();
}

uint64_t Allocator::cached_bytes() const {
  std::lock_guard lock(mutex_);
  return reserved_ - active_;
}

}  // namespace ferrule::detail
