// The kernels of the reduce family: queries and entry points.
#include "kernels/reduce/reduce.h"

#include "common/contract.h"
#include "common/dtypes.h"
#include "host/device.h"

namespace ferrule::gpu {
namespace {

using plugin::Domain;

using Find = Reduction (*)(uint32_t dtype);

// Plans the reduction and answers for it; the plan reaches run as the call's state.
void answer_with(Device& device, const Reduction& reduction, const frl_tensor& x, uint32_t axes, bool ordered,
                 Answer& answer) {
  const auto plan = std::make_shared<ReducePlan>(plan_reduce(
      {x.ndim, x.shape, x.strides, axes, plugin::item_size(x.dtype), ordered, device.facts().multiprocessors}));
  answer.requirements.support = FRL_SUPPORTED;
  answer.requirements.depends = FRL_DEPENDS_RANK | FRL_DEPENDS_SHAPES | FRL_DEPENDS_STRIDES | FRL_DEPENDS_ATTRS;
  answer.requirements.scratch_bytes = plan->scratch_bytes(reduction.accumulator_bytes);
  answer.state = plan;
}

template <Find kFind, Domain kDomain>
const char* query_reduce(Device& device, const frl_call& call, Answer& answer, std::span<char> reason) {
  if (const char* bad = plugin::check_reduce(call, kDomain, reason)) return bad;
  const frl_tensor &x = call.inputs[0], &out = call.outputs[0];
  const Reduction reduction = kFind(x.dtype);
  if (const char* bad = plugin::check_dtype(out.dtype, reduction.out_dtype, "out", reason)) return bad;
  answer_with(device, reduction, x, static_cast<const frl_reduce_attrs*>(call.attrs)->axes, false, answer);
  return nullptr;
}

template <Find kFind>
const char* query_arg(Device& device, const frl_call& call, Answer& answer, std::span<char> reason) {
  if (const char* bad = plugin::check_arg_reduce(call, reason)) return bad;
  const frl_tensor& x = call.inputs[0];
  const int32_t axis = static_cast<const frl_axis_attrs*>(call.attrs)->axis;
  answer_with(device, kFind(x.dtype), x, 1u << axis, true, answer);
  return nullptr;
}

template <Find kFind>
void run_reduce(Device&, const Call& call, CommandList& commands) {
  if (call.outputs[0].size() == 0) return;
  kFind(call.inputs[0].dtype).launch(*static_cast<const ReducePlan*>(call.state), call, commands);
}

}  // namespace

std::span<const Kernel> reduce_kernels() {
  static constexpr Kernel kKernels[] = {
      {"reduce_sum", 1, query_reduce<sum_reduction, Domain::kAny>, run_reduce<sum_reduction>},
      {"reduce_prod", 1, query_reduce<prod_reduction, Domain::kAny>, run_reduce<prod_reduction>},
      {"reduce_max", 1, query_reduce<max_reduction, Domain::kAny>, run_reduce<max_reduction>},
      {"reduce_min", 1, query_reduce<min_reduction, Domain::kAny>, run_reduce<min_reduction>},
      {"reduce_and", 1, query_reduce<min_reduction, Domain::kBool>, run_reduce<min_reduction>},
      {"reduce_or", 1, query_reduce<max_reduction, Domain::kBool>, run_reduce<max_reduction>},
      {"argmax", 1, query_arg<argmax_reduction>, run_reduce<argmax_reduction>},
      {"argmin", 1, query_arg<argmin_reduction>, run_reduce<argmin_reduction>},
  };
  return kKernels;
}

}  // namespace ferrule::gpu
