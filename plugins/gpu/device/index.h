// Positions in strided tensors, for kernels: division by run-time constants without a divide, and the map from an
// element's number to offsets in several operands. Built on the host, passed to kernels by value.
#pragma once

#if !defined(FERRULE_RUNTIME_COMPILED)
#include <cstdint>
#endif

namespace ferrule::gpu {

inline constexpr uint32_t kMaxDims = 10;

// n / divisor for n < 2^31 by a multiplication. Granlund and Montgomery, "Division by Invariant Integers using
// Multiplication" (PLDI 1994).
struct Divider {
  uint32_t divisor = 1, multiplier = 1, shift = 0;

  Divider() = default;
#if !defined(FERRULE_RUNTIME_COMPILED)
  explicit Divider(uint32_t d) : divisor(d) {
    while (shift < 32 && (uint64_t{1} << shift) < d) ++shift;
    multiplier = static_cast<uint32_t>(((uint64_t{1} << 32) * ((uint64_t{1} << shift) - d)) / d + 1);
  }
#endif
  GPU_DEVICE uint32_t divide(uint32_t n) const { return (multiply_high(n, multiplier) + n) >> shift; }
};

// The offsets, in elements, of element number `i` (row-major) in N operands. Index is uint32_t when every extent's
// product and every offset's magnitude is below 2^31, else int64_t. The dimensions are listed innermost first.
template <uint32_t N>
struct Layout32 {
  uint32_t ndim = 0;
  Divider extent[kMaxDims];
  int32_t stride[kMaxDims][N];

  GPU_DEVICE void offsets(uint32_t i, int64_t (&out)[N]) const {
    if (ndim <= 1) {  // without indexed loads of parameters, which are slow
      GPU_UNROLL
      for (uint32_t k = 0; k < N; ++k) out[k] = static_cast<int32_t>(i) * stride[0][k];
      return;
    }
    int32_t sum[N];
    GPU_UNROLL
    for (uint32_t k = 0; k < N; ++k) sum[k] = 0;
    GPU_NO_UNROLL
    for (uint32_t d = 0; d < ndim; ++d) {
      const uint32_t quotient = d + 1 == ndim ? 0 : extent[d].divide(i);
      const uint32_t index = i - quotient * extent[d].divisor;
      GPU_UNROLL
      for (uint32_t k = 0; k < N; ++k) sum[k] += static_cast<int32_t>(index) * stride[d][k];
      i = quotient;
    }
    GPU_UNROLL
    for (uint32_t k = 0; k < N; ++k) out[k] = sum[k];
  }
};

template <uint32_t N>
struct Layout64 {
  uint32_t ndim = 0;
  int64_t extent[kMaxDims];
  int64_t stride[kMaxDims][N];

  GPU_DEVICE void offsets(uint64_t i, int64_t (&out)[N]) const {
    GPU_UNROLL
    for (uint32_t k = 0; k < N; ++k) out[k] = 0;
    GPU_NO_UNROLL
    for (uint32_t d = 0; d < ndim; ++d) {
      const uint64_t quotient = d + 1 == ndim ? 0 : i / static_cast<uint64_t>(extent[d]);
      const int64_t index = static_cast<int64_t>(i - quotient * static_cast<uint64_t>(extent[d]));
      GPU_UNROLL
      for (uint32_t k = 0; k < N; ++k) out[k] += index * stride[d][k];
      i = quotient;
    }
  }
};

}  // namespace ferrule::gpu
