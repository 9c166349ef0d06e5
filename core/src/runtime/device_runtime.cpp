#include "runtime/device_runtime.h"

#include <cstdlib>
#include <new>
#include <string_view>

#include "ferrule/log.h"
#include "runtime/dispatcher.h"
#include "runtime/failure.h"

namespace ferrule::detail {

DeviceRuntime::DeviceRuntime(std::shared_ptr<loader::Plugin> plugin, Device id, Dispatcher& dispatcher)
    : plugin_(std::move(plugin)), id_(id), label_(fmt::format("{}:{}", id.name(), id.index)), dispatcher_(dispatcher) {
  PluginError plugin_error;
  uint32_t count = 0;
  const frl_plugin_api& plugin_api = *plugin_->api();
  check(plugin_api.device_count(&count, &plugin_error), plugin_error, "device_count");
  if (id.index < 0 || static_cast<uint32_t>(id.index) >= count) {
    if (count == 0) {
      fail(ErrorCode::unsupported, "[device] backend '{}' has no device: {}", id.name(),
           plugin_error.message[0] ? plugin_error.message : "it reports none");
    }
    invalid("[device] no such device; got {}; expected an index below {}", label_, count);
  }
  info_.struct_size = sizeof info_;
  auto index = static_cast<uint32_t>(id.index);
  check(plugin_api.device_info(index, &info_, &plugin_error), plugin_error, "device_info");
  uint32_t kind = memory_kind();
  const frl_device_api* api = nullptr;
  check(plugin_api.device_open(index, &handle_, &api, &plugin_error), plugin_error, "device_open");
  api_ = loader::full_device_api(api);
  allocator_ = std::make_unique<Allocator>(*this, kind);
  staging_ = std::make_unique<Staging>(*this);
  kernels_ = std::make_unique<KernelTable>(*this);
  fusion_ = static_cast<const frl_fusion_api*>(extension(FRL_EXT_FUSION, 1));
  graphs_ = static_cast<const frl_graph_api*>(extension(FRL_EXT_GRAPH, 1));
  uint64_t free = free_memory();
  if (free != 0) allocator_->set_limit(free - free / 20);
  log(LogLevel::debug, fmt::format("opened {} ({}, {})", label_, info_.name, info_.architecture));
}

// Of the memory that arrays lie in, by FERRULE_MEMORY.
uint32_t DeviceRuntime::memory_kind() const {
  const char* text = secure_getenv("FERRULE_MEMORY");
  std::string_view value = text ? text : "device";
  if (value != "device" && value != "managed" && !value.empty()) {
    invalid("[FERRULE_MEMORY] got '{}'; expected device or managed", value);
  }
  if (shares_host_memory()) return FRL_MEMORY_SHARED;
  if (value != "managed") return FRL_MEMORY_DEVICE;
  if ((info_.memory_kinds >> FRL_MEMORY_MANAGED & 1) != 0) return FRL_MEMORY_MANAGED;
  fail(ErrorCode::unsupported, "[FERRULE_MEMORY] got managed, which {} does not offer; expected device", label_);
}

// Arrays and compiled functions of static storage may still hold memory and graphs: then the device stays open, for the system to clean up.
DeviceRuntime::~DeviceRuntime() {
  release_memory();
  streams_.clear();
  staging_.reset();
  for (frl_event* event : spare_events_) api_.event_destroy(event);
  if (allocator_->active_bytes() == 0 && graph_count_ == 0) plugin_->api()->device_close(handle_);
}

void DeviceRuntime::release_streams() {
  for (auto& stream : streams_) stream->release_all();
}

void DeviceRuntime::release_memory() {
  kernels_.reset();
  for (auto& [expression, kernel] : fused_) {
    if (!kernel) continue;
    frl_kernel* handle = kernel->handle();
    kernel.reset();
    fusion_->release(handle_, handle);
  }
  fused_.clear();
  allocator_->clear_cache();
}

const void* DeviceRuntime::extension(const char* name, uint32_t version) const {
  return api_.device_extension(handle_, name, version);
}

std::string Expression::key() const {
  std::string key;
  auto append = [&](const void* bytes, size_t n) { key.append(static_cast<const char*>(bytes), n); };
  const uint32_t head[] = {n_inputs, reduction, reduction_axes, static_cast<uint32_t>(nodes.size())};
  append(head, sizeof head);
  append(nodes.data(), nodes.size() * sizeof nodes[0]);
  append(epilogue.data(), epilogue.size() * sizeof(frl_expr_node));
  return key;
}

Kernel* DeviceRuntime::fused_kernel(const Expression& expression) {
  if (!fusion_) return nullptr;
  std::lock_guard lock(fused_mutex_);
  std::string key = expression.key();
  if (auto known = fused_.find(key); known != fused_.end()) return known->second.get();
  std::vector<uint8_t> access(expression.n_inputs, FRL_ACCESS_ANY);
  auto output = static_cast<uint32_t>(expression.nodes.size() - 1);
  frl_expr expr{};
  expr.struct_size = sizeof expr;
  expr.n_nodes = static_cast<uint32_t>(expression.nodes.size());
  expr.n_inputs = expression.n_inputs;
  expr.n_outputs = 1;
  expr.nodes = expression.nodes.data();
  expr.outputs = &output;
  expr.input_access = access.data();
  expr.reduction = expression.reduction;
  expr.reduction_axes = expression.reduction_axes;
  auto last = static_cast<uint32_t>(expression.epilogue.size() - 1);
  frl_expr_epilogue epilogue{};
  if (!expression.epilogue.empty()) {
    epilogue.chain = {sizeof epilogue, FRL_CHAIN_MUST_UNDERSTAND, FRL_EXPR_EPILOGUE, nullptr};
    epilogue.n_nodes = static_cast<uint32_t>(expression.epilogue.size());
    epilogue.n_outputs = 1;
    epilogue.nodes = expression.epilogue.data();
    epilogue.outputs = &last;
    expr.next = &epilogue.chain;
  }
  PluginError plugin_error;
  frl_kernel* handle = nullptr;
  frl_status status = fusion_->compile(handle_, &expr, &handle, &plugin_error);
  if (status != FRL_OK) {
    log(LogLevel::debug, fmt::format("{} does not fuse an expression: {}", label_, plugin_error.message));
    if (status == FRL_OUT_OF_MEMORY || status == FRL_DEVICE_LOST) return nullptr;  // another time it may
    return fused_.emplace(std::move(key), nullptr).first->second.get();
  }
  try {
    auto kernel = std::make_unique<Kernel>(*this, handle);
    return fused_.emplace(std::move(key), std::move(kernel)).first->second.get();
  } catch (...) {
    fusion_->release(handle_, handle);
    throw;
  }
}

StreamState& DeviceRuntime::add_stream(Stream id) {
  PluginError plugin_error;
  frl_stream* stream = nullptr;
  check(api_.stream_create(handle_, 0, &stream, &plugin_error), plugin_error, "stream_create");
  std::lock_guard lock(mutex_);
  streams_.push_back(std::make_unique<StreamState>(*this, stream, id));
  return *streams_.back();
}

void DeviceRuntime::wait_for_all_streams() {
  std::vector<StreamState*> streams;
  {
    std::lock_guard lock(mutex_);
    for (auto& stream : streams_) streams.push_back(stream.get());
  }
  for (StreamState* stream : streams) stream->finish();
}

void DeviceRuntime::trim() { api_.device_trim(handle_, nullptr); }

uint64_t DeviceRuntime::free_memory() const {
  uint64_t free = 0, total = 0;
  PluginError plugin_error;
  return api_.memory_info(handle_, &free, &total, &plugin_error) == FRL_OK ? free : 0;
}

bool DeviceRuntime::is_lost() const {
  uint64_t free = 0, total = 0;
  return api_.memory_info(handle_, &free, &total, nullptr) == FRL_DEVICE_LOST;
}

frl_event* DeviceRuntime::take_event() {
  {
    std::lock_guard lock(mutex_);
    if (!spare_events_.empty()) {
      frl_event* event = spare_events_.back();
      spare_events_.pop_back();
      return event;
    }
  }
  PluginError plugin_error;
  frl_event* event = nullptr;
  check(api_.event_create(handle_, 0, &event, &plugin_error), plugin_error, "event_create");
  return event;
}

void DeviceRuntime::recycle_event(frl_event* event) {
  if (process_is_exiting()) return;
  try {
    std::lock_guard lock(mutex_);
    spare_events_.push_back(event);
  } catch (const std::bad_alloc&) {
    api_.event_destroy(event);
  }
}

}  // namespace ferrule::detail
