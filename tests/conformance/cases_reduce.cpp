// Reductions and argument searches: every dtype, sets of axes, layouts, empty extents, long rows.
#include <gtest/gtest.h>

#include <limits>

#include "catalog.h"
#include "data.h"

namespace ferrule::conformance {
namespace {

using enum LayoutKind;

struct Arrangement {
  Shape shape;
  uint32_t axes;
  LayoutKind layout = CONTIGUOUS;
  uint32_t broadcast_axes = 0;
};

const std::vector<Arrangement>& arrangements() {
  static const std::vector<Arrangement> list = {
      {{}, 0},
      {{3, 4}, 0},
      {{1}, 1},
      {{131}, 1},
      {{7, 19}, 1},
      {{7, 19}, 2},
      {{7, 19}, 3},
      {{4, 5, 6}, 1},
      {{4, 5, 6}, 2},
      {{4, 5, 6}, 4},
      {{4, 5, 6}, 5},
      {{4, 5, 6}, 6},
      {{4, 5, 6}, 7},
      {{5, 0}, 2},
      {{0, 5}, 1},
      {{3, 0, 2}, 7},
      {{2, 1, 3, 1, 2, 1, 1, 2, 1, 3}, 0x3ff},
      {{2, 1, 3, 1, 2, 1, 1, 2, 1, 3}, 0x114},
      {{9, 33}, 1, TRANSPOSED},
      {{9, 33}, 2, TRANSPOSED},
      {{3, 5, 17}, 5, TRANSPOSED},
      {{6, 41}, 2, SLICED},
      {{6, 41}, 1, SLICED},
      {{6, 41}, 3, NEGATIVE},
      {{6, 37}, 1, BROADCAST, 1},
      {{6, 37}, 2, BROADCAST, 1},
      {{7, 19}, 2, PADDED},
      {{3, 4099}, 2},
      {{1000, 3}, 1},
  };
  return list;
}

std::string name_of(const Arrangement& a) {
  return std::string(layout_name(a.layout)) + "_axes" + std::to_string(a.axes);
}

Tensor values_for(const Op& op, uint32_t dtype, const Arrangement& a, Random& random) {
  Tensor x(dtype, a.shape);
  const bool sum = op.code == FRL_OP_reduce_sum, product = op.code == FRL_OP_reduce_prod;
  if (!is_inexact(dtype)) {
    fill_mixed(x, random);
    if (product)  // even factors soon give 0 modulo a power of two
      for (int64_t i = 0; i < x.size(); ++i)
        if (!is_bool(dtype) && random.below(4)) x.set(i, static_cast<Real>(1 + 2 * random.below(20)));
    if (is_bool(dtype) && (product || op.code == FRL_OP_reduce_and || op.code == FRL_OP_reduce_min))
      for (int64_t i = 0; i < x.size(); ++i) x.set(i, static_cast<Real>(random.below(40) != 0));
  } else if (sum) {
    fill_moderate(x, random, -4, 4);
  } else if (product) {
    for (int64_t i = 0; i < x.size(); ++i) {
      const Real size = random.uniform(0.9L, 1.1L), sign = random.below(2) ? 1 : -1;
      x.set(i, is_complex(dtype) ? Value{round_to(FRL_DTYPE_F32, size * 0.6L), round_to(FRL_DTYPE_F32, sign * 0.8L)}
                                 : Value{round_to(dtype, size * sign), 0});
    }
  } else {
    fill_mixed(x, random);
    for (int64_t i = 0; i < x.size(); ++i)  // NaN in some rows only
      if (has_nan(dtype, x.at(i)) && random.below(8)) x.set(i, Value{1, 2});
  }
  repeat_axes(x, a.broadcast_axes);
  return x;
}

void check_reduce(Context& context, const Op& op, Operand x, uint32_t axes) {
  Launch launch;
  launch.op = &op;
  launch.set_attrs(frl_reduce_attrs{axes, 0});
  Shape out = x.tensor.shape;
  for (size_t i = 0; i < out.size(); ++i)
    if ((axes >> i) & 1u) out[i] = 1;
  launch.outputs = {Operand(Tensor(op.result_dtype(x.tensor.dtype), out))};
  const Wants wants = want_reduce(op, x.tensor, axes, launch.outputs[0].tensor.dtype);
  launch.inputs = {std::move(x)};
  check(context, launch, {wants});
}

void check_arg_reduce(Context& context, const Op& op, Operand x, int axis) {
  Launch launch;
  launch.op = &op;
  launch.set_attrs(frl_axis_attrs{axis, 0});
  Shape out = x.tensor.shape;
  out[static_cast<size_t>(axis)] = 1;
  launch.outputs = {Operand(Tensor(FRL_DTYPE_U32, out))};
  const Wants wants = want_arg_reduce(op, x.tensor, axis);
  launch.inputs = {std::move(x)};
  check(context, launch, {wants});
}

// Sums where a lost tail, half precision or TF32 shows: mixed signs and a large K; a single term at the end.
void add_long_sums(Catalog& catalog, const Op& op, uint32_t dtype) {
  for (const Shape& shape : {Shape{16384}, Shape{2, 16383}, Shape{16385, 2}}) {
    const uint32_t axes = shape.size() == 2 && shape[0] == 2 ? 2 : 1;
    const std::string id = case_id("reduce", op, dtype, "long_axes" + std::to_string(axes), shape);
    catalog.add(id, op.profile, [&op, id, dtype, shape, axes](Context& context) {
      Random random(id);
      check_reduce(context, op, Operand(moderate(dtype, shape, random, -1, 1)), axes);
    });
  }
  const std::string id = case_id("reduce", op, dtype, "last_term_axes1", {1021});
  catalog.add(id, op.profile, [&op, dtype](Context& context) {
    Tensor x(dtype, {1021});
    x.set(1020, Real{1});
    check_reduce(context, op, Operand(std::move(x)), 1);
  });
  const std::string special = case_id("reduce", op, dtype, "special_axes2", {6, 67});
  catalog.add(special, op.profile, [&op, special, dtype](Context& context) {
    Random random(special);
    Tensor x = moderate(dtype, {6, 67}, random);
    const Real inf = std::numeric_limits<Real>::infinity(), nan = std::numeric_limits<Real>::quiet_NaN();
    x.set(0 * 67 + 66, inf);
    x.set(1 * 67 + 3, -inf);
    x.set(2 * 67 + 65, nan);
    x.set(3 * 67 + 1, inf);
    x.set(3 * 67 + 64, -inf);
    check_reduce(context, op, Operand(std::move(x)), 2);
  });
}

}  // namespace

void add_reduce_cases(Catalog& catalog) {
  for (const Op& op : all_ops()) {
    if (op.code < FRL_OP_reduce_sum || op.code > FRL_OP_argmin) continue;
    const bool search = op.code == FRL_OP_argmax || op.code == FRL_OP_argmin;
    for (const Dtype& d : all_dtypes()) {
      if (!op.takes(d.code)) continue;
      for (const Arrangement& a : arrangements()) {
        const std::string id = case_id("reduce", op, d.code, name_of(a), a.shape);
        if (search) {
          int axis = -1;  // one axis, not empty
          for (int i = 0; i < static_cast<int>(a.shape.size()); ++i)
            if (a.axes == 1u << i) axis = i;
          if (axis < 0 || count(a.shape) == 0) continue;
          catalog.add(id, op.profile, [&op, &a, id, axis, code = d.code](Context& context) {
            Random random(id);
            Tensor x = values_for(op, code, a, random);
            for (int64_t i = 0; i < x.size(); ++i)  // ties
              if (random.below(3) == 0) x.set(i, is_bool(code) ? Real{1} : Real{3});
            repeat_axes(x, a.broadcast_axes);
            check_arg_reduce(context, op, Operand(std::move(x), a.layout, a.broadcast_axes), axis);
          });
        } else {
          catalog.add(id, op.profile, [&op, &a, id, code = d.code](Context& context) {
            Random random(id);
            check_reduce(context, op, Operand(values_for(op, code, a, random), a.layout, a.broadcast_axes), a.axes);
          });
        }
      }
      if (op.code == FRL_OP_reduce_sum && is_float(d.code)) add_long_sums(catalog, op, d.code);
    }
  }
}

}  // namespace ferrule::conformance
