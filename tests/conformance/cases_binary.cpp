// Binary elementwise ops and select: every dtype, pairs of layouts, all pairs of special values.
#include <cmath>

#include <gtest/gtest.h>

#include "catalog.h"
#include "data.h"

namespace ferrule::conformance {
namespace {

struct Arrangement {
  const char* name;
  Shape shape;
  LayoutKind a, b, out;
  uint32_t broadcast_a, broadcast_b;
  int reuse;
};

const std::vector<Arrangement>& arrangements() {
  using enum LayoutKind;
  static const std::vector<Arrangement> list = {
      {"contiguous", {}, CONTIGUOUS, CONTIGUOUS, CONTIGUOUS, 0, 0, -1},
      {"contiguous", {1}, CONTIGUOUS, CONTIGUOUS, CONTIGUOUS, 0, 0, -1},
      {"contiguous", {131}, CONTIGUOUS, CONTIGUOUS, CONTIGUOUS, 0, 0, -1},
      {"contiguous", {0, 5}, CONTIGUOUS, CONTIGUOUS, CONTIGUOUS, 0, 0, -1},
      {"transposed+contiguous", {5, 3, 7}, TRANSPOSED, CONTIGUOUS, CONTIGUOUS, 0, 0, -1},
      {"contiguous+transposed", {21, 33}, CONTIGUOUS, TRANSPOSED, CONTIGUOUS, 0, 0, -1},
      {"transposed+transposed", {13, 21}, TRANSPOSED, TRANSPOSED, CONTIGUOUS, 0, 0, -1},
      {"broadcast+broadcast", {5, 37}, BROADCAST, BROADCAST, CONTIGUOUS, 1, 2, -1},
      {"contiguous+broadcast", {5, 37}, CONTIGUOUS, BROADCAST, CONTIGUOUS, 0, 1, -1},
      {"broadcast+contiguous", {4, 3, 17}, BROADCAST, CONTIGUOUS, CONTIGUOUS, 6, 0, -1},
      {"sliced+negative", {6, 41}, SLICED, NEGATIVE, CONTIGUOUS, 0, 0, -1},
      {"padded+contiguous", {7, 19}, PADDED, CONTIGUOUS, CONTIGUOUS, 0, 0, -1},
      {"inline+inline", {}, INLINE, INLINE, CONTIGUOUS, 0, 0, -1},
      {"inline+contiguous", {43}, INLINE, CONTIGUOUS, CONTIGUOUS, 1, 0, -1},
      {"contiguous+inline", {43}, CONTIGUOUS, INLINE, CONTIGUOUS, 0, 1, -1},
      {"contiguous+inline", {5, 9}, TRANSPOSED, INLINE, CONTIGUOUS, 0, 3, -1},
      {"transposed+sliced", {2, 1, 3, 1, 2, 1, 1, 2, 1, 3}, TRANSPOSED, SLICED, CONTIGUOUS, 0, 0, -1},
      {"reused0", {67}, CONTIGUOUS, CONTIGUOUS, CONTIGUOUS, 0, 0, 0},
      {"reused1", {67}, CONTIGUOUS, CONTIGUOUS, CONTIGUOUS, 0, 0, 1},
      {"to_sliced", {5, 19}, CONTIGUOUS, CONTIGUOUS, SLICED, 0, 0, -1},
  };
  return list;
}

Tensor values_for(const Op& op, uint32_t dtype, const Shape& shape, Random& random) {
  const bool judged_by_parts = op.tolerance == Tolerance::EXACT || op.code == FRL_OP_add || op.code == FRL_OP_subtract;
  if (is_complex(dtype) && !judged_by_parts) return moderate(dtype, shape, random, -3, 3);
  return mixed(dtype, shape, random);
}

// Small exponents and shift amounts reach more results than random words do.
Tensor second_for(const Op& op, uint32_t dtype, const Shape& shape, Random& random) {
  Tensor t = values_for(op, dtype, shape, random);
  const bool amount = op.code == FRL_OP_power || op.code == FRL_OP_left_shift || op.code == FRL_OP_right_shift;
  if (!amount || !is_integer(dtype)) return t;
  for (int64_t i = 0; i < t.size(); ++i)
    if (random.below(3)) t.set(i, static_cast<Real>(random.below(conformance::dtype(dtype).bytes * 8 + 2)));
  return t;
}

void check_binary(Context& context, const Op& op, Operand a, Operand b, LayoutKind out, int reuse) {
  Launch launch;
  launch.op = &op;
  launch.reuse = reuse;
  launch.outputs = {Operand(Tensor(op.result_dtype(a.tensor.dtype), a.tensor.shape), out)};
  const Wants wants = want_elementwise(op, {&a.tensor, &b.tensor}, launch.outputs[0].tensor.dtype);
  launch.inputs = {std::move(a), std::move(b)};
  check(context, launch, {wants});
}

void add_pairs(Catalog& catalog, const Op& op, const Dtype& d) {
  const uint32_t code = d.code;
  const bool ordinary_only =
      is_complex(code) && op.tolerance != Tolerance::EXACT && op.code != FRL_OP_add && op.code != FRL_OP_subtract;
  if (!ordinary_only) {
    const auto n = static_cast<int64_t>(special_values(code).size());
    catalog.add(case_id("binary", op, code, "special_pairs", {n, n}), op.profile, [&op, code, n](Context& context) {
      const std::vector<Value> special = special_values(code);
      Tensor a(code, {n, n}), b(code, {n, n});
      for (int64_t i = 0; i < n * n; ++i) {
        a.set(i, special[static_cast<size_t>(i / n)]);
        b.set(i, special[static_cast<size_t>(i % n)]);
      }
      check_binary(context, op, Operand(a), Operand(b), LayoutKind::CONTIGUOUS, -1);
    });
  }
  if (d.bytes == 1 && !is_bool(code)) {
    catalog.add(case_id("binary", op, code, "every_pair", {256, 256}), op.profile, [&op, code](Context& context) {
      Tensor a(code, {256, 256}), b(code, {256, 256});
      for (int64_t i = 0; i < a.size(); ++i) {
        *a.address(i) = static_cast<std::byte>(i >> 8);
        *b.address(i) = static_cast<std::byte>(i);
      }
      check_binary(context, op, Operand(a), Operand(b), LayoutKind::CONTIGUOUS, -1);
    });
  } else if (!is_bool(code)) {
    const std::string id = case_id("binary", op, code, "sweep", {5003});
    catalog.add(id, op.profile, [&op, id, code](Context& context) {
      Random random(id);
      check_binary(context, op, Operand(values_for(op, code, {5003}, random)),
                   Operand(second_for(op, code, {5003}, random)), LayoutKind::CONTIGUOUS, -1);
    });
  }
}

void add_select(Catalog& catalog) {
  const Op& op = conformance::op("select");
  for (const Dtype& d : all_dtypes())
    for (const Arrangement& a : arrangements()) {
      const std::string id = case_id("select", op, d.code, a.name, a.shape);
      catalog.add(id, op.profile, [&op, &a, id, code = d.code](Context& context) {
        Random random(id);
        Tensor condition(FRL_DTYPE_BOOL, a.shape), x(code, a.shape), y(code, a.shape);
        fill_bits(condition, random, true);
        fill_bits(x, random);
        fill_bits(y, random);
        const uint32_t mask_x = a.broadcast_a, mask_y = a.broadcast_b;
        repeat_axes(x, mask_x);
        repeat_axes(y, mask_y);
        Launch launch;
        launch.op = &op;
        launch.reuse = a.reuse < 0 ? -1 : a.reuse + 1;
        launch.outputs = {Operand(Tensor(code, a.shape), a.out)};
        const Wants wants = want_elementwise(op, {&condition, &x, &y}, code);
        launch.inputs = {Operand(condition, a.a == LayoutKind::INLINE ? LayoutKind::CONTIGUOUS : a.a),
                         Operand(x, a.a, mask_x), Operand(y, a.b, mask_y)};
        if (a.a == LayoutKind::BROADCAST) launch.inputs[0] = Operand(condition);
        check(context, launch, {wants});
      });
    }
}

}  // namespace

void add_binary_cases(Catalog& catalog) {
  for (const Op& op : all_ops()) {
    if (op.code < FRL_OP_add || op.code > FRL_OP_right_shift) continue;
    for (const Dtype& d : all_dtypes()) {
      if (!op.takes(d.code)) continue;
      for (const Arrangement& a : arrangements()) {
        if (a.reuse >= 0 && op.result_dtype(d.code) != d.code) continue;
        const std::string id = case_id("binary", op, d.code, a.name, a.shape);
        catalog.add(id, op.profile, [&op, &a, id, code = d.code](Context& context) {
          Random random(id);
          Tensor x = values_for(op, code, a.shape, random), y = second_for(op, code, a.shape, random);
          repeat_axes(x, a.broadcast_a);
          repeat_axes(y, a.broadcast_b);
          check_binary(context, op, Operand(std::move(x), a.a, a.broadcast_a),
                       Operand(std::move(y), a.b, a.broadcast_b), a.out, a.reuse);
        });
      }
      add_pairs(catalog, op, d);
    }
  }
  add_select(catalog);
}

}  // namespace ferrule::conformance
