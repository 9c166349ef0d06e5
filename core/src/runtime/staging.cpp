#include "runtime/staging.h"

#include <bit>
#include <new>

#include "ferrule/log.h"
#include "runtime/device_runtime.h"

namespace ferrule::detail {

// A block in use, as the HostBlock of whoever copies.
struct Staging::Lease : HostBlock {
  Lease(Staging& owner, size_t block_size, Pinned pinned)
      : HostBlock(pinned.data, nullptr), staging(owner), size(block_size), block(pinned) {}
  ~Lease() {
    if (!process_is_exiting()) staging.release(size, block);
  }
  Staging& staging;
  size_t size;
  Pinned block;
};

Staging::Staging(DeviceRuntime& device)
    : device_(device),
      offered_(!device.shares_host_memory() && (device.info().memory_kinds >> FRL_MEMORY_PINNED & 1) != 0) {}

Staging::~Staging() { clear(); }

Staging::Pinned Staging::allocate(uint64_t bytes) {
  Pinned block;
  PluginError plugin_error;
  const frl_device_api& api = device_.api();
  frl_status status = api.buffer_alloc(device_.handle(), FRL_MEMORY_PINNED, bytes, &block.buffer, &plugin_error);
  if (status != FRL_OK) {
    log(LogLevel::debug, fmt::format("{}: no pinned memory: {}", device_.label(), plugin_error.message));
    return {};
  }
  status = api.buffer_map(device_.handle(), block.buffer, &block.data, &plugin_error);
  if (status == FRL_OK) return block;
  api.buffer_free(device_.handle(), block.buffer);
  check(status, plugin_error, "buffer_map");
  return {};
}

std::shared_ptr<HostBlock> Staging::take(uint64_t bytes) {
  if (!offered_) return allocate_host(bytes);
  uint64_t rounded = std::bit_ceil(std::max(bytes, kSmallest));
  auto size = static_cast<size_t>(std::countr_zero(rounded) - std::countr_zero(kSmallest));
  if (size >= kSizes) return allocate_host(bytes);
  Pinned block;
  {
    std::lock_guard lock(mutex_);
    if (!idle_[size].empty()) {
      block = idle_[size].back();
      idle_[size].pop_back();
      idle_bytes_ -= rounded;
    }
  }
  if (!block.buffer) block = allocate(rounded);
  if (!block.buffer) return allocate_host(bytes);
  try {
    return std::allocate_shared<Lease>(PoolAllocator<Lease>(), *this, size, block);
  } catch (...) {
    release(size, block);
    throw;
  }
}

void Staging::release(size_t size, Pinned block) {
  {
    std::lock_guard lock(mutex_);
    if (idle_bytes_ + (kSmallest << size) <= kMostIdle) {
      try {
        idle_[size].push_back(block);
        idle_bytes_ += kSmallest << size;
        return;
      } catch (const std::bad_alloc&) {  // the device gets it back
      }
    }
  }
  device_.api().buffer_free(device_.handle(), block.buffer);
}

void Staging::clear() {
  std::vector<Pinned> blocks;
  {
    std::lock_guard lock(mutex_);
    for (auto& idle : idle_) {
      blocks.insert(blocks.end(), idle.begin(), idle.end());
      idle.clear();
    }
    idle_bytes_ = 0;
  }
  for (const Pinned& block : blocks) device_.api().buffer_free(device_.handle(), block.buffer);
}

}  // namespace ferrule::detail
