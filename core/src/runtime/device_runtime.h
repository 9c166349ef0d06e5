// One open device: its plugin, table, allocators, kernels and streams. Lives from its first use to the end of the
// process.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "ferrule/device.h"
#include "ferrule/loader/loader.h"
#include "ferrule/plugin.h"
#include "runtime/allocator.h"
#include "runtime/expression.h"
#include "runtime/kernel_table.h"
#include "runtime/staging.h"
#include "runtime/stream_state.h"

namespace ferrule::detail {

class Dispatcher;

class DeviceRuntime {
 public:
  // Opens the device; throws if it cannot be.
  DeviceRuntime(std::shared_ptr<loader::Plugin> plugin, Device id, Dispatcher& dispatcher);
  ~DeviceRuntime();
  DeviceRuntime(const DeviceRuntime&) = delete;
  DeviceRuntime& operator=(const DeviceRuntime&) = delete;

  Device id() const { return id_; }
  const std::string& label() const { return label_; }  // "cuda:1"
  frl_device* handle() const { return handle_; }
  const frl_device_api& api() const { return api_; }
  const frl_device_info& info() const { return info_; }
  bool shares_host_memory() const { return (info_.flags & FRL_DEVICE_SHARES_HOST_MEMORY) != 0; }
  bool same_plugin(const DeviceRuntime& other) const { return plugin_ == other.plugin_; }
  // Whether this device's copy takes the other's buffers.
  bool reaches(const DeviceRuntime& other) const {
    return same_plugin(other) && (info_.flags & FRL_DEVICE_COPIES_PEERS) != 0;
  }
  Dispatcher& dispatcher() const { return dispatcher_; }

  Allocator& allocator() { return *allocator_; }  // of the device's own memory
  Staging& staging() { return *staging_; }        // for copies between the host and the device's own memory
  KernelTable& kernels() { return *kernels_; }
  // Whether the host may read and write memory of this kind through its address at any time.
  bool host_sees(uint32_t kind) const {
    return kind == FRL_MEMORY_SHARED || kind == FRL_MEMORY_PINNED ||
           (kind == FRL_MEMORY_MANAGED && (info_.flags & FRL_DEVICE_CONCURRENT_MANAGED) != 0);
  }
  const frl_graph_api* graphs() const { return graphs_; }  // nullptr: not offered
  // Recorded graphs alive; the device stays open with any.
  std::atomic<int>& graph_count() { return graph_count_; }
  // The extension's table, or nullptr.
  const void* extension(const char* name, uint32_t version) const;
  // The kernel of an expression, compiled at the first call; nullptr when the backend does not fuse it.
  Kernel* fused_kernel(const Expression& expression);

  // Creates a stream on the device; `id` is its number in the process.
  StreamState& add_stream(Stream id);
  void wait_for_all_streams();
  // Before devices are destroyed: their streams may hold each other's events, and what waits to be freed may wait for
  // another device's stream.
  void release_streams();
  void release_memory();
  void trim();
  uint64_t free_memory() const;
  // Whether the device itself says that it is lost.
  bool is_lost() const;
  frl_event* take_event();
  void recycle_event(frl_event* event);

 private:
  uint32_t memory_kind() const;

  std::shared_ptr<loader::Plugin> plugin_;
  Device id_;
  std::string label_;
  Dispatcher& dispatcher_;
  frl_device* handle_ = nullptr;
  frl_device_api api_{};
  frl_device_info info_{};
  std::unique_ptr<Allocator> allocator_;
  std::unique_ptr<Staging> staging_;
  std::unique_ptr<KernelTable> kernels_;
  const frl_fusion_api* fusion_ = nullptr;
  const frl_graph_api* graphs_ = nullptr;
  std::atomic<int> graph_count_{0};
  std::mutex fused_mutex_;  // guards what follows
  std::unordered_map<std::string, std::unique_ptr<Kernel>> fused_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<StreamState>> streams_;
  std::vector<frl_event*> spare_events_;
};

// Set when the process is being torn down: destructors then leave devices alone.
bool process_is_exiting();

}  // namespace ferrule::detail
