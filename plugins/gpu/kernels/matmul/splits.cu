#include "kernels/matmul/splits.cuh"

#include "ferrule/plugin.h"
#include "host/launch.h"
#include "kernels/tuning.h"

namespace ferrule::gpu::product {
namespace {

constexpr uint32_t kThreads = 256;

template <typename T>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads) add_splits(SplitArguments p) {
  begin_kernel();
  using C = Compute<T>;
  const C* partial = static_cast<const C*>(p.partial);
  const int64_t step = static_cast<int64_t>(global_threads()) / p.lanes;
  const uint32_t member = thread_x() & (p.lanes - 1);
  // Whole warps go round together, for the reduction.
  for (int64_t first = static_cast<int64_t>(global_thread() - lane()) / p.lanes; first < p.outputs; first += step) {
    const int64_t i = first + lane() / p.lanes;
    C sum = zero<C>();
    if (i < p.outputs) {
      for (int64_t s = member; s < p.splits; s += p.lanes) sum = Add()(sum, partial[s * p.outputs + i]);
    }
    if (p.lanes > 1) sum = warp_reduce(sum, Add());
    if (i < p.outputs && member == 0) {
      int64_t c_offset[1] = {0};
      if (p.scalars.has_c) p.c_layout.offsets(static_cast<uint64_t>(i), c_offset);
      static_cast<T*>(p.out)[i] = finish<T>(p.scalars, sum, static_cast<const T*>(p.c), c_offset[0]);
    }
  }
}

template <typename T>
void launch(CommandList& commands, const SplitArguments& p) {
  const auto threads = static_cast<uint64_t>(p.outputs) * p.lanes;
  launch_one(commands, vendor::function_of<&add_splits<T>>(), grid_for(threads, kThreads, 1u << 20), p);
}

}  // namespace

void launch_splits(CommandList& commands, uint32_t dtype, SplitArguments p) {
  p.lanes = p.splits >= tuning::kSplitsPerWarp ? vendor::kWarpWidth : 1;
  switch (dtype) {
    case FRL_DTYPE_F16:
      return launch<Half>(commands, p);
    case FRL_DTYPE_BF16:
      return launch<Bfloat>(commands, p);
    case FRL_DTYPE_F32:
      return launch<float>(commands, p);
    case FRL_DTYPE_F64:
      return launch<double>(commands, p);
    default:
      return launch<Complex>(commands, p);
  }
}

}  // namespace ferrule::gpu::product
