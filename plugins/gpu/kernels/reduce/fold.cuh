// Sums or products of every dtype.
#pragma once

#include "kernels/reduce/launch.cuh"
#include "kernels/reduce/reduce.h"

namespace ferrule::gpu {

template <typename T, template <typename> class Op>
Reduction fold_of(uint32_t out_dtype) {
  using Policy = Fold<T, Op>;
  return {out_dtype, sizeof(typename Policy::Acc), [](const ReducePlan& plan, const Call& call, CommandList& commands) {
            launch_reduce(Policy{}, plan, call, commands);
          }};
}

// Signed and unsigned integers of 32 and 64 bits wrap alike.
template <template <typename> class Op>
Reduction fold_reduction(uint32_t dtype) {
  switch (dtype) {
    case FRL_DTYPE_BOOL:
      return fold_of<Bool, Op>(FRL_DTYPE_I32);
    case FRL_DTYPE_U8:
      return fold_of<uint8_t, Op>(FRL_DTYPE_U32);
    case FRL_DTYPE_U16:
      return fold_of<uint16_t, Op>(FRL_DTYPE_U32);
    case FRL_DTYPE_I8:
      return fold_of<int8_t, Op>(FRL_DTYPE_I32);
    case FRL_DTYPE_I16:
      return fold_of<int16_t, Op>(FRL_DTYPE_I32);
    case FRL_DTYPE_U32:
    case FRL_DTYPE_I32:
      return fold_of<uint32_t, Op>(dtype);
    case FRL_DTYPE_U64:
    case FRL_DTYPE_I64:
      return fold_of<uint64_t, Op>(dtype);
    case FRL_DTYPE_F16:
      return fold_of<Half, Op>(dtype);
    case FRL_DTYPE_BF16:
      return fold_of<Bfloat, Op>(dtype);
    case FRL_DTYPE_F32:
      return fold_of<float, Op>(dtype);
    case FRL_DTYPE_F64:
      return fold_of<double, Op>(dtype);
    case FRL_DTYPE_C64:
      return fold_of<Complex, Op>(dtype);
    default:
      return {};
  }
}

}  // namespace ferrule::gpu
