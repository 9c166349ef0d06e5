// The launches of softmax and logsumexp.
#include "kernels/row/softmax.cuh"

#include "kernels/row/row.h"
#include "kernels/row/shape.h"

namespace ferrule::gpu {
namespace {

RowPlan plan_softmax(uint32_t item, uint64_t rows, uint64_t n) {
  const uint32_t elements = item == 8 ? tuning::kRowElements / 2 : tuning::kRowElements;
  const uint64_t fits = uint64_t{elements} * tuning::kRowMaxThreads;
  return plan_rows(rows, n, item, n > fits && n <= 2 * fits ? 2 * elements : elements, tuning::kRowMaxThreads, true);
}

template <typename T>
void launch_rows(const T* x, T* out, void* scratch, uint64_t rows, uint64_t n, bool logsumexp, CommandList& commands) {
  constexpr uint32_t kElements = sizeof(T) == 8 ? tuning::kRowElements / 2 : tuning::kRowElements;
  constexpr uint32_t kLarge = vectors_for<T, kElements>, kSmall = vectors_for<T, tuning::kRowSmallElements>;
  constexpr uint32_t kHuge = 2 * kLarge;
  const RowPlan plan = plan_softmax(sizeof(T), rows, n);
  auto* partials = static_cast<ExpSum<Compute<T>>*>(scratch);
  if (plan.small)
    return commands.launch<softmax_rows<T, kSmall>>(plan.launch, x, out, nullptr, plan.shape, RowStage::kWhole,
                                                    logsumexp);
  if (plan.elements > kElements)
    return commands.launch<softmax_rows<T, kHuge>>(plan.launch, x, out, nullptr, plan.shape, RowStage::kWhole,
                                                   logsumexp);
  if (plan.shape.splits == 1)
    return commands.launch<softmax_rows<T, kLarge>>(plan.launch, x, out, nullptr, plan.shape, RowStage::kWhole,
                                                    logsumexp);
  commands.launch<softmax_rows<T, kLarge>>(plan.launch, x, out, partials, plan.shape, RowStage::kPartial, logsumexp);
  if (logsumexp)
    commands.launch<logsumexp_last<T>>({{static_cast<uint32_t>(rows), 1, 1}, {tuning::kRowThreads, 1, 1}, 0}, partials,
                                       out, plan.shape.splits);
  else
    commands.launch<softmax_rows<T, kLarge>>(plan.launch, x, out, partials, plan.shape, RowStage::kApply, false);
}

template <typename T>
void launch_columns(const T* x, T* out, const Fibres& f, bool logsumexp, CommandList& commands) {
  const uint32_t rows = std::bit_ceil(
      static_cast<uint32_t>(std::clamp<uint64_t>(ceil_div(f.n, 4), 1, tuning::kRowThreads / tuning::kRowColumnLanes)));
  uint32_t lanes = tuning::kRowThreads / rows;
  while (lanes > 1 && lanes / 2 >= f.inner) lanes /= 2;
  const uint32_t deep = std::bit_ceil(static_cast<uint32_t>(
      std::clamp<uint64_t>(ceil_div(f.n, 4), std::max(1u, vendor::kWarpWidth / lanes), tuning::kRowThreads / lanes)));
  const uint32_t tiles = static_cast<uint32_t>(ceil_div(f.inner, lanes));
  const vendor::LaunchShape shape{{static_cast<uint32_t>(tiles * f.outer), 1, 1}, {lanes * deep, 1, 1}, 0};
  commands.launch<softmax_columns<T>>(shape, x, out, f.n, f.inner, lanes, tiles, logsumexp);
}

}  // namespace

uint64_t softmax_scratch(uint32_t dtype, const Fibres& f) {
  if (f.inner != 1) return 0;
  const uint32_t item = plugin::item_size(dtype);
  const RowPlan plan = plan_softmax(item, f.outer, f.n);
  return plan.shape.splits == 1 ? 0 : plan.shape.chunks * 2 * std::max<uint32_t>(item, 4);
}

void launch_softmax(const Call& call, const Fibres& f, bool logsumexp, CommandList& commands) {
  visit_floating(call.inputs[0].dtype, [&](auto type) {
    using T = decltype(type);
    const T* x = call.inputs[0].as<T>();
    T* out = call.outputs[0].as<T>();
    if (f.inner == 1)
      launch_rows<T>(x, out, call.scratch, f.outer, f.n, logsumexp, commands);
    else
      launch_columns<T>(x, out, f, logsumexp, commands);
  });
}

}  // namespace ferrule::gpu
