// Reductions and scans.
#include <cinttypes>

#include "common/contract.h"

namespace ferrule::plugin {
namespace {

const char* check_reduced_shape(const frl_tensor& x, const frl_tensor& out, uint32_t axes, std::span<char> reason) {
  if ((axes >> x.ndim) != 0) return reject(reason, "got axes mask 0x%x for rank %u", axes, x.ndim);
  if (out.ndim != x.ndim) return reject(reason, "out: got rank %u; expected %u", out.ndim, x.ndim);
  for (uint32_t i = 0; i < x.ndim; ++i) {
    const int64_t expected = (axes >> i) & 1u ? 1 : x.shape[i];
    if (out.shape[i] != expected)
      return reject(reason, "out: got extent %" PRId64 " on axis %u; expected %" PRId64, out.shape[i], i, expected);
  }
  return nullptr;
}

}  // namespace

const char* check_reduce(const frl_call& call, Domain domain, std::span<char> reason) {
  const frl_tensor &x = call.inputs[0], &out = call.outputs[0];
  if (const char* bad = check_tensor(x, domain, "x", reason)) return bad;
  if (const char* bad = check_tensor(out, Domain::kAny, "out", reason)) return bad;
  return check_reduced_shape(x, out, static_cast<const frl_reduce_attrs*>(call.attrs)->axes, reason);
}

const char* check_arg_reduce(const frl_call& call, std::span<char> reason) {
  const frl_tensor &x = call.inputs[0], &out = call.outputs[0];
  if (const char* bad = check_tensor(x, Domain::kReal, "x", reason)) return bad;
  if (const char* bad = check_dtype(out.dtype, FRL_DTYPE_U32, "out", reason)) return bad;
  const int32_t axis = static_cast<const frl_axis_attrs*>(call.attrs)->axis;
  if (const char* bad = check_axis(x, axis, reason)) return bad;
  if (const char* bad = check_reduced_shape(x, out, 1u << axis, reason)) return bad;
  const int64_t extent = x.shape[axis];
  if (extent < 1 || extent > (int64_t{1} << 32))
    return reject(reason, "got extent %" PRId64 " on the axis; expected 1 to 2^32", extent);
  return nullptr;
}

const char* check_scan(const frl_call& call, Domain domain, std::span<char> reason) {
  const frl_tensor &x = call.inputs[0], &out = call.outputs[0];
  if (const char* bad = check_tensor(x, domain, "x", reason)) return bad;
  if (const char* bad = check_axis(x, static_cast<const frl_scan_attrs*>(call.attrs)->axis, reason)) return bad;
  if (const char* bad = check_same_shape(x, out, -1, "out", reason)) return bad;
  return check_dtype(out.dtype, x.dtype, "out", reason);
}

}  // namespace ferrule::plugin
