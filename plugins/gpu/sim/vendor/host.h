// The host side of the vendor interface on the CPU (contract: plugins/gpu/README.md). No call throws but std::bad_alloc
// for its own bookkeeping, which host code takes as it does its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "ferrule/plugin.h"
#include "machine/kernel.h"
#include "machine/running.h"
#include "machine/status.h"

namespace ferrule::gpu::sim {
struct Stream;
struct Event;
struct Graph;
struct Node;
class GraphExec;
}  // namespace ferrule::gpu::sim

namespace ferrule::gpu::vendor {

inline constexpr uint32_t kWarpWidth = sim::kWarpWidth;
inline constexpr const char* kName = kWarpWidth == 32 ? "sim" : "sim64";

using Status = sim::Status;
inline constexpr Status kOk = Status::kOk;
inline constexpr Status kNotReady = Status::kNotReady;
using Stream = sim::Stream*;
using Event = sim::Event*;
using Graph = sim::Graph*;
using GraphNode = sim::Node*;
using GraphExec = sim::GraphExec*;
using Module = void*;  // of dlopen

// The text of the calling thread's last failure where it was of this kind.
inline const char* describe(Status s) { return sim::describe(s); }
frl_status classify(Status s);
inline void clear_error() {}

// ---- devices ----
struct DeviceFacts {
  char name[128];
  char architecture[32];  // "sim_32"
  char uuid[40];
  uint64_t memory_total;
  uint32_t multiprocessors, l2_bytes, shared_bytes_per_block;
  uint32_t compute_major, compute_minor;
  bool integrated, concurrent_managed;
  bool overlaps_kernels;
};
uint32_t device_count(char* reason, size_t reason_bytes);
Status device_facts(uint32_t index, DeviceFacts* out);
Status set_device(uint32_t index);
Status memory_info(size_t* free_bytes, size_t* total);
Status enable_peer_access(uint32_t device, uint32_t peer, bool* out_possible);

// ---- memory ----
Status malloc_device(void** p, size_t bytes);
Status malloc_pinned(void** p, size_t bytes);
Status malloc_managed(void** p, size_t bytes);
Status free_device(void* p);
Status free_pinned(void* p);
Status copy_async(void* to, const void* from, size_t bytes, Stream s);

// ---- streams and events: work is done when a call returns, unless the stream is captured ----
Status stream_create(Stream* out, int32_t priority);
Status stream_destroy(Stream s);
Status stream_synchronize(Stream s);
Status stream_wait(Stream s, Event e);
Status event_create(Event* out, bool timing);
Status event_destroy(Event e);
Status event_record(Event e, Stream s);
Status event_query(Event e);
Status event_synchronize(Event e);
Status event_elapsed_ms(float* out, Event begin, Event end);

// ---- kernels ----
using Function = const void*;  // a sim::Kernel
template <auto* K>
Function function_of() {
  return &sim::kernel_of<K>;
}
struct LaunchShape {
  uint32_t grid[3], block[3];
  uint32_t shared_bytes;
};
Status launch(Function f, const LaunchShape& shape, void** arguments, Stream s, bool overlap = false);
Status allow_shared_bytes(Function f, uint32_t bytes);
Status blocks_per_multiprocessor(int* out, Function f, uint32_t threads, uint32_t shared_bytes);
// An image of machine/compiler.h.
Status module_load(Module* out, const void* image);
Status module_function(Function* out, Module module, const char* name);
Status module_unload(Module module);

// ---- graphs ----
Status graph_create(Graph* out);
Status graph_destroy(Graph g);
Status graph_add_kernel(GraphNode* out, Graph g, const GraphNode* after, size_t n_after, bool overlap, Function f,
                        const LaunchShape& shape, void** arguments);
Status graph_add_copy(GraphNode* out, Graph g, const GraphNode* after, size_t n_after, void* to, const void* from,
                      size_t bytes);
Status capture_begin(Stream s, Graph g, const GraphNode* after, size_t n_after);
Status capture_end(Stream s, Graph g, GraphNode* out_last, size_t* inout_n_last);
Status graph_instantiate(GraphExec* out, Graph g);
Status graph_update(GraphExec exec, Graph g, bool* out_updated);
Status graph_exec_set_kernel(GraphExec exec, GraphNode node, Function f, const LaunchShape& shape, void** arguments);
Status graph_exec_set_copy(GraphExec exec, GraphNode node, void* to, const void* from, size_t bytes);
Status graph_launch(GraphExec exec, Stream s);
Status graph_exec_destroy(GraphExec exec);

// Puts a call of the host on a stream, as a library puts its kernels there (vendor/algorithms.cpp).
Status enqueue(Stream s, std::function<Status()> call);

}  // namespace ferrule::gpu::vendor
