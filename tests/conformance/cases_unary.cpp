// Unary elementwise ops: every dtype, every layout, and sweeps over the whole range of values.
#include <cmath>

#include <gtest/gtest.h>

#include "catalog.h"
#include "data.h"

namespace ferrule::conformance {
namespace {

struct Range {
  Real low, high;
};

// Where an op has interesting ordinary values.
Range range_of(uint32_t code) {
  switch (code) {
    case FRL_OP_arcsin:
    case FRL_OP_arccos:
    case FRL_OP_arctanh:
    case FRL_OP_erfinv:
      return {-1, 1};
    case FRL_OP_log1p:
      return {-1, 3};
    case FRL_OP_log:
    case FRL_OP_log2:
    case FRL_OP_log10:
    case FRL_OP_rsqrt:
    case FRL_OP_sqrt:
      return {0, 4};
    case FRL_OP_arccosh:
      return {1, 6};
    case FRL_OP_exp:
    case FRL_OP_sinh:
    case FRL_OP_cosh:
    case FRL_OP_sigmoid:
      return {-90, 90};
    default:
      return {-8, 8};
  }
}

// Complex functions are judged on ordinary values: C99 Annex G is not required.
Tensor values_for(const Op& op, uint32_t dtype, const Shape& shape, Random& random) {
  const bool moves = op.tolerance == Tolerance::EXACT;
  if (is_complex(dtype) && !moves) return moderate(dtype, shape, random, -3, 3);
  const Range range = range_of(op.code);
  return mixed(dtype, shape, random, range.low, range.high);
}

void check_unary(Context& context, const Op& op, Operand x, LayoutKind out_kind = LayoutKind::CONTIGUOUS,
                 int reuse = -1) {
  Launch launch;
  launch.op = &op;
  launch.outputs = {Operand(Tensor(op.result_dtype(x.tensor.dtype), x.tensor.shape), out_kind)};
  launch.reuse = reuse;
  const Wants wants = want_elementwise(op, {&x.tensor}, launch.outputs[0].tensor.dtype);
  launch.inputs = {std::move(x)};
  check(context, launch, {wants});
}

// All 2^8 or 2^16 values of a narrow dtype.
Tensor every_value(uint32_t code) {
  const auto size = static_cast<int64_t>(dtype(code).bytes);
  Tensor t(code, {int64_t{1} << (8 * size)});
  for (int64_t i = 0; i < t.size(); ++i)
    for (int64_t b = 0; b < size; ++b) t.address(i)[b] = static_cast<std::byte>(i >> (8 * b));
  return t;
}

// Every exponent with random mantissas and both signs, the special values and their neighbours, the op's own range.
Tensor sweep(const Op& op, uint32_t dtype, Random& random) {
  Tensor t = values_for(op, dtype, {6007}, random);
  if (!is_float(dtype)) return t;
  int64_t at = 0;
  for (const Value& v : special_values(dtype)) {
    t.set(at++, v.re);
    if (std::isfinite(v.re)) {
      t.set(at++, round_to(dtype, v.re + ulp(dtype, v.re)));
      t.set(at++, round_to(dtype, v.re - ulp(dtype, v.re)));
    }
  }
  const Range range = range_of(op.code);
  for (; at < 3000; ++at) t.set(at, round_to(dtype, random.uniform(range.low, range.high)));
  return t;
}

}  // namespace

void add_unary_cases(Catalog& catalog) {
  using enum LayoutKind;
  struct Arrangement {
    const char* name;
    Shape shape;
    LayoutKind in, out;
    uint32_t broadcast_axes;
    int reuse;
  };
  static const std::vector<Arrangement> arrangements = {
      {"contiguous", {}, CONTIGUOUS, CONTIGUOUS, 0, -1},
      {"contiguous", {1}, CONTIGUOUS, CONTIGUOUS, 0, -1},
      {"contiguous", {131}, CONTIGUOUS, CONTIGUOUS, 0, -1},
      {"contiguous", {3, 0, 2}, CONTIGUOUS, CONTIGUOUS, 0, -1},
      {"contiguous", {2, 1, 3, 1, 2, 1, 1, 2, 1, 3}, CONTIGUOUS, CONTIGUOUS, 0, -1},
      {"transposed", {5, 3, 7}, TRANSPOSED, CONTIGUOUS, 0, -1},
      {"transposed", {33, 65}, TRANSPOSED, CONTIGUOUS, 0, -1},
      {"transposed", {2, 1, 3, 1, 2, 1, 1, 2, 1, 3}, TRANSPOSED, CONTIGUOUS, 0, -1},
      {"broadcast", {4, 6}, BROADCAST, CONTIGUOUS, 1, -1},
      {"broadcast", {4, 37}, BROADCAST, CONTIGUOUS, 2, -1},
      {"sliced", {6, 41}, SLICED, CONTIGUOUS, 0, -1},
      {"negative", {4, 37}, NEGATIVE, CONTIGUOUS, 0, -1},
      {"padded", {7, 19}, PADDED, CONTIGUOUS, 0, -1},
      {"inline", {}, INLINE, CONTIGUOUS, 0, -1},
      {"reused", {67}, CONTIGUOUS, CONTIGUOUS, 0, 0},
      {"to_sliced", {5, 19}, CONTIGUOUS, SLICED, 0, -1},
      {"to_transposed", {5, 19}, CONTIGUOUS, TRANSPOSED, 0, -1},
  };
  for (const Op& op : all_ops()) {
    if (op.code < FRL_OP_abs || op.code > FRL_OP_imag) continue;
    for (const Dtype& d : all_dtypes()) {
      if (!op.takes(d.code)) continue;
      const uint32_t code = d.code;
      for (const Arrangement& a : arrangements) {
        const std::string id = case_id("unary", op, code, a.name, a.shape);
        if (a.reuse >= 0 && op.result_dtype(code) != code) continue;
        catalog.add(id, op.profile, [&op, &a, id, code](Context& context) {
          Random random(id);
          Tensor x = values_for(op, code, a.shape, random);
          if (a.in == BROADCAST) repeat_axes(x, a.broadcast_axes);
          check_unary(context, op, Operand(std::move(x), a.in, a.broadcast_axes), a.out, a.reuse);
        });
      }
      const bool narrow = d.bytes == 1 || is_half(code);
      if (is_bool(code)) continue;
      const std::string id =
          case_id("unary", op, code, narrow ? "every_value" : "sweep", {narrow ? 1 << (8 * d.bytes) : 6007});
      catalog.add(id, op.profile, [&op, id, code, narrow](Context& context) {
        Random random(id);
        check_unary(context, op, Operand(narrow ? every_value(code) : sweep(op, code, random)));
      });
    }
  }
}

}  // namespace ferrule::conformance
