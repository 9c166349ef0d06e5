// A nest of loops over strided operands, passed to kernels by value: from an iteration's number to each operand's offset.
// Axes are listed innermost first; strides are in elements and may be zero or negative.
#pragma once

#include "device/gpu.h"
#include "device/index.h"

namespace ferrule::gpu {

template <uint32_t N>
struct Nest {
  uint32_t ndim = 0;
  uint32_t wide = 0;  // iteration numbers do not fit 31 bits
  Divider divider[kMaxDims];
  uint64_t extent[kMaxDims];
  uint64_t reciprocal[kMaxDims];  // floor((2^64 - 1) / extent)
  int64_t stride[kMaxDims][N];

  GPU_DEVICE void offsets(uint64_t i, int64_t (&out)[N]) const {
    GPU_UNROLL
    for (uint32_t k = 0; k < N; ++k) out[k] = 0;
    if (ndim == 0) return;
    GPU_NO_UNROLL
    for (uint32_t d = 0; d + 1 < ndim; ++d) {
      const uint64_t quotient = wide ? divide(i, d) : divider[d].divide(static_cast<uint32_t>(i));
      const auto index = static_cast<int64_t>(i - quotient * extent[d]);
      GPU_UNROLL
      for (uint32_t k = 0; k < N; ++k) out[k] += index * stride[d][k];
      i = quotient;
    }
    GPU_UNROLL
    for (uint32_t k = 0; k < N; ++k) out[k] += static_cast<int64_t>(i) * stride[ndim - 1][k];
  }

  // The offsets in operand 0 of M iterations at once.
  template <uint32_t M>
  GPU_DEVICE void offsets_of(uint64_t (&i)[M], int64_t (&out)[M]) const {
    GPU_UNROLL
    for (uint32_t m = 0; m < M; ++m) out[m] = 0;
    if (ndim == 0) return;
    GPU_NO_UNROLL
    for (uint32_t d = 0; d + 1 < ndim; ++d) {
      GPU_UNROLL
      for (uint32_t m = 0; m < M; ++m) {
        const uint64_t quotient = wide ? divide(i[m], d) : divider[d].divide(static_cast<uint32_t>(i[m]));
        out[m] += static_cast<int64_t>(i[m] - quotient * extent[d]) * stride[d][0];
        i[m] = quotient;
      }
    }
    GPU_UNROLL
    for (uint32_t m = 0; m < M; ++m) out[m] += static_cast<int64_t>(i[m]) * stride[ndim - 1][0];
  }

 private:
  GPU_DEVICE uint64_t divide(uint64_t i, uint32_t d) const {
    const uint64_t quotient = multiply_high(i, reciprocal[d]);  // the true one, or one less
    return i - quotient * extent[d] >= extent[d] ? quotient + 1 : quotient;
  }
};

}  // namespace ferrule::gpu
