// The launches of rms_norm and layer_norm.
#include "kernels/row/norm.cuh"

#include "kernels/row/row.h"
#include "kernels/row/shape.h"

namespace ferrule::gpu {
namespace {

RowPlan plan_norm(uint32_t item, uint64_t rows, uint64_t n) {
  const uint32_t elements = item == 8 ? tuning::kRowElements / 2 : tuning::kRowElements;
  const bool huge =
      n > uint64_t{elements} * tuning::kNormThreads && n <= uint64_t{2 * elements} * tuning::kRowMaxThreads;
  return huge ? plan_rows(rows, n, item, 2 * elements, tuning::kRowMaxThreads, false)
              : plan_rows(rows, n, item, elements, tuning::kNormThreads, true);
}

template <typename T>
void launch(const Call& call, bool layer, CommandList& commands) {
  constexpr uint32_t kElements = sizeof(T) == 8 ? tuning::kRowElements / 2 : tuning::kRowElements;
  constexpr uint32_t kLarge = vectors_for<T, kElements>, kSmall = vectors_for<T, tuning::kRowSmallElements>;
  constexpr uint32_t kHuge = 2 * kLarge;
  const Operand& x = call.inputs[0];
  const auto n = static_cast<uint64_t>(x.shape[x.ndim - 1]);
  const auto parameter = [&](size_t i) -> const T* {
    return i < call.inputs.size() && call.inputs[i].dtype != FRL_NONE ? call.inputs[i].as<T>() : nullptr;
  };
  const T* weight = parameter(1);
  const T* bias = layer ? parameter(2) : nullptr;
  const float eps = call.attributes<frl_norm_attrs>().eps;
  const RowPlan plan = plan_norm(sizeof(T), static_cast<uint64_t>(x.size()) / n, n);
  auto* partials = static_cast<Moments<Compute<T>>*>(call.scratch);
  const auto put = [&]<uint32_t kVectors>(RowStage stage) {
    commands.launch<norm_rows<T, kVectors>>(plan.launch, x.as<T>(), weight, bias, call.outputs[0].as<T>(), partials,
                                            plan.shape, eps, layer, stage);
  };
  if (plan.small) return put.template operator()<kSmall>(RowStage::kWhole);
  if (plan.elements > kElements) return put.template operator()<kHuge>(RowStage::kWhole);
  if (plan.shape.splits == 1) return put.template operator()<kLarge>(RowStage::kWhole);
  put.template operator()<kLarge>(RowStage::kPartial);
  put.template operator()<kLarge>(RowStage::kApply);
}

}  // namespace

uint64_t norm_scratch(uint32_t dtype, uint64_t rows, uint64_t n) {
  const uint32_t item = plugin::item_size(dtype);
  const RowPlan plan = plan_norm(item, rows, n);
  return plan.shape.splits == 1 ? 0 : plan.shape.chunks * 3 * std::max<uint32_t>(item, 4);
}

void launch_norm(const Call& call, bool layer, CommandList& commands) {
  visit_floating(call.inputs[0].dtype, [&](auto type) { launch<decltype(type)>(call, layer, commands); });
}

}  // namespace ferrule::gpu
