// Reductions that are one kernel: sum, prod, max, min, all, any, argmax, argmin.
#include <fmt/format.h>

#include "ops/axes.h"

namespace ferrule {

using namespace detail;

namespace {

array product_vjp(const array& x, uint32_t axes, const array& g, const Stream& s) {
  // The product of all others, from both sides: right with zeros too.
  MergedAxes rows(x, axes, s);
  array others = multiply(cumprod(rows.merged, -1, false, false, s), cumprod(rows.merged, -1, true, false, s), s);
  return multiply(g, conj(rows.restore(others, s), s), s);
}

// Shared equally by the elements that are the extreme.
array extreme_vjp(const array& x, const array& y, uint32_t axes, const array& g, const Stream& s) {
  array hit = equal(x, y, s);
  array count = sum(cast(hit, x.dtype(), s), mask_axes(axes), true, s);
  return where(hit, divide(g, count, s), scalar(0, x.dtype()), s);
}

class Reduce final : public AttributedPrimitive<frl_reduce_attrs> {
 public:
  using AttributedPrimitive::AttributedPrimitive;
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>&, const std::vector<array>& outputs) override {
    const array &x = primals[0], &g = cotangents[0];
    switch (code()) {
      case FRL_OP_reduce_sum:
        return {cast(expand(g, x.shape(), stream()), x.dtype(), stream())};
      case FRL_OP_reduce_prod:
        return {cast(product_vjp(x, attrs().axes, g, stream()), x.dtype(), stream())};
      case FRL_OP_reduce_max:
      case FRL_OP_reduce_min:
        return {extreme_vjp(x, outputs[0], attrs().axes, g, stream())};
      default:
        return {zeros_as(x, stream())};
    }
  }
  std::vector<array> decompose(const std::vector<array>& inputs) const override {
    // On bool, with true and false as the identities of empty axes.
    uint32_t same = code() == FRL_OP_reduce_and  ? FRL_OP_reduce_min
                    : code() == FRL_OP_reduce_or ? FRL_OP_reduce_max
                                                 : 0;
    if (same == 0) return {};
    return {make<Reduce>(kept_shape(inputs[0].shape(), attrs().axes), bool_, inputs, stream(), same, attrs())};
  }
};

array reduce(uint32_t code, const array& a, uint32_t axes, Dtype in, Dtype out, bool keepdims, const Stream& s) {
  if (axes == 0) return cast(a, out, s);
  array x = cast(a, in, s);
  array y = make<Reduce>(kept_shape(a.shape(), axes), out, {x}, s, code, frl_reduce_attrs{axes, 0});
  return keepdims ? y : reshape(y, dropped_shape(a.shape(), axes), s);
}

// Sums and products of small types are taken in 32 bits.
Dtype sum_dtype(Dtype t) {
  if (t == bool_ || t == int8 || t == int16) return int32;
  return t == uint8 || t == uint16 ? uint32 : t;
}

array total(uint32_t code, const array& a, uint32_t axes, bool keepdims, const StreamOrDevice& where) {
  if (axes == 0) return a;  // of no axis: nothing to add, nothing to widen
  return reduce(code, a, axes, a.dtype(), sum_dtype(a.dtype()), keepdims, to_stream(where));
}

array logical(uint32_t code, const array& a, uint32_t axes, bool keepdims, const StreamOrDevice& where) {
  Stream s = to_stream(where);
  // A reduction of an empty axis asks no element; the identity comes from the kernel.
  return reduce(code, a, axes, bool_, bool_, keepdims, s);
}

array extreme(const char* op, uint32_t code, const array& a, uint32_t axes, bool keepdims,
              const StreamOrDevice& where) {
  for (int i : mask_axes(axes)) {
    if (a.shape(i) == 0) {
      fail(op, "no elements along an axis", fmt::format("axis {} of {}", i, describe(a)), "at least one element");
    }
  }
  return reduce(code, a, axes, a.dtype(), a.dtype(), keepdims, to_stream(where));
}

class ArgReduce final : public AttributedPrimitive<frl_axis_attrs> {
 public:
  using AttributedPrimitive::AttributedPrimitive;
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>&, const std::vector<int>& argnums,
                         const std::vector<array>&) override {
    return zero_gradients(primals, argnums, stream());
  }
};

array arg_reduce(const char* op, uint32_t code, const array& a, int axis, bool keepdims, const Stream& s) {
  int at = checked_axis(op, axis, a.ndim());
  if (is_complex(a.dtype())) fail(op, "complex values have no position of an extreme", describe(a), "a real dtype");
  if (a.shape(at) == 0) {
    fail(op, "no elements along an axis", fmt::format("axis {} of {}", at, describe(a)), "at least one element");
  }
  uint32_t mask = 1u << at;
  array y = make<ArgReduce>(kept_shape(a.shape(), mask), uint32, {a}, s, code, frl_axis_attrs{at, 0});
  return keepdims ? y : reshape(y, dropped_shape(a.shape(), mask), s);
}

array arg_reduce_all(const char* op, uint32_t code, const array& a, bool keepdims, const Stream& s) {
  array y = arg_reduce(op, code, flatten(a, s), 0, false, s);
  return keepdims ? reshape(y, Shape(a.shape().size(), 1), s) : y;
}

}  // namespace

#define FERRULE_REDUCTION(name, call)                                                         \
  array name(const array& a, bool keepdims, StreamOrDevice s) {                               \
    uint32_t axes = all_axes(a.ndim());                                                       \
    return call;                                                                              \
  }                                                                                           \
  array name(const array& a, const std::vector<int>& list, bool keepdims, StreamOrDevice s) { \
    uint32_t axes = axis_mask(#name, list, a.ndim());                                         \
    return call;                                                                              \
  }                                                                                           \
  array name(const array& a, int axis, bool keepdims, StreamOrDevice s) {                     \
    uint32_t axes = 1u << checked_axis(#name, axis, a.ndim());                                \
    return call;                                                                              \
  }
FERRULE_REDUCTION(sum, total(FRL_OP_reduce_sum, a, axes, keepdims, s))
FERRULE_REDUCTION(prod, total(FRL_OP_reduce_prod, a, axes, keepdims, s))
FERRULE_REDUCTION(all, logical(FRL_OP_reduce_and, a, axes, keepdims, s))
FERRULE_REDUCTION(any, logical(FRL_OP_reduce_or, a, axes, keepdims, s))
FERRULE_REDUCTION(max, extreme("max", FRL_OP_reduce_max, a, axes, keepdims, s))
FERRULE_REDUCTION(min, extreme("min", FRL_OP_reduce_min, a, axes, keepdims, s))
#undef FERRULE_REDUCTION

#define FERRULE_ARG_REDUCTION(name)                                           \
  array name(const array& a, bool keepdims, StreamOrDevice s) {               \
    return arg_reduce_all(#name, FRL_OP_##name, a, keepdims, to_stream(s));   \
  }                                                                           \
  array name(const array& a, int axis, bool keepdims, StreamOrDevice s) {     \
    return arg_reduce(#name, FRL_OP_##name, a, axis, keepdims, to_stream(s)); \
  }
FERRULE_ARG_REDUCTION(argmax)
FERRULE_ARG_REDUCTION(argmin)
#undef FERRULE_ARG_REDUCTION

}  // namespace ferrule
