// The ops of functors/ops.h as functions of storage types, and how they enter the table.
#pragma once

#include "functors/ops.h"
#include "kernels/elementwise/elementwise.cuh"
#include "kernels/elementwise/table.h"

namespace ferrule::gpu::elementwise::function {

#define FERRULE_GPU_FUNCTION1(name)                                                \
  template <typename T, typename R>                                                \
  struct name {                                                                    \
    static GPU_DEVICE R apply(T x) { return narrow<R>(op::name<T>(widen<T>(x))); } \
  };
#define FERRULE_GPU_FUNCTION2(name)                                                                  \
  template <typename T, typename R>                                                                  \
  struct name {                                                                                      \
    static GPU_DEVICE R apply(T x, T y) { return narrow<R>(op::name<T>(widen<T>(x), widen<T>(y))); } \
  };

#define FERRULE_GPU_UNARY_OPS(X)                                                                                   \
  X(abs)                                                                                                           \
  X(negative) X(sign) X(ceil) X(floor) X(round) X(square) X(sqrt) X(rsqrt) X(exp) X(expm1) X(log) X(log2) X(log10) \
      X(log1p) X(sin) X(cos) X(tan) X(arcsin) X(arccos) X(arctan) X(sinh) X(cosh) X(tanh) X(arcsinh) X(arccosh)    \
          X(arctanh) X(sigmoid) X(erf) X(erfinv) X(logical_not) X(bitwise_invert) X(conjugate) X(real) X(imag)
#define FERRULE_GPU_BINARY_OPS(X)                                                                                     \
  X(add)                                                                                                              \
  X(subtract) X(multiply) X(divide) X(floor_divide) X(remainder) X(power) X(maximum) X(minimum) X(logaddexp)          \
      X(arctan2) X(equal) X(not_equal) X(less) X(less_equal) X(greater) X(greater_equal) X(logical_and) X(logical_or) \
          X(bitwise_and) X(bitwise_or) X(bitwise_xor) X(left_shift) X(right_shift)

FERRULE_GPU_UNARY_OPS(FERRULE_GPU_FUNCTION1)
FERRULE_GPU_BINARY_OPS(FERRULE_GPU_FUNCTION2)

}  // namespace ferrule::gpu::elementwise::function

// table.ops[op][dtype] for operands of type T and a result of type R.
#define FERRULE_GPU_ADD1(op, cost, dtype, T, R) \
  table.ops[FRL_OP_##op][dtype] = entry_of<function::op<T, R>, Cost::cost, R, T>()
#define FERRULE_GPU_ADD2(op, cost, dtype, T, R) \
  table.ops[FRL_OP_##op][dtype] = entry_of<function::op<T, R>, Cost::cost, R, T, T>()
