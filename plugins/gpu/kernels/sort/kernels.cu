// The kernels of the sort family: queries and the choice of a way (order.h).
#include "common/check.h"
#include "common/dtypes.h"
#include "kernels/sort/order.h"
#include "kernels/tuning.h"

namespace ferrule::gpu {
namespace {

using namespace plugin;
using namespace sort;

// Of either a query or a run.
struct Facts {
  uint32_t dtype, ndim;
  const int64_t* shape;
  const int64_t* strides;
  uint32_t axis;
  bool indices, partition;
};

Order order_of(const Facts& f) {
  Order order{};
  // Equal elements matter only where indices tell them apart, or where a pivot meets them.
  order.code = KeyCode(f.dtype, f.indices || f.partition);
  order.indices = f.indices;
  int64_t inner = 1;
  for (uint32_t i = f.ndim; --i > f.axis;) inner *= f.shape[i];
  int64_t out_stride = inner * f.shape[f.axis], outer[kMaxDims];
  for (uint32_t i = f.axis; i-- > 0; out_stride *= f.shape[i]) outer[i] = out_stride;
  AxisList<2> lines;
  for (uint32_t i = 0; i < f.axis; ++i) lines.push(f.shape[i], {f.strides[i], outer[i]});
  int64_t step = inner;
  for (uint32_t i = f.axis + 1; i < f.ndim; ++i) {
    step /= f.shape[i];
    lines.push(f.shape[i], {f.strides[i], step});
  }
  order.lines = lines.axes();
  order.n_lines = static_cast<uint64_t>(lines.size());
  order.length = static_cast<uint64_t>(f.shape[f.axis]);
  order.stride[0] = f.strides[f.axis];
  order.stride[1] = inner;
  return order;
}

Way way_of(const Order& order, bool partition, uint32_t multiprocessors) {
  const uint64_t n = order.length;
  if (n <= tuning::kSortTile) return Way::kTile;
  if (partition) return order.n_lines >= multiprocessors ? Way::kSelect : Way::kSpread;
  const uint64_t least = order.n_lines == 1 ? tuning::kSortLibraryLine : tuning::kSortLibraryLines;
  return n >= least && n < UINT32_MAX ? Way::kLibrary : Way::kMerge;
}

int32_t axis_of(const frl_call& call, bool partition) {
  return partition ? static_cast<const frl_partition_attrs*>(call.attrs)->axis
                   : static_cast<const frl_axis_attrs*>(call.attrs)->axis;
}

template <bool kIndices, bool kPartition>
const char* query(Device& device, const frl_call& call, Answer& answer, std::span<char> reason) {
  const frl_tensor& x = call.inputs[0];
  const frl_tensor& y = call.outputs[0];
  const int32_t axis = axis_of(call, kPartition);
  if (const char* bad = check_tensor(x, Domain::kReal, "x", reason)) return bad;
  if (const char* bad = check_axis(x, axis, reason)) return bad;
  if (const char* bad = check_same_shape(x, y, -1, "out", reason)) return bad;
  if (const char* bad = check_dtype(y.dtype, kIndices ? uint32_t{FRL_DTYPE_U32} : x.dtype, "out", reason)) return bad;
  const int64_t extent = x.shape[axis];
  if (kIndices && extent > int64_t{1} << 32)
    return reject(reason, "got extent %lld on the axis; expected at most 2^32", static_cast<long long>(extent));
  if constexpr (kPartition) {
    const int64_t kth = static_cast<const frl_partition_attrs*>(call.attrs)->kth;
    if (kth < 0 || (kth >= extent && extent > 0))
      return reject(reason, "got kth %lld; expected 0 to %lld", static_cast<long long>(kth),
                    static_cast<long long>(extent - 1));
  }
  support(answer.requirements, 0);
  answer.requirements.depends = FRL_DEPENDS_RANK | FRL_DEPENDS_SHAPES | FRL_DEPENDS_STRIDES | FRL_DEPENDS_ATTRS;
  if (element_count(x) == 0) return nullptr;
  const Order order =
      order_of({x.dtype, x.ndim, x.shape, x.strides, static_cast<uint32_t>(axis), kIndices, kPartition});
  switch (way_of(order, kPartition, device.facts().multiprocessors)) {
    case Way::kMerge:
      answer.requirements.scratch_bytes = merge_bytes(order);
      break;
    case Way::kLibrary:
      device.activate();
      answer.requirements.scratch_bytes = library_bytes(order);
      break;
    case Way::kSpread:
      answer.requirements.scratch_bytes = spread_bytes(order);
      break;
    case Way::kTile:
    case Way::kSelect:
      break;
  }
  return nullptr;
}

template <bool kIndices, bool kPartition>
void run(Device& device, const Call& call, CommandList& commands) {
  const Operand& x = call.inputs[0];
  const Operand& out = call.outputs[0];
  if (out.size() == 0) return;
  int32_t axis;
  uint64_t kth = 0;
  if constexpr (kPartition) {
    axis = call.attributes<frl_partition_attrs>().axis;
    kth = static_cast<uint64_t>(call.attributes<frl_partition_attrs>().kth);
  } else {
    axis = call.attributes<frl_axis_attrs>().axis;
  }
  Order order = order_of({x.dtype, x.ndim, x.shape, x.strides, static_cast<uint32_t>(axis), kIndices, kPartition});
  order.x = x.data;
  order.out = out.data;
  switch (way_of(order, kPartition, device.facts().multiprocessors)) {
    case Way::kTile:
      order.code.canonical = kIndices;  // sorted keys become elements again
      return launch_merge(order, nullptr, commands);
    case Way::kMerge:
      return launch_merge(order, call.scratch, commands);
    case Way::kLibrary:
      return launch_library(order, call.scratch, commands);
    case Way::kSelect:
      return launch_select(order, kth, commands);
    case Way::kSpread:
      return launch_spread(order, kth, call.scratch, commands);
  }
}

const char* query_search(Device&, const frl_call& call, Answer& answer, std::span<char> reason) {
  const frl_tensor& a = call.inputs[0];
  const frl_tensor& v = call.inputs[1];
  if (const char* bad = check_tensor(a, Domain::kReal, "a", reason)) return bad;
  if (const char* bad = check_tensor(v, Domain::kReal, "v", reason)) return bad;
  if (a.ndim != 1) return reject(reason, "a: got rank %u; expected 1", a.ndim);
  if (a.shape[0] > int64_t{UINT32_MAX})
    return reject(reason, "a: got extent %lld; expected less than 2^32", static_cast<long long>(a.shape[0]));
  if (const char* bad = check_dtype(v.dtype, a.dtype, "v", reason)) return bad;
  if (const char* bad = check_same_shape(v, call.outputs[0], -1, "out", reason)) return bad;
  if (const char* bad = check_dtype(call.outputs[0].dtype, FRL_DTYPE_U32, "out", reason)) return bad;
  return support(answer.requirements, 0);
}

}  // namespace

std::span<const Kernel> sort_kernels() {
  static constexpr Kernel kKernels[] = {
      {"sort", 1, query<false, false>, run<false, false>},    {"argsort", 1, query<true, false>, run<true, false>},
      {"partition", 1, query<false, true>, run<false, true>}, {"argpartition", 1, query<true, true>, run<true, true>},
      {"searchsorted", 1, query_search, searchsorted},
  };
  return kKernels;
}

}  // namespace ferrule::gpu
