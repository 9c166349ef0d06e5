// The kernels of the reduce family: queries and entry points.
#include "common/check.h"
#include "kernel.h"
#include "reduce/arg_reduce.h"
#include "reduce/reduce.h"

namespace ferrule::cpu {
namespace {

using namespace plugin;

const char* check_reduced_shape(const frl_tensor& x, const frl_tensor& out, uint32_t axes, std::span<char> reason) {
  if (x.ndim < 32 && (axes >> x.ndim) != 0) return reject(reason, "got axes mask 0x%x for rank %u", axes, x.ndim);
  if (out.ndim != x.ndim) return reject(reason, "out: got rank %u; expected %u", out.ndim, x.ndim);
  for (uint32_t i = 0; i < x.ndim; ++i) {
    const int64_t expected = (axes >> i) & 1u ? 1 : x.shape[i];
    if (out.shape[i] != expected)
      return reject(reason, "out: got extent %lld on axis %u; expected %lld", static_cast<long long>(out.shape[i]), i,
                    static_cast<long long>(expected));
  }
  return nullptr;
}

template <Reduction (*Find)(uint32_t in, uint32_t out), Domain kDomain>
const char* query_reduce(const frl_call& call, frl_requirements& out, std::span<char> reason) {
  const frl_tensor& x = call.inputs[0];
  const frl_tensor& y = call.outputs[0];
  if (const char* bad = check_tensor(x, kDomain, "x", reason)) return bad;
  if (const char* bad = check_tensor(y, Domain::kAny, "out", reason)) return bad;
  const auto& attrs = *static_cast<const frl_reduce_attrs*>(call.attrs);
  if (const char* bad = check_reduced_shape(x, y, attrs.axes, reason)) return bad;
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
  const frl_tensor& x = call.inputs[0];
  const frl_tensor& y = call.outputs[0];
  if (const char* bad = check_tensor(x, Domain::kReal, "x", reason)) return bad;
  if (const char* bad = check_dtype(y.dtype, FRL_DTYPE_U32, "out", reason)) return bad;
  const int32_t axis = static_cast<const frl_axis_attrs*>(call.attrs)->axis;
  if (const char* bad = check_axis(x, axis, reason)) return bad;
  if (const char* bad = check_reduced_shape(x, y, 1u << axis, reason)) return bad;
  const int64_t extent = x.shape[axis];
  if (extent < 1 || extent > (int64_t{1} << 32))
    return reject(reason, "got extent %lld on the axis; expected 1 to 2^32", static_cast<long long>(extent));
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
