// Which engines are taken: those that accumulate in f32 over plain products. Winograd and FFT transforms, inputs rounded
// to fewer bits and reduced-precision reductions break the error bounds of numerics.md; tensor cores mean TF32 where the
// data is f32; engines whose result depends on timing are left out where the call asks for determinism.
#include "src/cudnn_plan.h"

#include <algorithm>
#include <array>

#include "common/dtypes.h"
#include "host/config.h"
#include "host/failure.h"
#include "kernels/tuning.h"
#include "src/tuner.h"

namespace ferrule::gpu {
namespace {

constexpr int64_t kX = 1, kW = 2, kY = 3;  // tensors' names in graphs
constexpr int64_t kAskedConfigs = 16;
constexpr size_t kTunedPlans = 6;

cudnnDataType_t data_type(uint32_t dtype) {
  switch (dtype) {
    case FRL_DTYPE_F16:
      return CUDNN_DATA_HALF;
    case FRL_DTYPE_BF16:
      return CUDNN_DATA_BFLOAT16;
    default:
      return CUDNN_DATA_FLOAT;
  }
}

// [batch, channels, spatial..] in cuDNN's order of dimensions, channels last in memory.
CudnnDescriptor tensor(const Cudnn& api, int64_t name, uint32_t dtype, int64_t batch, int64_t channels,
                       const int64_t (&extents)[3], int64_t n_spatial, uint32_t alignment) {
  std::array<int64_t, 5> dims{batch, channels}, strides{0, 1};
  int64_t step = channels;
  for (int64_t i = n_spatial; i-- > 0;) {
    const auto at = static_cast<size_t>(i);
    dims[at + 2] = extents[3 - n_spatial + i];
    strides[at + 2] = step;
    step *= dims[at + 2];
  }
  strides[0] = step;
  const cudnnDataType_t type = data_type(dtype);
  CudnnDescriptor t(api, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  t.set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type);
  t.set(CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, n_spatial + 2, dims.data());
  t.set(CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, n_spatial + 2, strides.data());
  t.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, name);
  t.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, int64_t{alignment});
  t.finalize();
  return t;
}

bool aligned(const void* p, uint32_t alignment) { return reinterpret_cast<uintptr_t>(p) % alignment == 0; }

// The op's operands in its order, from x, w and y and the other way round.
struct Order {
  int64_t first, second, out;
};
Order order_of(ConvOp op) {
  return op == ConvOp::kForward ? Order{kX, kW, kY} : op == ConvOp::kInputGrad ? Order{kY, kW, kX} : Order{kX, kY, kW};
}

uint64_t elements(const ConvProblem& p, int64_t name) {
  const int64_t count = name == kX   ? p.n * p.in[0] * p.in[1] * p.in[2] * p.channels()
                        : name == kW ? p.outputs() * p.taps() * p.in_channels
                                     : p.n * p.out_pixels() * p.outputs();
  return static_cast<uint64_t>(count);
}

}  // namespace

const char* CudnnConv::refuses(const ConvProblem& p) {
  if (p.dtype == FRL_DTYPE_F64) return "float64 convolutions are computed by the own kernels";
  if (p.flip) return "convolutions with a flipped kernel are computed by the own kernels";
  for (int d = 0; d < 3; ++d) {
    if (p.input_dilation[d] != 1) return "convolutions of a dilated input are computed by the own kernels";
    if (p.pad[d] < 0 || p.pad_after[d] < 0) return "cropping convolutions are computed by the own kernels";
    if (p.in[d] < 1 || p.kernel[d] < 1 || p.out[d] < 1) return "an empty sum needs no library";
  }
  if (p.n < 1 || p.in_channels < 1) return "an empty sum needs no library";
  for (int64_t name : {kX, kW, kY}) {
    if (elements(p, name) > INT32_MAX) return "cuDNN takes fewer than 2^31 elements";
  }
  const double work = static_cast<double>(elements(p, kY)) * static_cast<double>(p.taps() * p.in_channels);
  if (work <= static_cast<double>(tuning::kOwnMultiplyAdds)) return "small convolutions are launched directly";
  return nullptr;
}

std::shared_ptr<const CudnnConv> CudnnConv::make(Device& device, const ConvProblem& p, const Alignment& alignment,
                                                 uint32_t math) {
  auto& library = device.state<CudnnState>();
  device.activate();
  const std::shared_ptr<CudnnConv> plan(new CudnnConv(library));
  plan->problem_ = p, plan->alignment_ = alignment, plan->math_ = math;
  const bool tuned = tuning_enabled();
  {
    std::lock_guard lock(library.mutex());
    plan->find_plans(plan->describe_graph(), tuned ? kTunedPlans : 1);
  }
  if (plan->candidates_.empty()) {
    throw Failure(FRL_UNSUPPORTED, "cuDNN has no engine for this %s convolution within the rules for its error",
                  plugin::dtype_name(p.dtype));
  }
  if (tuned && plan->candidates_.size() > 1) plan->tune(device);
  plan->candidates_.erase(plan->candidates_.begin() + 1, plan->candidates_.end());
  plan->workspace_bytes_ = plan->candidates_.front().workspace_bytes;
  return plan;
}

CudnnDescriptor CudnnConv::describe_graph() const {
  const Cudnn& api = library_.api();
  const ConvProblem& p = problem_;
  const int64_t spatial = std::max<int64_t>(p.n_spatial, 2);
  const Order order = order_of(p.op);
  const auto alignment = [&](int64_t name) {
    return name == order.first ? alignment_.first : name == order.second ? alignment_.second : alignment_.out;
  };
  const CudnnDescriptor x = tensor(api, kX, p.dtype, p.n, p.channels(), p.in, spatial, alignment(kX));
  const CudnnDescriptor w = tensor(api, kW, p.dtype, p.outputs(), p.in_channels, p.kernel, spatial, alignment(kW));
  const CudnnDescriptor y = tensor(api, kY, p.dtype, p.n, p.outputs(), p.out, spatial, alignment(kY));

  CudnnDescriptor conv(api, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  const cudnnDataType_t compute = CUDNN_DATA_FLOAT;
  const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
  const auto last = [&](const int64_t(&values)[3]) { return values + (3 - spatial); };
  conv.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &compute);
  conv.set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode);
  conv.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, spatial);
  conv.set(CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, spatial, last(p.kernel_dilation));
  conv.set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, spatial, last(p.stride));
  conv.set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, spatial, last(p.pad));
  conv.set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, spatial, last(p.pad_after));
  conv.finalize();

  const float one = 1.0f, zero = 0.0f;
  CudnnDescriptor operation;
  if (p.op == ConvOp::kForward) {
    operation = CudnnDescriptor(api, CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, x);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, w);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, y);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, conv);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, 1, &one);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, 1, &zero);
  } else if (p.op == ConvOp::kInputGrad) {
    operation = CudnnDescriptor(api, CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, x);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W, w);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY, y);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC, conv);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA, CUDNN_TYPE_FLOAT, 1, &one);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA, CUDNN_TYPE_FLOAT, 1, &zero);
  } else {
    operation = CudnnDescriptor(api, CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X, x);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW, w);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY, y);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC, conv);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA, CUDNN_TYPE_FLOAT, 1, &one);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA, CUDNN_TYPE_FLOAT, 1, &zero);
  }
  operation.finalize();

  CudnnDescriptor graph(api, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  const cudnnHandle_t handle = library_.handle();
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, operation);
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle);
  graph.finalize();
  return graph;
}

std::vector<CudnnDescriptor> CudnnConv::ask(const CudnnDescriptor& graph, cudnnBackendHeurMode_t mode) const {
  const Cudnn& api = library_.api();
  CudnnDescriptor heuristic(api, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristic.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
  heuristic.set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
  if (heuristic.try_finalize() != CUDNN_STATUS_SUCCESS) return {};  // it knows nothing of such graphs
  std::vector<CudnnDescriptor> configs;
  std::array<cudnnBackendDescriptor_t, kAskedConfigs> slots;
  for (cudnnBackendDescriptor_t& slot : slots) {
    configs.emplace_back(api, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    slot = configs.back().get();
  }
  int64_t count = 0;
  const cudnnStatus_t status =
      api.BackendGetAttribute(heuristic.get(), CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                              kAskedConfigs, &count, slots.data());
  if (status != CUDNN_STATUS_SUCCESS) count = 0;
  configs.resize(static_cast<size_t>(std::min(count, kAskedConfigs)));
  return configs;
}

bool CudnnConv::keeps_rules(const CudnnDescriptor& config) const {
  const Cudnn& api = library_.api();
  const CudnnDescriptor engine(api, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  cudnnBackendDescriptor_t slot = engine.get();
  int64_t count = 0;
  check_cudnn(api,
              api.BackendGetAttribute(config.get(), CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1,
                                      &count, &slot),
              "reading an engine");
  std::array<cudnnBackendNumericalNote_t, 64> notes;
  check_cudnn(api,
              api.BackendGetAttribute(slot, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                                      static_cast<int64_t>(notes.size()), &count, notes.data()),
              "reading an engine's notes");
  const bool f32 = problem_.dtype == FRL_DTYPE_F32;
  const bool tf32 = f32 && (math_ & FRL_MATH_ALLOW_TF32) != 0;
  const auto end = notes.begin() + std::clamp<int64_t>(count, 0, static_cast<int64_t>(notes.size()));
  return std::none_of(notes.begin(), end, [&](cudnnBackendNumericalNote_t note) {
    switch (note) {
      case CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP:
        return false;
      case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
        return f32 && !tf32;
      case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS:
        return !tf32;
      case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC:
        return (math_ & FRL_MATH_DETERMINISTIC) != 0;
      default:  // transforms, reduced precision, and what later versions may note
        return true;
    }
  });
}

void CudnnConv::find_plans(const CudnnDescriptor& graph, size_t most) {
  const Cudnn& api = library_.api();
  const cudnnHandle_t handle = library_.handle();
  for (cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_B, CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
    for (CudnnDescriptor& config : ask(graph, mode)) {
      if (candidates_.size() >= most) return;
      if (!keeps_rules(config)) continue;
      CudnnDescriptor plan(api, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
      plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle);
      plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
      if (plan.try_finalize() != CUDNN_STATUS_SUCCESS) continue;
      int64_t workspace = 0, count = 0;
      check_cudnn(api,
                  api.BackendGetAttribute(plan.get(), CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1,
                                          &count, &workspace),
                  "reading a plan's workspace");
      if (workspace > static_cast<int64_t>(tuning::kConvWorkspaceBytes)) continue;
      candidates_.push_back({std::move(config), std::move(plan), static_cast<uint64_t>(workspace)});
    }
  }
}

// Puts the fastest plan first. Where memory is short the library's own order stays.
void CudnnConv::tune(Device& device) try {
  const Order order = order_of(problem_.op);
  const uint32_t item = plugin::item_size(problem_.dtype);
  uint64_t most = 0;
  for (const Candidate& c : candidates_) most = std::max(most, c.workspace_bytes);
  const TuningBuffer first(elements(problem_, order.first) * item), second(elements(problem_, order.second) * item),
      out(elements(problem_, order.out) * item), workspace(most);
  const size_t best = fastest(device, candidates_.size(), [&](size_t i, vendor::Stream stream) {
    return to_status(execute(candidates_[i].plan, first.data(), second.data(), out.data(), workspace.data(), stream));
  });
  if (best < candidates_.size()) std::swap(candidates_.front(), candidates_[best]);
} catch (const Failure& failure) {
  if (failure.error().code != FRL_OUT_OF_MEMORY) throw;
}

bool CudnnConv::fits(const void* first, const void* second, const void* out) const {
  return aligned(first, alignment_.first) && aligned(second, alignment_.second) && aligned(out, alignment_.out);
}

cudnnStatus_t CudnnConv::execute(const CudnnDescriptor& plan, const void* first, const void* second, void* out,
                                 void* workspace, vendor::Stream stream) const try {
  const Cudnn& api = library_.api();
  const Order order = order_of(problem_.op);
  const std::array<int64_t, 3> names{order.first, order.second, order.out};
  const std::array<const void*, 3> pointers{first, second, out};
  CudnnDescriptor pack(api, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, 3, names.data());
  pack.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, 3, pointers.data());
  pack.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace);
  pack.finalize();
  std::lock_guard lock(library_.mutex());
  const cudnnStatus_t status = api.SetStream(library_.handle(), stream);
  return status != CUDNN_STATUS_SUCCESS ? status : api.BackendExecute(library_.handle(), plan.get(), pack.get());
} catch (const Failure&) {
  return CUDNN_STATUS_INTERNAL_ERROR;  // a descriptor could not be made
}

void CudnnConv::launch(CommandList& commands, const void* first, const void* second, void* out, void* workspace) const {
  commands.library([plan = shared_from_this(), first, second, out, workspace](vendor::Stream stream) -> vendor::Status {
    const cudnnStatus_t status = plan->execute(plan->candidates_.front().plan, first, second, out, workspace, stream);
    if (status != CUDNN_STATUS_SUCCESS) {
      log(FRL_LOG_ERROR, "cuDNN failed to launch a convolution: %s", plan->library_.api().GetErrorString(status));
    }
    return to_status(status);
  });
}

}  // namespace ferrule::gpu
