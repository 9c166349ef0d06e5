// The kernels of the reduce family: queries and entry points.
#include "kernels/reduce/reduce.h"

#include "common/check.h"
#include "common/dtypes.h"
#include "host/device.h"

namespace ferrule::gpu {
namespace {

using plugin::check_axis;
using plugin::check_dtype;
using plugin::check_tensor;
using plugin::Domain;
using plugin::reject;

const char* check_reduced_shape(const frl_tensor& x, const frl_tensor& out, uint32_t axes, std::span<char> reason) {
  if (axes >> x.ndim != 0) return reject(reason, "got axes mask 0x%x for rank %u", axes, x.ndim);
  if (out.ndim != x.ndim) return reject(reason, "out: got rank %u; expected %u", out.ndim, x.ndim);
  for (uint32_t i = 0; i < x.ndim; ++i) {
    const int64_t expected = (axes >> i) & 1u ? 1 : x.shape[i];
    if (out.shape[i] != expected)
      return reject(reason, "out: got extent %lld on axis %u; expected %lld", static_cast<long long>(out.shape[i]), i,
                    static_cast<long long>(expected));
  }
  return nullptr;
}

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
  const frl_tensor& x = call.inputs[0];
  const frl_tensor& out = call.outputs[0];
  if (const char* bad = check_tensor(x, kDomain, "x", reason)) return bad;
  const uint32_t axes = static_cast<const frl_reduce_attrs*>(call.attrs)->axes;
  if (const char* bad = check_reduced_shape(x, out, axes, reason)) return bad;
  const Reduction reduction = kFind(x.dtype);
  if (const char* bad = check_dtype(out.dtype, reduction.out_dtype, "out", reason)) return bad;
  answer_with(device, reduction, x, axes, false, answer);
  return nullptr;
}

template <Find kFind>
const char* query_arg(Device& device, const frl_call& call, Answer& answer, std::span<char> reason) {
  const frl_tensor& x = call.inputs[0];
  const frl_tensor& out = call.outputs[0];
  if (const char* bad = check_tensor(x, Domain::kReal, "x", reason)) return bad;
  if (const char* bad = check_dtype(out.dtype, FRL_DTYPE_U32, "out", reason)) return bad;
  const int32_t axis = static_cast<const frl_axis_attrs*>(call.attrs)->axis;
  if (const char* bad = check_axis(x, axis, reason)) return bad;
  if (const char* bad = check_reduced_shape(x, out, 1u << axis, reason)) return bad;
  const int64_t extent = x.shape[axis];
  if (extent < 1 || extent > (int64_t{1} << 32))
    return reject(reason, "got extent %lld on the axis; expected 1 to 2^32", static_cast<long long>(extent));
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
