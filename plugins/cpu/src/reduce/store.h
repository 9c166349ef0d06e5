// Conversion of accumulators to the output dtype; one function per pair of types.
#pragma once

#include "reduce/fold.h"
#include "value.h"

namespace ferrule::cpu {

struct ComplexDouble {
  double re, im;
};

template <typename Acc, typename Out>
void store_accumulators(std::byte* out, int64_t out_stride, const std::byte* acc, int64_t count) {
  auto* o = reinterpret_cast<Out*>(out);
  const auto* a = reinterpret_cast<const Acc*>(acc);
  for (int64_t i = 0; i < count; ++i) {
    if constexpr (std::is_same_v<Acc, ComplexDouble>)
      o[i * out_stride] = {static_cast<float>(a[i].re), static_cast<float>(a[i].im)};
    else if constexpr (kIsHalf<Out> || std::is_same_v<Out, Complex>)
      o[i * out_stride] = narrow<Out>(static_cast<Compute<Out>>(a[i]));
    else if constexpr (std::is_same_v<Out, Bool>)
      o[i * out_stride] = Bool{static_cast<uint8_t>(a[i] != 0)};
    else
      o[i * out_stride] = static_cast<Out>(a[i]);
  }
}

// The store of sums and products: 32-bit accumulators for the small integers, 64-bit for the large, double for floats.
inline StoreFn arithmetic_store(uint32_t in_dtype, uint32_t out_dtype) {
  switch (out_dtype) {
    case FRL_DTYPE_BOOL:
      return in_dtype == FRL_DTYPE_BOOL ? store_accumulators<uint32_t, Bool> : nullptr;
    case FRL_DTYPE_U8:
      return in_dtype == FRL_DTYPE_U8 ? store_accumulators<uint32_t, uint8_t> : nullptr;
    case FRL_DTYPE_I8:
      return in_dtype == FRL_DTYPE_I8 ? store_accumulators<uint32_t, uint8_t> : nullptr;
    case FRL_DTYPE_U16:
      return in_dtype == FRL_DTYPE_U16 ? store_accumulators<uint32_t, uint16_t> : nullptr;
    case FRL_DTYPE_I16:
      return in_dtype == FRL_DTYPE_I16 ? store_accumulators<uint32_t, uint16_t> : nullptr;
    case FRL_DTYPE_U32: {
      const bool ok = in_dtype == FRL_DTYPE_U8 || in_dtype == FRL_DTYPE_U16 || in_dtype == FRL_DTYPE_U32;
      return ok ? store_accumulators<uint32_t, uint32_t> : nullptr;
    }
    case FRL_DTYPE_I32: {
      const bool ok = in_dtype == FRL_DTYPE_BOOL || in_dtype == FRL_DTYPE_I8 || in_dtype == FRL_DTYPE_I16 ||
                      in_dtype == FRL_DTYPE_I32;
      return ok ? store_accumulators<uint32_t, uint32_t> : nullptr;
    }
    default:
      break;
  }
  if (in_dtype != out_dtype) return nullptr;
  switch (out_dtype) {
    case FRL_DTYPE_U64:
    case FRL_DTYPE_I64:
      return store_accumulators<uint64_t, uint64_t>;
    case FRL_DTYPE_F16:
      return store_accumulators<double, Half>;
    case FRL_DTYPE_BF16:
      return store_accumulators<double, Bfloat>;
    case FRL_DTYPE_F32:
      return store_accumulators<double, float>;
    case FRL_DTYPE_F64:
      return store_accumulators<double, double>;
    case FRL_DTYPE_C64:
      return store_accumulators<ComplexDouble, Complex>;
    default:
      return nullptr;
  }
}

}  // namespace ferrule::cpu
