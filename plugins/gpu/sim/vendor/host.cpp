#include "vendor/host.h"

#include <algorithm>
#include <cstdio>
#include <new>
#include <utility>
#include <vector>

#include "machine/config.h"
#include "machine/faults.h"
#include "machine/memory.h"
#include "machine/module.h"
#include "machine/stream.h"

namespace ferrule::gpu::vendor {
namespace {

using sim::count_call;
using sim::failed;
using sim::Fault;

thread_local uint32_t current_device = 0;
thread_local uint32_t captures = 0;  // streams that this thread captures: it may not allocate or wait meanwhile

Status allocate(void** p, size_t bytes, sim::MemoryKind kind, Fault fault) {
  *p = nullptr;
  if (captures > 0) return Status::kCaptureForbids;
  const Status status = count_call(fault);
  return status != kOk ? status : sim::allocate(p, bytes, kind, current_device);
}

Status release(void* p, bool pinned) { return captures > 0 ? Status::kCaptureForbids : sim::release(p, pinned); }

sim::Shape to_shape(const LaunchShape& s) {
  return {{s.grid[0], s.grid[1], s.grid[2]}, {s.block[0], s.block[1], s.block[2]}, s.shared_bytes};
}

sim::Kernel& kernel(Function f) { return *const_cast<sim::Kernel*>(static_cast<const sim::Kernel*>(f)); }

}  // namespace

frl_status classify(Status s) {
  switch (s) {
    case Status::kOk:
      return FRL_OK;
    case Status::kOutOfMemory:
      return FRL_OUT_OF_MEMORY;
    case Status::kCopyOutOfBounds:
    case Status::kMemoryCorrupted:
    case Status::kLost:
      return FRL_DEVICE_LOST;
    case Status::kNoCompiler:
      return FRL_UNSUPPORTED;
    default:
      return FRL_INTERNAL;
  }
}

// ---- devices ----

uint32_t device_count(char* reason, size_t reason_bytes) {
  const uint32_t count = sim::config().devices;
  if (count == 0) std::snprintf(reason, reason_bytes, "no device: FERRULE_SIM_DEVICES is 0");
  return count;
}

Status device_facts(uint32_t index, DeviceFacts* out) {
  if (index >= sim::config().devices) return Status::kInvalidDevice;
  *out = {};
  std::snprintf(out->name, sizeof out->name, "Simulated GPU with warps of %u", kWarpWidth);
  std::snprintf(out->architecture, sizeof out->architecture, "sim_%u", kWarpWidth);
  std::snprintf(out->uuid, sizeof out->uuid, "00000000-0000-0000-0000-%012x", index);
  out->memory_total = sim::config().memory_bytes;
  out->multiprocessors = 4;
  out->l2_bytes = 1u << 20;
  out->shared_bytes_per_block = sim::config().shared_bytes;
  out->concurrent_managed = true;
  out->overlaps_kernels = true;
  return kOk;
}

Status set_device(uint32_t index) {
  if (index >= sim::config().devices) return Status::kInvalidDevice;
  current_device = index;
  return kOk;
}

Status memory_info(size_t* free_bytes, size_t* total) {
  *total = sim::config().memory_bytes;
  *free_bytes = *total - std::min<size_t>(*total, sim::used_bytes(current_device));
  return kOk;
}

Status enable_peer_access(uint32_t device, uint32_t peer, bool* out_possible) {
  *out_possible = false;
  if (std::max(device, peer) >= sim::config().devices) return Status::kInvalidDevice;
  *out_possible = device != peer;
  return kOk;
}

// ---- memory ----

Status malloc_device(void** p, size_t bytes) { return allocate(p, bytes, sim::MemoryKind::kDevice, Fault::kMalloc); }
Status malloc_pinned(void** p, size_t bytes) { return allocate(p, bytes, sim::MemoryKind::kPinned, Fault::kPinned); }
Status malloc_managed(void** p, size_t bytes) { return allocate(p, bytes, sim::MemoryKind::kManaged, Fault::kManaged); }
Status free_device(void* p) { return release(p, false); }
Status free_pinned(void* p) { return release(p, true); }

Status copy_async(void* to, const void* from, size_t bytes, Stream s) {
  if (s == nullptr) return Status::kInvalidHandle;
  return s->submit({.kind = sim::Work::Kind::kCopy, .to = to, .from = from, .bytes = bytes});
}

// ---- streams and events ----

Status stream_create(Stream* out, int32_t priority) {
  *out = nullptr;
  const Status status = count_call(Fault::kStream);
  if (status == kOk) *out = new sim::Stream{.device = current_device, .priority = priority};
  return status;
}

Status stream_destroy(Stream s) {
  if (s == nullptr) return Status::kInvalidHandle;
  if (s->capture != nullptr) return Status::kCaptureForbids;
  delete s;
  return kOk;
}

Status stream_synchronize(Stream s) {
  if (s == nullptr) return Status::kInvalidHandle;
  if (captures > 0) return Status::kCaptureForbids;
  return count_call(Fault::kSync);
}

Status stream_wait(Stream s, Event e) {
  if (s == nullptr || e == nullptr) return Status::kInvalidHandle;
  return s->capture != nullptr ? Status::kCaptureForbids : count_call(Fault::kWait);
}

Status event_create(Event* out, bool timing) {
  *out = nullptr;
  const Status status = count_call(Fault::kEvent);
  if (status != kOk) return status;
  *out = new sim::Event;
  (*out)->timing = timing;
  return kOk;
}

Status event_destroy(Event e) {
  if (e == nullptr) return Status::kInvalidHandle;
  delete e;
  return kOk;
}

Status event_record(Event e, Stream s) {
  if (s == nullptr || e == nullptr) return Status::kInvalidHandle;
  if (s->capture != nullptr) return Status::kCaptureForbids;
  if (const Status status = count_call(Fault::kRecord); status != kOk) return status;
  e->time.store(sim::Event::Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
  e->recorded.store(true, std::memory_order_release);
  return kOk;
}

Status event_query(Event e) {
  if (e == nullptr) return Status::kInvalidHandle;
  (void)e->recorded.load(std::memory_order_acquire);  // the work before it is done, recorded or not
  return kOk;
}

Status event_synchronize(Event e) {
  const Status status = event_query(e);
  return status != kOk ? status : count_call(Fault::kSync);
}

Status event_elapsed_ms(float* out, Event begin, Event end) {
  if (begin == nullptr || end == nullptr) return Status::kInvalidHandle;
  if (!begin->timing || !end->timing || !begin->recorded.load() || !end->recorded.load()) {
    return failed(Status::kInvalidValue, "elapsed time: got events without timing, or never recorded");
  }
  const sim::Event::Clock::duration d(end->time.load() - begin->time.load());
  *out = std::chrono::duration<float, std::milli>(d).count();
  return kOk;
}

// ---- kernels ----

Status launch(Function f, const LaunchShape& shape, void** arguments, Stream s, bool) {
  if (s == nullptr || f == nullptr) return Status::kInvalidHandle;
  if (s->capture != nullptr) return s->submit(sim::Work::launch(kernel(f), to_shape(shape), arguments));
  const Status status = count_call(Fault::kLaunch);
  return status != kOk ? status : sim::execute(kernel(f), to_shape(shape), arguments);
}

Status allow_shared_bytes(Function f, uint32_t bytes) {
  if (f == nullptr) return Status::kInvalidHandle;
  if (bytes > sim::config().shared_bytes) {
    return failed(Status::kSharedMemoryLimit,
                  "got %u bytes of shared memory for a kernel; the device has %u for a block", bytes,
                  sim::config().shared_bytes);
  }
  kernel(f).dynamic_shared_limit.store(std::max(bytes, sim::kStaticSharedLimit), std::memory_order_relaxed);
  return kOk;
}

Status blocks_per_multiprocessor(int* out, Function f, uint32_t threads, uint32_t shared_bytes) {
  *out = 0;
  if (f == nullptr) return Status::kInvalidHandle;
  if (threads == 0 || threads > 1024) {
    return failed(Status::kInvalidValue, "got blocks of %u threads; expected 1 to 1024", threads);
  }
  const uint32_t by_memory = sim::config().shared_bytes * 2 / std::max(shared_bytes, 1u);
  *out = static_cast<int>(std::min({2048 / threads, by_memory, 16u}));
  return kOk;
}

Status module_load(Module* out, const void* image) {
  *out = nullptr;
  return sim::config().compiler.empty() ? Status::kNoCompiler : sim::load_module(out, image);
}
Status module_function(Function* out, Module module, const char* name) {
  *out = nullptr;
  return module == nullptr ? Status::kInvalidHandle : sim::find_kernel(out, module, name);
}
Status module_unload(Module module) {
  if (module == nullptr) return Status::kInvalidHandle;
  sim::unload_module(module);
  return kOk;
}

// ---- graphs ----

Status graph_create(Graph* out) {
  *out = nullptr;
  const Status status = count_call(Fault::kGraph);
  if (status == kOk) *out = new sim::Graph;
  return status;
}

Status graph_destroy(Graph g) {
  if (g == nullptr) return Status::kInvalidHandle;
  delete g;
  return kOk;
}

Status graph_add_kernel(GraphNode* out, Graph g, const GraphNode* after, size_t n_after, bool, Function f,
                        const LaunchShape& shape, void** arguments) {
  if (g == nullptr || f == nullptr) return Status::kInvalidHandle;
  if (const Status status = count_call(Fault::kNode); status != kOk) return status;
  *out = g->add(sim::Work::launch(kernel(f), to_shape(shape), arguments), {after, after + n_after});
  return kOk;
}

Status graph_add_copy(GraphNode* out, Graph g, const GraphNode* after, size_t n_after, void* to, const void* from,
                      size_t bytes) {
  if (g == nullptr) return Status::kInvalidHandle;
  if (const Status status = count_call(Fault::kNode); status != kOk) return status;
  *out = g->add({.kind = sim::Work::Kind::kCopy, .to = to, .from = from, .bytes = bytes}, {after, after + n_after});
  return kOk;
}

Status capture_begin(Stream s, Graph g, const GraphNode* after, size_t n_after) {
  if (s == nullptr || g == nullptr) return Status::kInvalidHandle;
  if (s->capture != nullptr) return Status::kCaptureInvalid;
  if (const Status status = count_call(Fault::kCapture); status != kOk) return status;
  s->capture = g;
  s->last.assign(after, after + n_after);
  ++captures;
  return kOk;
}

Status capture_end(Stream s, Graph g, GraphNode* out_last, size_t* inout_n_last) {
  if (s == nullptr) return Status::kInvalidHandle;
  if (s->capture == nullptr || s->capture != g) return Status::kCaptureInvalid;
  *inout_n_last = std::min(*inout_n_last, s->last.size());
  std::copy_n(s->last.begin(), *inout_n_last, out_last);
  s->capture = nullptr;
  s->last.clear();
  --captures;
  return count_call(Fault::kCapture);  // the capture is over in any case
}

Status graph_instantiate(GraphExec* out, Graph g) {
  *out = nullptr;
  if (g == nullptr) return Status::kInvalidHandle;
  const Status status = count_call(Fault::kGraph);
  if (status == kOk) *out = new sim::GraphExec(*g);
  return status;
}

Status graph_update(GraphExec exec, Graph g, bool* out_updated) {
  *out_updated = false;
  if (exec == nullptr || g == nullptr) return Status::kInvalidHandle;
  if (const Status status = count_call(Fault::kNode); status != kOk) return status;
  *out_updated = exec->update(*g);
  return kOk;
}

Status graph_exec_set_kernel(GraphExec exec, GraphNode node, Function f, const LaunchShape& shape, void** arguments) {
  if (exec == nullptr || node == nullptr || f == nullptr) return Status::kInvalidHandle;
  if (const Status status = count_call(Fault::kNode); status != kOk) return status;
  return exec->set(*node, sim::Work::launch(kernel(f), to_shape(shape), arguments)) ? kOk : Status::kInvalidValue;
}

Status graph_exec_set_copy(GraphExec exec, GraphNode node, void* to, const void* from, size_t bytes) {
  if (exec == nullptr || node == nullptr) return Status::kInvalidHandle;
  if (const Status status = count_call(Fault::kNode); status != kOk) return status;
  sim::Work work{.kind = sim::Work::Kind::kCopy, .to = to, .from = from, .bytes = bytes};
  return exec->set(*node, std::move(work)) ? kOk : Status::kInvalidValue;
}

Status graph_launch(GraphExec exec, Stream s) {
  if (exec == nullptr || s == nullptr) return Status::kInvalidHandle;
  if (s->capture != nullptr) return Status::kCaptureForbids;
  const Status status = count_call(Fault::kGraph);
  return status != kOk ? status : exec->run();
}

Status graph_exec_destroy(GraphExec exec) {
  if (exec == nullptr) return Status::kInvalidHandle;
  delete exec;
  return kOk;
}

Status enqueue(Stream s, std::function<Status()> call) {
  if (s == nullptr) return Status::kInvalidHandle;
  return s->submit({.kind = sim::Work::Kind::kCall, .call = std::move(call)});
}

}  // namespace ferrule::gpu::vendor
