// The kernels of the sort family: queries and the choice of a way (order.h).
#include "common/contract.h"
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
  if (const char* bad = kPartition ? check_partition(call, kIndices, reason) : check_sort(call, kIndices, reason))
    return bad;
  const frl_tensor& x = call.inputs[0];
  const int32_t axis = axis_of(call, kPartition);
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
  if (const char* bad = check_searchsorted(call, reason)) return bad;
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
