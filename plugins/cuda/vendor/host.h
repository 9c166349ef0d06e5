// The host side of the vendor interface for CUDA (contract: plugins/gpu/README.md): thin names over the runtime API. No
// call throws; each returns the vendor's status.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

#include "ferrule/plugin.h"

namespace ferrule::gpu::vendor {

inline constexpr const char* kName = "cuda";
inline constexpr uint32_t kWarpWidth = 32;

using Status = cudaError_t;
inline constexpr Status kOk = cudaSuccess;
inline constexpr Status kNotReady = cudaErrorNotReady;
using Stream = cudaStream_t;
using Event = cudaEvent_t;
using Graph = cudaGraph_t;
using GraphNode = cudaGraphNode_t;
using GraphExec = cudaGraphExec_t;
using Module = cudaLibrary_t;

inline const char* describe(Status s) { return cudaGetErrorString(s); }
// What a status means to the caller of the ABI; DEVICE_LOST for errors after which the context is unusable.
frl_status classify(Status s);
// Forgets the calling thread's last error, so that a handled failure is not reported by a later call.
inline void clear_error() { (void)cudaGetLastError(); }

// ---- devices ----
struct DeviceFacts {
  char name[128];
  char architecture[32];  // "sm_90"
  char uuid[40];
  uint64_t memory_total;
  uint32_t multiprocessors, l2_bytes, shared_bytes_per_block;
  uint32_t compute_major, compute_minor;
  bool integrated, concurrent_managed;
  bool overlaps_kernels;  // `overlap` of launch and graph_add_kernel is possible
};
// 0 devices and a reason where the driver is missing or too old; never fails.
uint32_t device_count(char* reason, size_t reason_bytes);
Status device_facts(uint32_t index, DeviceFacts* out);
inline Status set_device(uint32_t index) { return cudaSetDevice(static_cast<int>(index)); }
inline Status memory_info(size_t* free_bytes, size_t* total) { return cudaMemGetInfo(free_bytes, total); }
Status enable_peer_access(uint32_t device, uint32_t peer, bool* out_possible);

// ---- memory ----
inline Status malloc_device(void** p, size_t bytes) { return cudaMalloc(p, bytes); }
inline Status malloc_pinned(void** p, size_t bytes) { return cudaHostAlloc(p, bytes, cudaHostAllocPortable); }
inline Status malloc_managed(void** p, size_t bytes) { return cudaMallocManaged(p, bytes); }
inline Status free_device(void* p) { return cudaFree(p); }
inline Status free_pinned(void* p) { return cudaFreeHost(p); }
// Any of host, device and peer memory on either side.
inline Status copy_async(void* to, const void* from, size_t bytes, Stream s) {
  return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, s);
}

// ---- streams and events ----
Status stream_create(Stream* out, int32_t priority);  // non-blocking; higher priority = more urgent, clamped
inline Status stream_destroy(Stream s) { return cudaStreamDestroy(s); }
inline Status stream_synchronize(Stream s) { return cudaStreamSynchronize(s); }
inline Status stream_wait(Stream s, Event e) { return cudaStreamWaitEvent(s, e, 0); }
inline Status event_create(Event* out, bool timing) {
  return cudaEventCreateWithFlags(out, timing ? cudaEventDefault : cudaEventDisableTiming);
}
inline Status event_destroy(Event e) { return cudaEventDestroy(e); }
inline Status event_record(Event e, Stream s) { return cudaEventRecord(e, s); }
inline Status event_query(Event e) { return cudaEventQuery(e); }
inline Status event_synchronize(Event e) { return cudaEventSynchronize(e); }
inline Status event_elapsed_ms(float* out, Event begin, Event end) { return cudaEventElapsedTime(out, begin, end); }

// ---- kernels: a Function is a __global__ symbol or a run-time compiled kernel ----
using Function = const void*;
template <auto* K>
Function function_of() {
  return reinterpret_cast<Function>(K);
}
struct LaunchShape {
  uint32_t grid[3], block[3];
  uint32_t shared_bytes;
};
inline dim3 to_dim3(const uint32_t (&v)[3]) { return dim3(v[0], v[1], v[2]); }
// With `overlap` the kernel is put on the device before a kernel that is right before it on the stream is done; it waits for that
// by itself (device.h, begin_kernel).
Status launch(Function f, const LaunchShape& shape, void** arguments, Stream s, bool overlap = false);
// Allows a kernel more dynamic shared memory than the default 48 KiB.
inline Status allow_shared_bytes(Function f, uint32_t bytes) {
  return cudaFuncSetAttribute(f, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes));
}
// How many blocks of a kernel one multiprocessor holds.
inline Status blocks_per_multiprocessor(int* out, Function f, uint32_t threads, uint32_t shared_bytes) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessor(out, f, static_cast<int>(threads), shared_bytes);
}
Status module_load(Module* out, const void* image);
Status module_function(Function* out, Module module, const char* name);
inline Status module_unload(Module module) { return cudaLibraryUnload(module); }

// ---- graphs ----
inline Status graph_create(Graph* out) { return cudaGraphCreate(out, 0); }
inline Status graph_destroy(Graph g) { return cudaGraphDestroy(g); }
// With `overlap` the kernel is put on the device before those of `after`, all of them kernels, are done; it waits for them by
// itself (device.h, begin_kernel).
Status graph_add_kernel(GraphNode* out, Graph g, const GraphNode* after, size_t n_after, bool overlap, Function f,
                        const LaunchShape& shape, void** arguments);
Status graph_add_copy(GraphNode* out, Graph g, const GraphNode* after, size_t n_after, void* to, const void* from,
                      size_t bytes);
// Captures what is put on `s` into `g`, after the given nodes; the last captured nodes replace `out_last`.
Status capture_begin(Stream s, Graph g, const GraphNode* after, size_t n_after);
Status capture_end(Stream s, Graph g, GraphNode* out_last, size_t* inout_n_last);
Status graph_instantiate(GraphExec* out, Graph g);
// Gives an executable of the same topology new parameters; kOk and *out_updated = false when it does not fit.
Status graph_update(GraphExec exec, Graph g, bool* out_updated);
// Give a node of the graph that an executable was made from other parameters in that executable, which may be running:
// later launches see them.
Status graph_exec_set_kernel(GraphExec exec, GraphNode node, Function f, const LaunchShape& shape, void** arguments);
inline Status graph_exec_set_copy(GraphExec exec, GraphNode node, void* to, const void* from, size_t bytes) {
  return cudaGraphExecMemcpyNodeSetParams1D(exec, node, to, from, bytes, cudaMemcpyDefault);
}
inline Status graph_launch(GraphExec exec, Stream s) { return cudaGraphLaunch(exec, s); }
inline Status graph_exec_destroy(GraphExec exec) { return cudaGraphExecDestroy(exec); }

}  // namespace ferrule::gpu::vendor
