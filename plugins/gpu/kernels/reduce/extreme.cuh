// Extremes and their indices by dtype: max and min share kernels, told apart by the bits that turn elements into keys.
#pragma once

#include "kernels/reduce/launch.cuh"
#include "kernels/reduce/reduce.h"

namespace ferrule::gpu {

template <template <typename> class Policy, typename T, typename KeyOf<T>::Bits kFlip>
Reduction extreme_of(uint32_t out_dtype) {
  using P = Policy<T>;
  return {out_dtype, sizeof(typename P::Acc), [](const ReducePlan& plan, const Call& call, CommandList& commands) {
            launch_reduce(P{kFlip}, plan, call, commands);
          }};
}

template <template <typename> class Policy, bool kMin>
Reduction extreme_reduction(uint32_t dtype, uint32_t out_dtype) {
  constexpr uint64_t kAll = kMin ? ~uint64_t{0} : 0;
  constexpr auto kSign = [](int bits) { return uint64_t{1} << (bits - 1); };
  switch (dtype) {
    case FRL_DTYPE_BOOL:
      return extreme_of < Policy, Bool, kMin ? 1 : 0 > (out_dtype);
    case FRL_DTYPE_U8:
      return extreme_of<Policy, uint8_t, static_cast<uint8_t>(kAll)>(out_dtype);
    case FRL_DTYPE_I8:
      return extreme_of<Policy, uint8_t, static_cast<uint8_t>(kAll ^ kSign(8))>(out_dtype);
    case FRL_DTYPE_U16:
      return extreme_of<Policy, uint16_t, static_cast<uint16_t>(kAll)>(out_dtype);
    case FRL_DTYPE_I16:
      return extreme_of<Policy, uint16_t, static_cast<uint16_t>(kAll ^ kSign(16))>(out_dtype);
    case FRL_DTYPE_U32:
      return extreme_of<Policy, uint32_t, static_cast<uint32_t>(kAll)>(out_dtype);
    case FRL_DTYPE_I32:
      return extreme_of<Policy, uint32_t, static_cast<uint32_t>(kAll ^ kSign(32))>(out_dtype);
    case FRL_DTYPE_U64:
      return extreme_of<Policy, uint64_t, kAll>(out_dtype);
    case FRL_DTYPE_I64:
      return extreme_of<Policy, uint64_t, kAll ^ kSign(64)>(out_dtype);
    case FRL_DTYPE_F16:
      return extreme_of < Policy, Half, kMin ? 0x8000 : 0 > (out_dtype);
    case FRL_DTYPE_BF16:
      return extreme_of < Policy, Bfloat, kMin ? 0x8000 : 0 > (out_dtype);
    case FRL_DTYPE_F32:
      return extreme_of < Policy, float, kMin ? 0x80000000u : 0 > (out_dtype);
    case FRL_DTYPE_F64:
      return extreme_of < Policy, double, kMin ? uint64_t{1} << 63 : 0 > (out_dtype);
    default:
      return {};
  }
}

}  // namespace ferrule::gpu
