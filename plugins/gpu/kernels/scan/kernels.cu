// The kernels of the scan family: queries, and how a call is laid out (shape.h).
#include <algorithm>

#include "common/contract.h"
#include "common/dtypes.h"
#include "host/failure.h"
#include "host/launch.h"
#include "kernels/scan/shape.h"
#include "kernels/tuning.h"
#include "vendor/algorithms.h"

namespace ferrule::gpu {
namespace {

using namespace plugin;
using namespace scan;

constexpr uint32_t kSumTypes[][2] = {
    {FRL_DTYPE_F16, static_cast<uint32_t>(vendor::SumType::kF16)},
    {FRL_DTYPE_BF16, static_cast<uint32_t>(vendor::SumType::kBF16)},
    {FRL_DTYPE_F32, static_cast<uint32_t>(vendor::SumType::kF32)},
    {FRL_DTYPE_F64, static_cast<uint32_t>(vendor::SumType::kF64)},
    {FRL_DTYPE_U32, static_cast<uint32_t>(vendor::SumType::kU32)},
    {FRL_DTYPE_I32, static_cast<uint32_t>(vendor::SumType::kU32)},
    {FRL_DTYPE_U64, static_cast<uint32_t>(vendor::SumType::kU64)},
    {FRL_DTYPE_I64, static_cast<uint32_t>(vendor::SumType::kU64)},
};

bool sum_type(uint32_t dtype, vendor::SumType& out) {
  for (const auto& entry : kSumTypes)
    if (entry[0] == dtype) {
      out = static_cast<vendor::SumType>(entry[1]);
      return true;
    }
  return false;
}

// Of either a query or a run: everything that the layout depends on.
struct Facts {
  uint32_t dtype, ndim, math, multiprocessors;
  const int64_t* shape;
  const int64_t* strides;
  const frl_scan_attrs& attrs;
};

Work plan(Op op, const Facts& f) {
  Work work{};
  work.dtype = f.dtype;
  const auto axis = static_cast<uint32_t>(f.attrs.axis);
  const auto n = static_cast<uint64_t>(f.shape[axis]);
  int64_t inner = 1;  // elements of out between neighbours on the axis
  for (uint32_t i = f.ndim; --i > axis;) inner *= f.shape[i];
  AxisList<2> lines;
  int64_t out_stride = inner * f.shape[axis], outer[kMaxDims];
  for (uint32_t i = axis; i-- > 0; out_stride *= f.shape[i]) outer[i] = out_stride;
  for (uint32_t i = 0; i < axis; ++i) lines.push(f.shape[i], {f.strides[i], outer[i]});
  int64_t step = inner;
  for (uint32_t i = axis + 1; i < f.ndim; ++i) {
    step /= f.shape[i];
    lines.push(f.shape[i], {f.strides[i], step});
  }

  Shape& shape = work.shape;
  shape.lines = lines.axes();
  shape.n_lines = static_cast<uint64_t>(lines.size());
  shape.length = n;
  shape.stride[0] = f.attrs.reverse ? -f.strides[axis] : f.strides[axis];
  shape.stride[1] = f.attrs.reverse ? -inner : inner;
  shape.chunk = n;
  shape.chunks = 1;
  shape.exclusive = f.attrs.exclusive;

  vendor::SumType type{};
  if (op == scan::Op::kSum && (f.math & FRL_MATH_DETERMINISTIC) == 0 && shape.n_lines <= tuning::kScanLibraryLines &&
      n >= tuning::kScanLibraryLength && n < UINT32_MAX && f.strides[axis] == 1 && inner == 1 &&
      sum_type(f.dtype, type)) {
    work.way = Way::kLibrary;
    return work;
  }

  // Chunks for so many threads as fill the device, none shorter than what is worth a second pass.
  uint64_t wanted = 1, least = 1;
  if (inner >= tuning::kScanThreadsInner || n <= tuning::kScanThreadsLength) {
    work.way = Way::kThreads;
    wanted = ceil_div(uint64_t{f.multiprocessors} * tuning::kScanThreadsPerMultiprocessor, shape.n_lines);
    least = tuning::kScanThreadsChunk;
  } else if (shape.n_lines >= uint64_t{f.multiprocessors} * tuning::kScanWarpsPerMultiprocessor ||
             n <= tuning::kScanWarpLength) {
    work.way = Way::kWarps;
  } else {
    work.way = Way::kBlocks;
    if (shape.n_lines < f.multiprocessors)
      wanted = ceil_div(uint64_t{f.multiprocessors} * tuning::kScanBlocksPerMultiprocessor, shape.n_lines);
    least = tuning::kScanBlockChunk;
  }
  if (wanted > 1 && n > least) {
    shape.chunk = ceil_div(std::max(ceil_div(n, wanted), least), least) * least;
    shape.chunks = static_cast<uint32_t>(ceil_div(n, shape.chunk));
  }
  return work;
}

GPU_KERNEL GPU_LAUNCH_BOUNDS(32) clear_bytes(uint8_t* p, uint32_t bytes) {
  begin_kernel();
  if (thread_x() < bytes) p[thread_x()] = 0;
}

// A library scans each line; exclusive is the inclusive scan of all but the last, one place further.
uint64_t library_scratch(const Work& work) {
  vendor::SumType type{};
  size_t bytes = 0;
  if (sum_type(work.dtype, type)) check(vendor::prefix_sum_bytes(&bytes, type, work.shape.length), "prefix_sum_bytes");
  return bytes;
}

void run_library(const Work& work, const Call& call, CommandList& commands) {
  vendor::SumType type{};
  sum_type(work.dtype, type);
  const auto item = static_cast<int64_t>(item_size(work.dtype));
  const Shape& shape = work.shape;
  const uint64_t count = shape.length - shape.exclusive;
  for (uint64_t line = 0; line < shape.n_lines; ++line) {
    int64_t at[2] = {0, 0};
    auto rest = static_cast<int64_t>(line);
    for (uint32_t d = 0; d < shape.lines.ndim; ++d) {
      const int64_t index = rest % shape.lines.extent[d];
      for (uint32_t k = 0; k < 2; ++k) at[k] += index * shape.lines.stride[d][k];
      rest /= shape.lines.extent[d];
    }
    const auto* x = static_cast<const std::byte*>(work.x) + at[0] * item;
    auto* out = static_cast<std::byte*>(work.out) + at[1] * item;
    if (shape.exclusive) {
      commands.launch<&clear_bytes>(grid_for(1, 32), reinterpret_cast<uint8_t*>(out), static_cast<uint32_t>(item));
      out += shape.stride[1] * item;
    }
    commands.library([=, temporary = call.scratch, bytes = static_cast<size_t>(call.scratch_bytes),
                      stride = shape.stride[0]](vendor::Stream stream) {
      return vendor::prefix_sum(type, temporary, bytes, x, out, stride, count, stream);
    });
  }
}

template <scan::Op kOp, Domain kDomain>
const char* query(Device& device, const frl_call& call, Answer& answer, std::span<char> reason) {
  if (const char* bad = check_scan(call, kDomain, reason)) return bad;
  const frl_tensor& x = call.inputs[0];
  const auto& attrs = *static_cast<const frl_scan_attrs*>(call.attrs);
  if ((kOp == scan::Op::kSum || kOp == scan::Op::kProd) && x.dtype == FRL_DTYPE_BOOL)
    return reject(reason, "x: got dtype bool, which the op does not take");
  support(answer.requirements, 0);
  answer.requirements.depends = FRL_DEPENDS_RANK | FRL_DEPENDS_SHAPES | FRL_DEPENDS_STRIDES | FRL_DEPENDS_ATTRS;
  if (element_count(x) == 0) return nullptr;
  const Work work = plan(kOp, {x.dtype, x.ndim, call.math, device.facts().multiprocessors, x.shape, x.strides, attrs});
  if (work.way == Way::kLibrary) {
    device.activate();
    answer.requirements.scratch_bytes = library_scratch(work);
  } else if (work.shape.chunks > 1) {
    answer.requirements.scratch_bytes = work.shape.n_lines * work.shape.chunks * kStateBytes;
  }
  return nullptr;
}

template <scan::Op kOp>
void run(Device& device, const Call& call, CommandList& commands) {
  const Operand& x = call.inputs[0];
  const Operand& out = call.outputs[0];
  const auto& attrs = call.attributes<frl_scan_attrs>();
  if (out.size() == 0) return;
  Work work = plan(kOp, {x.dtype, x.ndim, call.math, device.facts().multiprocessors, x.shape, x.strides, attrs});
  const auto item = static_cast<int64_t>(item_size(x.dtype));
  const auto last = static_cast<int64_t>(work.shape.length) - 1;
  work.x = x.as<const std::byte>() - (attrs.reverse ? last * work.shape.stride[0] * item : 0);
  work.out = out.as<std::byte>() - (attrs.reverse ? last * work.shape.stride[1] * item : 0);
  if (work.way == Way::kLibrary) return run_library(work, call, commands);
  work.totals = work.shape.chunks > 1 ? call.scratch : nullptr;
  if constexpr (kOp == scan::Op::kSum) return launch_sum(work, commands);
  if constexpr (kOp == scan::Op::kProd) return launch_prod(work, commands);
  if constexpr (kOp == scan::Op::kLogSum) return launch_log_sum(work, commands);
  const bool least = kOp == scan::Op::kMin;
  if (x.dtype >= FRL_DTYPE_F16) {
    work.flip = least;
  } else if (x.dtype == FRL_DTYPE_BOOL) {
    work.flip = least;
  } else {
    const uint64_t all = ~uint64_t{0} >> (64 - 8 * item);
    work.flip = (x.dtype >= FRL_DTYPE_I8 ? (all >> 1) + 1 : 0) ^ (least ? all : 0);
  }
  launch_extreme(work, commands);
}

}  // namespace

std::span<const Kernel> scan_kernels() {
  static constexpr Kernel kKernels[] = {
      {"cumsum", 1, query<scan::Op::kSum, Domain::kAny>, run<scan::Op::kSum>},
      {"cumprod", 1, query<scan::Op::kProd, Domain::kAny>, run<scan::Op::kProd>},
      {"cummax", 1, query<scan::Op::kMax, Domain::kReal>, run<scan::Op::kMax>},
      {"cummin", 1, query<scan::Op::kMin, Domain::kReal>, run<scan::Op::kMin>},
      {"logcumsumexp", 1, query<scan::Op::kLogSum, Domain::kFloating>, run<scan::Op::kLogSum>},
  };
  return kKernels;
}

}  // namespace ferrule::gpu
