// Elementwise ops of two operands, and where. Rules (gradients, decompositions): rules_binary.cpp.
#include "ops/elementwise.h"

namespace ferrule {

using namespace detail;

namespace {

// The dtype both operands take; inexact where the op asks for it.
array arithmetic(const char* name, uint32_t code, const array& a, const array& b, const StreamOrDevice& where) {
  Dtype dtype = promote(a.dtype(), b.dtype());
  return binary(name, code, a, b, dtype, dtype, to_stream(where));
}

array floating_binary(const char* name, uint32_t code, const array& a, const array& b, const StreamOrDevice& where) {
  Dtype dtype = at_least_float(promote(a.dtype(), b.dtype()));
  return binary(name, code, a, b, dtype, dtype, to_stream(where));
}

array comparison(const char* name, uint32_t code, const array& a, const array& b, const StreamOrDevice& where) {
  return binary(name, code, a, b, promote(a.dtype(), b.dtype()), bool_, to_stream(where));
}

void reject_complex(const char* name, Dtype dtype) {
  if (is_complex(dtype)) fail(name, "complex values are not ordered", dtype_name(dtype), "real dtypes");
}

// What has no meaning on bool is done on uint8 and cast back.
array bool_as_integer(const char* name, uint32_t code, const array& a, const array& b, const Stream& s) {
  return astype(binary(name, code, a, b, uint8, uint8, s), bool_, s);
}

array bitwise(const char* name, uint32_t code, const array& a, const array& b, const StreamOrDevice& where) {
  Dtype dtype = promote(a.dtype(), b.dtype());
  if (is_inexact(dtype) || is_inexact(a.dtype()) || is_inexact(b.dtype())) {
    fail(name, "no bits to combine", dtype_name(a.dtype()) + " and " + dtype_name(b.dtype()),
         "integer or bool dtypes that promote to one");
  }
  bool shift = code == FRL_OP_left_shift || code == FRL_OP_right_shift;
  if (shift && dtype == bool_) dtype = uint8;
  return binary(name, code, a, b, dtype, dtype, to_stream(where));
}

}  // namespace

#define FERRULE_BINARY(family, name) \
  array name(const array& a, const array& b, StreamOrDevice s) { return family(#name, FRL_OP_##name, a, b, s); }
FERRULE_BINARY(arithmetic, add)
FERRULE_BINARY(arithmetic, multiply)
FERRULE_BINARY(arithmetic, maximum)
FERRULE_BINARY(arithmetic, minimum)
FERRULE_BINARY(floating_binary, divide)
FERRULE_BINARY(floating_binary, logaddexp)
FERRULE_BINARY(comparison, equal)
FERRULE_BINARY(comparison, not_equal)
FERRULE_BINARY(comparison, less)
FERRULE_BINARY(comparison, less_equal)
FERRULE_BINARY(comparison, greater)
FERRULE_BINARY(comparison, greater_equal)
FERRULE_BINARY(bitwise, bitwise_and)
FERRULE_BINARY(bitwise, bitwise_or)
FERRULE_BINARY(bitwise, bitwise_xor)
FERRULE_BINARY(bitwise, left_shift)
FERRULE_BINARY(bitwise, right_shift)
#undef FERRULE_BINARY

array subtract(const array& a, const array& b, StreamOrDevice s) {
  Dtype dtype = promote(a.dtype(), b.dtype());
  // On bool, modulo 2.
  return dtype == bool_ ? not_equal(a, b, s) : binary("subtract", FRL_OP_subtract, a, b, dtype, dtype, to_stream(s));
}

array power(const array& a, const array& b, StreamOrDevice s) {
  Dtype dtype = promote(a.dtype(), b.dtype());
  if (dtype == bool_) return bool_as_integer("power", FRL_OP_power, a, b, to_stream(s));
  return binary("power", FRL_OP_power, a, b, dtype, dtype, to_stream(s));
}

array floor_divide(const array& a, const array& b, StreamOrDevice s) {
  Dtype dtype = promote(a.dtype(), b.dtype());
  reject_complex("floor_divide", dtype);
  if (dtype == bool_) return bool_as_integer("floor_divide", FRL_OP_floor_divide, a, b, to_stream(s));
  return binary("floor_divide", FRL_OP_floor_divide, a, b, dtype, dtype, to_stream(s));
}

array remainder(const array& a, const array& b, StreamOrDevice s) {
  Dtype dtype = promote(a.dtype(), b.dtype());
  reject_complex("remainder", dtype);
  if (dtype == bool_) return bool_as_integer("remainder", FRL_OP_remainder, a, b, to_stream(s));
  return binary("remainder", FRL_OP_remainder, a, b, dtype, dtype, to_stream(s));
}

std::vector<array> divmod(const array& a, const array& b, StreamOrDevice s) {
  return {floor_divide(a, b, s), remainder(a, b, s)};
}

array arctan2(const array& a, const array& b, StreamOrDevice s) {
  Dtype dtype = at_least_float(promote(a.dtype(), b.dtype()));
  reject_complex("arctan2", dtype);
  return binary("arctan2", FRL_OP_arctan2, a, b, dtype, dtype, to_stream(s));
}

array logical_and(const array& a, const array& b, StreamOrDevice s) {
  return binary("logical_and", FRL_OP_logical_and, a, b, bool_, bool_, to_stream(s));
}

array logical_or(const array& a, const array& b, StreamOrDevice s) {
  return binary("logical_or", FRL_OP_logical_or, a, b, bool_, bool_, to_stream(s));
}

array logical_xor(const array& a, const array& b, StreamOrDevice s) {
  return binary("logical_xor", FRL_OP_not_equal, a, b, bool_, bool_, to_stream(s));
}

array where(const array& condition, const array& x, const array& y, StreamOrDevice where) {
  Stream s = to_stream(where);
  Dtype dtype = promote(x.dtype(), y.dtype());
  Shape shape;
  try {
    shape = broadcast_shapes(broadcast_shapes(condition.shape(), x.shape()), y.shape());
  } catch (const error&) {
    fail("where", "shapes do not broadcast", describe(condition) + ", " + describe(x) + " and " + describe(y),
         "equal extents, or 1, on every axis from the last");
  }
  std::vector<array> in{cast(condition, bool_, s), cast(x, dtype, s), cast(y, dtype, s)};
  for (array& a : in) {
    if (a.size() != 1) a = expand(a, shape, s);
  }
  return elementwise(FRL_OP_select, shape, dtype, std::move(in), s);
}

}  // namespace ferrule
