#include <algorithm>
#include <cinttypes>

#include "common/contract.h"

namespace ferrule::plugin {
namespace {

const char* check_parameter(const frl_tensor& p, const frl_tensor& x, const char* what, std::span<char> reason) {
  if (p.ndim != 1) return reject(reason, "%s: got rank %u; expected 1", what, p.ndim);
  if (p.shape[0] != x.shape[x.ndim - 1])
    return reject(reason, "%s: got extent %" PRId64 "; expected %" PRId64, what, p.shape[0], x.shape[x.ndim - 1]);
  return check_dtype(p.dtype, x.dtype, what, reason);
}

}  // namespace

const char* check_softmax(const frl_call& call, std::span<char> reason) {
  const frl_tensor &x = call.inputs[0], &y = call.outputs[0];
  if (const char* bad = check_tensor(x, Domain::kFloating, "x", reason)) return bad;
  if (const char* bad = check_axis(x, static_cast<const frl_softmax_attrs*>(call.attrs)->axis, reason)) return bad;
  if (const char* bad = check_same_shape(x, y, -1, "out", reason)) return bad;
  return check_dtype(y.dtype, x.dtype, "out", reason);
}

const char* check_logsumexp(const frl_call& call, std::span<char> reason) {
  const frl_tensor &x = call.inputs[0], &y = call.outputs[0];
  const int32_t axis = static_cast<const frl_axis_attrs*>(call.attrs)->axis;
  if (const char* bad = check_tensor(x, Domain::kFloating, "x", reason)) return bad;
  if (const char* bad = check_axis(x, axis, reason)) return bad;
  if (const char* bad = check_same_shape(x, y, axis, "out", reason)) return bad;
  if (y.shape[axis] != 1) return reject(reason, "out: got extent %" PRId64 " on the axis; expected 1", y.shape[axis]);
  return check_dtype(y.dtype, x.dtype, "out", reason);
}

// x, then the parameters, optional and without a gradient to be left out, then g for gradients.
const char* check_norm(const frl_call& call, uint32_t parameters, bool gradient, std::span<char> reason) {
  const frl_tensor &x = call.inputs[0], &y = call.outputs[0];
  if (const char* bad = check_tensor(x, Domain::kFloating, "x", reason)) return bad;
  if (x.ndim == 0) return reject(reason, "x: got rank 0; expected 1 or more");
  const uint32_t given = gradient ? parameters : std::min<uint32_t>(parameters, call.n_inputs - 1u);
  for (uint32_t k = 1; k <= given; ++k) {
    if (call.inputs[k].dtype == FRL_NONE) continue;
    if (const char* bad = check_parameter(call.inputs[k], x, k == 1 ? "weight" : "bias", reason)) return bad;
  }
  if (gradient) {
    const frl_tensor& g = call.inputs[parameters + 1];
    if (const char* bad = check_same_shape(x, g, -1, "g", reason)) return bad;
    if (const char* bad = check_dtype(g.dtype, x.dtype, "g", reason)) return bad;
    for (uint32_t k = 1; k <= parameters; ++k)
      if (const char* bad = check_parameter(call.outputs[k], x, k == 1 ? "gweight" : "gbias", reason)) return bad;
  }
  if (const char* bad = check_same_shape(x, y, -1, "out", reason)) return bad;
  return check_dtype(y.dtype, x.dtype, "out", reason);
}

}  // namespace ferrule::plugin
