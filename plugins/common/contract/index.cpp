#include <cinttypes>

#include "common/contract.h"

namespace ferrule::plugin {
namespace {

using Reason = std::span<char>;

// Index operands 1 .. n: one integer dtype, one shape.
const char* check_indices(const frl_call& call, uint32_t n, Reason reason) {
  for (uint32_t k = 1; k <= n; ++k) {
    if (const char* bad = check_tensor(call.inputs[k], Domain::kInteger, "indices", reason)) return bad;
    if (const char* bad = check_dtype(call.inputs[k].dtype, call.inputs[1].dtype, "indices", reason)) return bad;
    if (const char* bad = check_same_shape(call.inputs[1], call.inputs[k], -1, "indices", reason)) return bad;
  }
  return nullptr;
}

const char* check_axes(const frl_tensor& x, const int32_t* axes, uint32_t n, Reason reason) {
  uint32_t seen = 0;
  for (uint32_t k = 0; k < n; ++k) {
    if (const char* bad = check_axis(x, axes[k], reason)) return bad;
    if ((seen >> axes[k]) & 1u) return reject(reason, "got axis %d twice", axes[k]);
    seen |= 1u << axes[k];
  }
  return nullptr;
}

// t's shape is the indices' shape followed by `slice` (x's rank).
const char* check_gathered(const frl_tensor& t, const frl_call& call, uint32_t n, const int64_t* slice, uint32_t rank,
                           const char* what, Reason reason) {
  const uint32_t index_rank = n > 0 ? call.inputs[1].ndim : 0;
  if (t.ndim != index_rank + rank)
    return reject(reason, "%s: got rank %u; expected %u", what, t.ndim, index_rank + rank);
  for (uint32_t i = 0; i < t.ndim; ++i) {
    const int64_t expected = i < index_rank ? call.inputs[1].shape[i] : slice[i - index_rank];
    if (t.shape[i] != expected)
      return reject(reason, "%s: got extent %" PRId64 " on axis %u; expected %" PRId64, what, t.shape[i], i, expected);
  }
  return nullptr;
}

// A slice that is longer than its axis fits nowhere, unless there is none.
const char* check_slices(const frl_tensor& x, const int64_t* slice, const frl_tensor& slices, const char* what,
                         Reason reason) {
  const bool empty = element_count(slices) == 0;
  for (uint32_t i = 0; i < x.ndim; ++i)
    if (slice[i] < 0 || (slice[i] > x.shape[i] && !empty))
      return reject(reason, "%s: got slice extent %" PRId64 " on axis %u; expected 0 to %" PRId64, what, slice[i], i,
                    x.shape[i]);
  return nullptr;
}

}  // namespace

const char* check_gather(const frl_call& call, Reason reason) {
  const auto& attrs = *static_cast<const frl_gather_attrs*>(call.attrs);
  const frl_tensor &x = call.inputs[0], &y = call.outputs[0];
  if (const char* bad = check_tensor(x, Domain::kAny, "x", reason)) return bad;
  if (const char* bad = check_tensor(y, Domain::kAny, "out", reason)) return bad;
  if (attrs.n_axes > FRL_MAX_DIMS || call.n_inputs != attrs.n_axes + 1)
    return reject(reason, "got %u inputs; expected x and %u index arrays", call.n_inputs, attrs.n_axes);
  if (const char* bad = check_indices(call, attrs.n_axes, reason)) return bad;
  if (const char* bad = check_axes(x, attrs.axes, attrs.n_axes, reason)) return bad;
  if (const char* bad = check_slices(x, attrs.slice_sizes, y, "x", reason)) return bad;
  if (const char* bad = check_gathered(y, call, attrs.n_axes, attrs.slice_sizes, x.ndim, "out", reason)) return bad;
  return check_dtype(y.dtype, x.dtype, "out", reason);
}

const char* check_scatter(const frl_call& call, Reason reason) {
  const auto& attrs = *static_cast<const frl_scatter_attrs*>(call.attrs);
  const frl_tensor &x = call.inputs[0], &y = call.outputs[0];
  if (const char* bad = check_tensor(x, Domain::kAny, "x", reason)) return bad;
  if (attrs.mode > FRL_SCATTER_MIN) return reject(reason, "got scatter mode %u; expected 0 to 4", attrs.mode);
  if (attrs.n_axes > FRL_MAX_DIMS || call.n_inputs != attrs.n_axes + 2)
    return reject(reason, "got %u inputs; expected x, %u index arrays and updates", call.n_inputs, attrs.n_axes);
  if (const char* bad = check_indices(call, attrs.n_axes, reason)) return bad;
  if (const char* bad = check_axes(x, attrs.axes, attrs.n_axes, reason)) return bad;
  if (const char* bad = check_dtype(y.dtype, x.dtype, "out", reason)) return bad;
  if (const char* bad = check_same_shape(x, y, -1, "out", reason)) return bad;
  const frl_tensor& updates = call.inputs[attrs.n_axes + 1];
  if (const char* bad = check_tensor(updates, Domain::kAny, "updates", reason)) return bad;
  if (const char* bad = check_dtype(updates.dtype, x.dtype, "updates", reason)) return bad;
  if (updates.ndim < x.ndim) return reject(reason, "updates: got rank %u; expected %u or more", updates.ndim, x.ndim);
  const int64_t* slice = updates.shape + (updates.ndim - x.ndim);
  if (const char* bad = check_gathered(updates, call, attrs.n_axes, slice, x.ndim, "updates", reason)) return bad;
  return check_slices(x, slice, updates, "updates", reason);
}

const char* check_gather_axis(const frl_call& call, Reason reason) {
  const int32_t axis = static_cast<const frl_axis_attrs*>(call.attrs)->axis;
  const frl_tensor &x = call.inputs[0], &y = call.outputs[0];
  if (const char* bad = check_tensor(x, Domain::kAny, "x", reason)) return bad;
  if (const char* bad = check_indices(call, 1, reason)) return bad;
  if (const char* bad = check_axis(x, axis, reason)) return bad;
  if (const char* bad = check_same_shape(x, call.inputs[1], axis, "indices", reason)) return bad;
  if (const char* bad = check_same_shape(call.inputs[1], y, -1, "out", reason)) return bad;
  if (const char* bad = check_dtype(y.dtype, x.dtype, "out", reason)) return bad;
  if (x.shape[axis] == 0 && element_count(y) > 0) return reject(reason, "got an empty axis to gather from");
  return nullptr;
}

const char* check_scatter_axis(const frl_call& call, Reason reason) {
  const auto& attrs = *static_cast<const frl_scatter_axis_attrs*>(call.attrs);
  const frl_tensor &x = call.inputs[0], &updates = call.inputs[2], &y = call.outputs[0];
  if (const char* bad = check_tensor(x, Domain::kAny, "x", reason)) return bad;
  if (attrs.mode > FRL_SCATTER_SUM) return reject(reason, "got scatter mode %u; expected 0 or 1", attrs.mode);
  if (const char* bad = check_indices(call, 1, reason)) return bad;
  if (const char* bad = check_axis(x, attrs.axis, reason)) return bad;
  if (const char* bad = check_same_shape(x, call.inputs[1], attrs.axis, "indices", reason)) return bad;
  if (const char* bad = check_same_shape(call.inputs[1], updates, -1, "updates", reason)) return bad;
  if (const char* bad = check_same_shape(x, y, -1, "out", reason)) return bad;
  if (const char* bad = check_dtype(updates.dtype, x.dtype, "updates", reason)) return bad;
  return check_dtype(y.dtype, x.dtype, "out", reason);
}

const char* check_masked_scatter(const frl_call& call, Reason reason) {
  const frl_tensor &x = call.inputs[0], &mask = call.inputs[1], &source = call.inputs[2], &y = call.outputs[0];
  if (const char* bad = check_tensor(x, Domain::kAny, "x", reason)) return bad;
  if (const char* bad = check_tensor(mask, Domain::kBool, "mask", reason)) return bad;
  if (const char* bad = check_tensor(source, Domain::kAny, "source", reason)) return bad;
  if (source.ndim != 1) return reject(reason, "source: got rank %u; expected 1", source.ndim);
  if (const char* bad = check_same_shape(x, mask, -1, "mask", reason)) return bad;
  if (const char* bad = check_same_shape(x, y, -1, "out", reason)) return bad;
  if (const char* bad = check_dtype(source.dtype, x.dtype, "source", reason)) return bad;
  return check_dtype(y.dtype, x.dtype, "out", reason);
}

}  // namespace ferrule::plugin
