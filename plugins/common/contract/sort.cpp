#include <cinttypes>

#include "common/contract.h"

namespace ferrule::plugin {
namespace {

const char* check_order(const frl_call& call, int32_t axis, bool indices, std::span<char> reason) {
  const frl_tensor &x = call.inputs[0], &out = call.outputs[0];
  if (const char* bad = check_tensor(x, Domain::kReal, "x", reason)) return bad;
  if (const char* bad = check_axis(x, axis, reason)) return bad;
  if (const char* bad = check_same_shape(x, out, -1, "out", reason)) return bad;
  if (const char* bad = check_dtype(out.dtype, indices ? uint32_t{FRL_DTYPE_U32} : x.dtype, "out", reason)) return bad;
  if (indices && x.shape[axis] > (int64_t{1} << 32))
    return reject(reason, "got extent %" PRId64 " on the axis; expected at most 2^32", x.shape[axis]);
  return nullptr;
}

}  // namespace

const char* check_sort(const frl_call& call, bool indices, std::span<char> reason) {
  return check_order(call, static_cast<const frl_axis_attrs*>(call.attrs)->axis, indices, reason);
}

const char* check_partition(const frl_call& call, bool indices, std::span<char> reason) {
  const auto& attrs = *static_cast<const frl_partition_attrs*>(call.attrs);
  if (const char* bad = check_order(call, attrs.axis, indices, reason)) return bad;
  const int64_t kth = attrs.kth, extent = call.inputs[0].shape[attrs.axis];
  if (kth < 0 || (kth >= extent && extent > 0))
    return reject(reason, "got kth %" PRId64 "; expected 0 to %" PRId64, kth, extent - 1);
  return nullptr;
}

const char* check_searchsorted(const frl_call& call, std::span<char> reason) {
  const frl_tensor &a = call.inputs[0], &v = call.inputs[1], &out = call.outputs[0];
  if (const char* bad = check_tensor(a, Domain::kReal, "a", reason)) return bad;
  if (const char* bad = check_tensor(v, Domain::kReal, "v", reason)) return bad;
  if (a.ndim != 1) return reject(reason, "a: got rank %u; expected 1", a.ndim);
  if (a.shape[0] > int64_t{UINT32_MAX})
    return reject(reason, "a: got extent %" PRId64 "; expected less than 2^32", a.shape[0]);
  if (const char* bad = check_dtype(v.dtype, a.dtype, "v", reason)) return bad;
  if (const char* bad = check_same_shape(v, out, -1, "out", reason)) return bad;
  return check_dtype(out.dtype, FRL_DTYPE_U32, "out", reason);
}

}  // namespace ferrule::plugin
