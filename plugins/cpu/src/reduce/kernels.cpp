// The kernels of the reduce family: queries and entry points.
#include "common/contract.h"
#include "kernel.h"
#include "reduce/arg_reduce.h"
#include "reduce/reduce.h"

namespace ferrule::cpu {
namespace {

using namespace plugin;

template <Reduction (*Find)(uint32_t in, uint32_t out), Domain kDomain>
const char* query_reduce(const frl_call& call, frl_requirements& out, std::span<char> reason) {
  if (const char* bad = check_reduce(call, kDomain, reason)) return bad;
  const frl_tensor &x = call.inputs[0], &y = call.outputs[0];
  if (Find(x.dtype, y.dtype).folder == nullptr)
    return reject(reason, "got input dtype code %u with output dtype code %u, which the op does not produce", x.dtype,
                  y.dtype);
  return support(out, 0);
}

template <Reduction (*Find)(uint32_t in, uint32_t out)>
void run_reduce(const Call& call) {
  const Tensor& x = call.inputs[0];
  const Tensor& out = call.outputs[0];
  reduce(Find(x.dtype, out.dtype), x, out, call.attributes<frl_reduce_attrs>().axes);
}

Reduction find_max(uint32_t in, uint32_t out) { return in == out ? max_reduction(in) : Reduction{}; }
Reduction find_min(uint32_t in, uint32_t out) { return in == out ? min_reduction(in) : Reduction{}; }

const char* query_arg(const frl_call& call, frl_requirements& out, std::span<char> reason) {
  if (const char* bad = check_arg_reduce(call, reason)) return bad;
  return support(out, 0);
}

template <bool kMax>
void run_arg(const Call& call) {
  arg_reduce(call.inputs[0], call.outputs[0], static_cast<uint32_t>(call.attributes<frl_axis_attrs>().axis), kMax);
}

}  // namespace

std::span<const Kernel> reduce_kernels() {
  static constexpr Kernel kKernels[] = {
      {"reduce_sum", 1, query_reduce<sum_reduction, Domain::kAny>, run_reduce<sum_reduction>},
      {"reduce_prod", 1, query_reduce<prod_reduction, Domain::kAny>, run_reduce<prod_reduction>},
      {"reduce_max", 1, query_reduce<find_max, Domain::kAny>, run_reduce<find_max>},
      {"reduce_min", 1, query_reduce<find_min, Domain::kAny>, run_reduce<find_min>},
      {"reduce_and", 1, query_reduce<find_min, Domain::kBool>, run_reduce<find_min>},
      {"reduce_or", 1, query_reduce<find_max, Domain::kBool>, run_reduce<find_max>},
      {"argmax", 1, query_arg, run_arg<true>},
      {"argmin", 1, query_arg, run_arg<false>},
  };
  return kKernels;
}

}  // namespace ferrule::cpu
