#include "vendor/host.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

namespace ferrule::gpu::vendor {

frl_status classify(Status s) {
  switch (s) {
    case cudaSuccess:
      return FRL_OK;
    case cudaErrorMemoryAllocation:
      return FRL_OUT_OF_MEMORY;
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorAssert:
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorContained:
    case cudaErrorTensorMemoryLeak:
    case cudaErrorDevicesUnavailable:
    case cudaErrorContextIsDestroyed:
    case cudaErrorExternalDevice:
    case cudaErrorSystemNotReady:
      return FRL_DEVICE_LOST;
    case cudaErrorNotSupported:
      return FRL_UNSUPPORTED;
    default:
      return FRL_INTERNAL;
  }
}

uint32_t device_count(char* reason, size_t reason_bytes) {
  int count = 0;
  int driver = 0, runtime = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
    std::snprintf(reason, reason_bytes, "no device: no NVIDIA driver is installed");
    clear_error();
    return 0;
  }
  (void)cudaRuntimeGetVersion(&runtime);
  const Status status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || count <= 0) {
    std::snprintf(reason, reason_bytes, "no device: %s (driver for CUDA %d.%d, this plugin built for %d.%d)",
                  status == cudaSuccess ? "the driver lists none" : describe(status), driver / 1000, driver % 1000 / 10,
                  runtime / 1000, runtime % 1000 / 10);
    clear_error();
    return 0;
  }
  return static_cast<uint32_t>(count);
}

Status device_facts(uint32_t index, DeviceFacts* out) {
  cudaDeviceProp properties;
  const Status status = cudaGetDeviceProperties(&properties, static_cast<int>(index));
  if (status != cudaSuccess) return status;
  *out = {};
  std::snprintf(out->name, sizeof out->name, "%.127s", properties.name);
  std::snprintf(out->architecture, sizeof out->architecture, "sm_%d%d", properties.major, properties.minor);
  const auto* id = reinterpret_cast<const unsigned char*>(properties.uuid.bytes);
  char* text = out->uuid;
  for (int i = 0; i < 16; ++i) {
    text += std::snprintf(text, 4, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
  }
  out->memory_total = properties.totalGlobalMem;
  out->multiprocessors = static_cast<uint32_t>(properties.multiProcessorCount);
  out->l2_bytes = static_cast<uint32_t>(properties.l2CacheSize);
  out->shared_bytes_per_block = static_cast<uint32_t>(properties.sharedMemPerBlockOptin);
  out->compute_major = static_cast<uint32_t>(properties.major);
  out->compute_minor = static_cast<uint32_t>(properties.minor);
  out->integrated = properties.integrated != 0;
  out->concurrent_managed = properties.concurrentManagedAccess != 0;
  out->overlaps_kernels = properties.major >= 9;
  return cudaSuccess;
}

Status enable_peer_access(uint32_t device, uint32_t peer, bool* out_possible) {
  int possible = 0;
  *out_possible = false;
  Status status = cudaDeviceCanAccessPeer(&possible, static_cast<int>(device), static_cast<int>(peer));
  if (status != cudaSuccess || possible == 0) return status;
  status = set_device(device);
  if (status != cudaSuccess) return status;
  status = cudaDeviceEnablePeerAccess(static_cast<int>(peer), 0);
  if (status == cudaErrorPeerAccessAlreadyEnabled) {
    clear_error();
    status = cudaSuccess;
  }
  *out_possible = status == cudaSuccess;
  return status;
}

Status stream_create(Stream* out, int32_t priority) {
  int least = 0, greatest = 0;  // CUDA counts urgency downwards
  const Status status = cudaDeviceGetStreamPriorityRange(&least, &greatest);
  if (status != cudaSuccess) return status;
  return cudaStreamCreateWithPriority(out, cudaStreamNonBlocking, std::clamp(-priority, greatest, least));
}

Status launch(Function f, const LaunchShape& shape, void** arguments, Stream s, bool overlap) {
  cudaLaunchAttribute programmatic{};
  programmatic.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  programmatic.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = to_dim3(shape.grid);
  config.blockDim = to_dim3(shape.block);
  config.dynamicSmemBytes = shape.shared_bytes;
  config.stream = s;
  config.attrs = &programmatic;
  config.numAttrs = overlap ? 1 : 0;
  return cudaLaunchKernelExC(&config, f, arguments);
}

Status module_load(Module* out, const void* image) {
  return cudaLibraryLoadData(out, image, nullptr, nullptr, 0, nullptr, nullptr, 0);
}

Status module_function(Function* out, Module module, const char* name) {
  cudaKernel_t kernel = nullptr;
  const Status status = cudaLibraryGetKernel(&kernel, module, name);
  *out = reinterpret_cast<Function>(kernel);
  return status;
}

static cudaKernelNodeParams node_parameters(Function f, const LaunchShape& shape, void** arguments) {
  cudaKernelNodeParams parameters{};
  parameters.func = const_cast<void*>(f);
  parameters.gridDim = to_dim3(shape.grid);
  parameters.blockDim = to_dim3(shape.block);
  parameters.sharedMemBytes = shape.shared_bytes;
  parameters.kernelParams = arguments;
  return parameters;
}

Status graph_add_kernel(GraphNode* out, Graph g, const GraphNode* after, size_t n_after, bool overlap, Function f,
                        const LaunchShape& shape, void** arguments) {
  const cudaKernelNodeParams parameters = node_parameters(f, shape, arguments);
  const Status status = cudaGraphAddKernelNode(out, g, after, overlap ? 0 : n_after, &parameters);
  if (status != cudaSuccess || !overlap) return status;
  cudaGraphEdgeData programmatic{};
  programmatic.from_port = cudaGraphKernelNodePortProgrammatic;
  programmatic.type = cudaGraphDependencyTypeProgrammatic;
  const std::vector<cudaGraphNode_t> to(n_after, *out);
  const std::vector<cudaGraphEdgeData> edges(n_after, programmatic);
  return cudaGraphAddDependencies(g, after, to.data(), edges.data(), n_after);
}

Status graph_exec_set_kernel(GraphExec exec, GraphNode node, Function f, const LaunchShape& shape, void** arguments) {
  const cudaKernelNodeParams parameters = node_parameters(f, shape, arguments);
  return cudaGraphExecKernelNodeSetParams(exec, node, &parameters);
}

Status graph_add_copy(GraphNode* out, Graph g, const GraphNode* after, size_t n_after, void* to, const void* from,
                      size_t bytes) {
  return cudaGraphAddMemcpyNode1D(out, g, after, n_after, to, from, bytes, cudaMemcpyDefault);
}

Status capture_begin(Stream s, Graph g, const GraphNode* after, size_t n_after) {
  return cudaStreamBeginCaptureToGraph(s, g, after, nullptr, n_after, cudaStreamCaptureModeThreadLocal);
}

Status capture_end(Stream s, Graph g, GraphNode* out_last, size_t* inout_n_last) {
  cudaStreamCaptureStatus state = cudaStreamCaptureStatusNone;
  const cudaGraphNode_t* last = nullptr;
  size_t count = 0;
  Status status = cudaStreamGetCaptureInfo(s, &state, nullptr, nullptr, &last, nullptr, &count);
  if (status == cudaSuccess && state == cudaStreamCaptureStatusActive) {
    count = std::min(count, *inout_n_last);
    std::copy_n(last, count, out_last);
    *inout_n_last = count;
  }
  Graph captured = nullptr;
  const Status ended = cudaStreamEndCapture(s, &captured);
  (void)g;  // the same graph as `captured`
  return status != cudaSuccess ? status : ended;
}

Status graph_instantiate(GraphExec* out, Graph g) { return cudaGraphInstantiate(out, g, 0); }

Status graph_update(GraphExec exec, Graph g, bool* out_updated) {
  cudaGraphExecUpdateResultInfo info{};
  const Status status = cudaGraphExecUpdate(exec, g, &info);
  *out_updated = status == cudaSuccess;
  if (status == cudaErrorGraphExecUpdateFailure) {
    clear_error();
    return cudaSuccess;
  }
  return status;
}

}  // namespace ferrule::gpu::vendor
