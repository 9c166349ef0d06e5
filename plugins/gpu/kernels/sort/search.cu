// searchsorted: a binary search per value. Keys are canonical, so one kernel serves every dtype.
#include "host/launch.h"
#include "kernels/sort/order.h"
#include "kernels/tuning.h"

namespace ferrule::gpu::sort {
namespace {

constexpr uint32_t kThreads = tuning::kSortThreads;

GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads)
    search_values(const void* a, int64_t stride, uint64_t count, KeyCode code, const void* values, Axes<1> axes,
                  uint32_t* out, uint64_t size, uint32_t right) {
  begin_kernel();
  const uint64_t i = global_thread();
  if (i >= size) return;
  const uint64_t value = code.load(values, axes.offset(i));
  uint64_t low = 0, rest = count;
  while (rest > 0) {
    const uint64_t half = rest / 2;
    const uint64_t middle = code.load(a, static_cast<int64_t>(low + half) * stride);
    const bool beyond = right ? middle <= value : middle < value;
    low = beyond ? low + half + 1 : low;
    rest = beyond ? rest - half - 1 : half;
  }
  out[i] = static_cast<uint32_t>(low);
}

}  // namespace

void searchsorted(Device&, const Call& call, CommandList& commands) {
  const Operand& a = call.inputs[0];
  const Operand& v = call.inputs[1];
  const Operand& out = call.outputs[0];
  const auto size = static_cast<uint64_t>(out.size());
  if (size == 0) return;
  AxisList<1> axes;
  for (uint32_t i = 0; i < v.ndim; ++i) axes.push(v.shape[i], {v.strides[i]});
  commands.launch<&search_values>(grid_for(size, kThreads), a.data, a.strides[0], static_cast<uint64_t>(a.shape[0]),
                                  KeyCode(a.dtype, true), v.data, axes.axes(), out.as<uint32_t>(), size,
                                  call.attributes<frl_searchsorted_attrs>().right);
}

}  // namespace ferrule::gpu::sort
