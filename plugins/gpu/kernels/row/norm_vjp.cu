// The launches of rms_norm_vjp and layer_norm_vjp.
#include "kernels/row/norm_vjp.cuh"

#include "kernels/row/row.h"
#include "kernels/row/shape.h"

namespace ferrule::gpu {
namespace {

struct VjpPlan {
  RowPlan rows;
  uint64_t sums;  // rows of parameter gradients in scratch, for the weight and for the bias each
};

VjpPlan plan_vjp(uint32_t item, uint64_t rows, uint64_t n, uint32_t multiprocessors) {
  const uint32_t elements = item == 8 ? tuning::kNormVjpElements / 2 : tuning::kNormVjpElements;
  VjpPlan plan{plan_rows(rows, n, item, elements, tuning::kNormVjpThreads, false), 0};
  RowPlan& r = plan.rows;
  if (r.shape.splits > 1) {
    plan.sums = ceil_div(rows, tuning::kNormVjpColumnRows);
    return plan;
  }
  // As many blocks as run at once.
  const uint32_t threads = r.launch.block[0], groups = threads / r.shape.group;
  const uint64_t resident =
      uint64_t{multiprocessors} * std::max(1u, tuning::kNormVjpBlocksPerProcessor * tuning::kNormVjpThreads / threads);
  const uint64_t blocks =
      std::clamp<uint64_t>(ceil_div(rows, uint64_t{groups} * tuning::kNormVjpRowsPerGroup), 1, resident);
  r.launch.grid[0] = static_cast<uint32_t>(blocks);
  plan.sums = rows == 0 ? 0 : blocks * groups;
  return plan;
}

// Scratch in elements of the compute type, in the order in which it lies.
struct VjpScratch {
  uint64_t sums, moments = 0, dots = 0, scales = 0;
  VjpScratch(const VjpPlan& plan, uint64_t rows, uint64_t n) : sums(2 * plan.sums * n) {
    const RowShape& shape = plan.rows.shape;
    if (shape.splits == 1) return;
    moments = 3 * shape.chunks;
    dots = 2 * shape.chunks;
    scales = 2 * rows;
  }
  uint64_t total() const { return sums + moments + dots + scales; }
};

template <typename T>
void launch(const Call& call, bool layer, uint32_t multiprocessors, CommandList& commands) {
  using C = Compute<T>;
  constexpr uint32_t kElements = sizeof(T) == 8 ? tuning::kNormVjpElements / 2 : tuning::kNormVjpElements;
  constexpr uint32_t kVectors = vectors_for<T, kElements>;
  const Operand& x = call.inputs[0];
  const auto n = static_cast<uint64_t>(x.shape[x.ndim - 1]), rows = static_cast<uint64_t>(x.size()) / n;
  const T* weight = call.inputs[1].dtype != FRL_NONE ? call.inputs[1].as<T>() : nullptr;
  const T* g = call.inputs[layer ? 3 : 2].as<T>();
  T* gx = call.outputs[0].as<T>();
  T* gbias = layer ? call.outputs[2].as<T>() : nullptr;
  const float eps = call.attributes<frl_norm_attrs>().eps;
  const VjpPlan plan = plan_vjp(sizeof(T), rows, n, multiprocessors);
  const VjpScratch scratch(plan, rows, n);
  auto* sums = static_cast<C*>(call.scratch);
  if (plan.rows.shape.splits > 1) {
    auto* moments = reinterpret_cast<Moments<C>*>(sums + scratch.sums);
    auto* dots = reinterpret_cast<Dots<C>*>(sums + scratch.sums + scratch.moments);
    auto* scales = reinterpret_cast<RowScale<C>*>(sums + scratch.sums + scratch.moments + scratch.dots);
    if (rows > 0) {
      for (RowStage stage : {RowStage::kWhole, RowStage::kPartial, RowStage::kApply})
        commands.launch<norm_vjp_chunks<T, kVectors>>(plan.rows.launch, x.as<T>(), weight, g, gx, moments, dots, scales,
                                                      plan.rows.shape, eps, layer, stage);
      vendor::LaunchShape columns = grid_for(n, tuning::kRowThreads);
      columns.grid[1] = static_cast<uint32_t>(plan.sums);
      commands.launch<norm_vjp_columns<T>>(columns, x.as<T>(), g, scales, sums, rows, n);
    }
  } else if (rows > 0) {
    commands.launch<norm_vjp_rows<T, kVectors>>(plan.rows.launch, x.as<T>(), weight, g, gx, sums, plan.rows.shape, eps,
                                                layer);
  }
  vendor::LaunchShape last = grid_for(n, tuning::kRowColumnLanes);
  last.grid[1] = layer ? 2 : 1;
  last.block[0] = tuning::kRowThreads;
  commands.launch<sum_partials<T>>(last, sums, call.outputs[1].as<T>(), gbias, plan.sums, n);
}

}  // namespace

uint64_t norm_vjp_scratch(uint32_t dtype, uint64_t rows, uint64_t n, uint32_t multiprocessors) {
  const uint32_t item = plugin::item_size(dtype);
  return VjpScratch(plan_vjp(item, rows, n, multiprocessors), rows, n).total() * std::max<uint32_t>(item, 4);
}

void launch_norm_vjp(const Call& call, bool layer, uint32_t multiprocessors, CommandList& commands) {
  visit_floating(call.inputs[0].dtype,
                 [&](auto type) { launch<decltype(type)>(call, layer, multiprocessors, commands); });
}

}  // namespace ferrule::gpu
