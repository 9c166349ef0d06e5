// The suite's own reference: what each op must give, in long double, from the operands as stored. Pure functions, by
// the rules of docs/numerics.md; independent of any backend.
#pragma once

#include <vector>

#include "ferrule/op_attrs.h"
#include "judge.h"
#include "op_table.h"

namespace ferrule::conformance {

using Wants = std::vector<Want>;

// -- elementwise: one element --
Want want_unary(const Op& op, uint32_t dtype, const Value& x);
Want want_binary(const Op& op, uint32_t dtype, const Value& x, const Value& y);
// NaN first, then IEEE or lexicographic order: what maximum, sort and argmax agree on.
bool less(uint32_t dtype, const Value& a, const Value& b);          // false with NaN
bool sorts_before(uint32_t dtype, const Value& a, const Value& b);  // NaN last
Value pick_extreme(uint32_t dtype, bool maximum, const Value& a, const Value& b);
Real erfinv(Real x);

// -- elementwise: whole tensors; all operands have the output's shape --
Wants want_elementwise(const Op& op, const std::vector<const Tensor*>& inputs, uint32_t out_dtype);

// -- reductions, scans, order --
Wants want_reduce(const Op& op, const Tensor& x, uint32_t axes, uint32_t out_dtype);
Wants want_arg_reduce(const Op& op, const Tensor& x, int axis);
Wants want_scan(const Op& op, const Tensor& x, const frl_scan_attrs& attrs);
Wants want_sort(const Tensor& x, int axis);
Wants want_argsort(const Tensor& x, int axis);

// -- products --
Wants want_matmul(const Tensor* c, const Tensor& a, const Tensor& b, Real alpha, Real beta);
Wants want_conv(const Op& op, const Tensor& first, const Tensor& second, const frl_conv_attrs& attrs,
                const Shape& out_shape);

// -- indexing --
Wants want_gather(const Tensor& x, const std::vector<Tensor>& indices, const frl_gather_attrs& attrs);
Wants want_scatter(const Tensor& x, const std::vector<Tensor>& indices, const Tensor& updates,
                   const frl_scatter_attrs& attrs);
Wants want_gather_axis(const Tensor& x, const Tensor& indices, int axis);
Wants want_scatter_axis(const Tensor& x, const Tensor& indices, const Tensor& updates, int axis, uint32_t mode);
Wants want_masked_scatter(const Tensor& x, const Tensor& mask, const Tensor& source);
Wants want_searchsorted(const Tensor& a, const Tensor& v, bool right);
Wants want_pad(const Tensor& x, const Tensor& value, const frl_pad_attrs& attrs, const Shape& out_shape);
Wants want_arange(uint32_t dtype, int64_t n, const frl_arange_attrs& attrs, std::vector<Wants>& alternatives);
Wants want_random_bits(const Tensor& keys, uint32_t out_dtype, int64_t m);

// -- rows --
Wants want_softmax(const Tensor& x, int axis, bool precise);
Wants want_logsumexp(const Tensor& x, int axis);
Wants want_rms_norm(const Tensor& x, const Tensor* weight, float eps);
Wants want_layer_norm(const Tensor& x, const Tensor* weight, const Tensor* bias, float eps);
std::vector<Wants> want_rms_norm_vjp(const Tensor& x, const Tensor* weight, const Tensor& g, float eps);
std::vector<Wants> want_layer_norm_vjp(const Tensor& x, const Tensor* weight, const Tensor& g, float eps);

}  // namespace ferrule::conformance
