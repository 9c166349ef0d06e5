// The kernels of the index family: queries and the list.
#include "common/contract.h"
#include "kernels/index/index.h"
#include "kernels/index/scatter_plan.h"

namespace ferrule::gpu {
namespace {

using namespace plugin;
using index::ScatterPlan;
using Reason = std::span<char>;

constexpr uint32_t kScatterDepends = FRL_DEPENDS_RANK | FRL_DEPENDS_SHAPES | FRL_DEPENDS_ATTRS;

const char* query_gather(Device&, const frl_call& call, Answer& answer, Reason reason) {
  if (const char* bad = check_gather(call, reason)) return bad;
  return support(answer.requirements, ((1u << static_cast<const frl_gather_attrs*>(call.attrs)->n_axes) - 1) << 1);
}

// The scratch of a plan, and that it can keep its promise of an order.
const char* answer_scatter(Device& device, const ScatterPlan& plan, bool exact, Answer& answer, Reason reason) {
  if (exact && plan.tuples > 1 && plan.way != ScatterPlan::Way::kSorted)
    return reject(reason, "got %lld updates; expected less than 2^32 for a deterministic result",
                  static_cast<long long>(plan.entries));
  device.activate();
  answer.requirements.scratch_bytes = plan.tuples == 0 ? 0 : index::scatter_scratch(plan);
  answer.requirements.depends = kScatterDepends;
  return nullptr;
}

const char* query_scatter(Device& device, const frl_call& call, Answer& answer, Reason reason) {
  if (const char* bad = check_scatter(call, reason)) return bad;
  const auto& attrs = *static_cast<const frl_scatter_attrs*>(call.attrs);
  const frl_tensor &x = call.inputs[0], &updates = call.inputs[attrs.n_axes + 1];
  const int64_t* slice = updates.shape + (updates.ndim - x.ndim);
  support(answer.requirements, (1u << call.n_inputs) - 1);
  answer.requirements.reuse_input_for_output = 1;
  const bool exact = (call.math & FRL_MATH_DETERMINISTIC) != 0 && index::order_matters(x.dtype, attrs.mode);
  const int64_t tuples = element_count(updates) == 0 ? 0 : attrs.n_axes > 0 ? element_count(call.inputs[1]) : 1;
  return answer_scatter(
      device, ScatterPlan::of_slices(attrs.mode, exact, x.shape, slice, x.ndim, attrs.axes, attrs.n_axes, tuples),
      exact, answer, reason);
}

const char* query_gather_axis(Device&, const frl_call& call, Answer& answer, Reason reason) {
  if (const char* bad = check_gather_axis(call, reason)) return bad;
  return support(answer.requirements, 0);
}

const char* query_scatter_axis(Device& device, const frl_call& call, Answer& answer, Reason reason) {
  if (const char* bad = check_scatter_axis(call, reason)) return bad;
  const auto& attrs = *static_cast<const frl_scatter_axis_attrs*>(call.attrs);
  const frl_tensor &x = call.inputs[0], &updates = call.inputs[2];
  support(answer.requirements, 5);  // indices may be strided
  answer.requirements.reuse_input_for_output = 1;
  const bool exact = (call.math & FRL_MATH_DETERMINISTIC) != 0 && index::order_matters(x.dtype, attrs.mode);
  return answer_scatter(device, ScatterPlan::of_elements(attrs.mode, exact, element_count(x), element_count(updates)),
                        exact, answer, reason);
}

const char* query_masked_scatter(Device&, const frl_call& call, Answer& answer, Reason reason) {
  if (const char* bad = check_masked_scatter(call, reason)) return bad;
  support(answer.requirements, 7);
  answer.requirements.reuse_input_for_output = 1;
  answer.requirements.scratch_bytes = index::masked_scatter_bytes(element_count(call.inputs[0]));
  answer.requirements.depends = FRL_DEPENDS_RANK | FRL_DEPENDS_SHAPES;
  return nullptr;
}

}  // namespace

std::span<const Kernel> index_kernels() {
  static constexpr Kernel kKernels[] = {
      {"gather", 1, query_gather, index::gather},
      {"scatter", 1, query_scatter, index::scatter},
      {"gather_axis", 1, query_gather_axis, index::gather_axis},
      {"scatter_axis", 1, query_scatter_axis, index::scatter_axis},
      {"masked_scatter", 1, query_masked_scatter, index::masked_scatter},
  };
  return kKernels;
}

}  // namespace ferrule::gpu
