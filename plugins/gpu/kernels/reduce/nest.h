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
  int64_t extent[kMaxDims];
  int64_t stride[kMaxDims][N];

  GPU_DEVICE void offsets(uint64_t i, int64_t (&out)[N]) const {
    GPU_UNROLL
    for (uint32_t k = 0; k < N; ++k) out[k] = 0;
    GPU_NO_UNROLL  // the division is long
    for (uint32_t d = 0; d < ndim; ++d) {
      uint64_t quotient = 0;
      if (d + 1 < ndim)
        quotient = wide ? i / static_cast<uint64_t>(extent[d]) : divider[d].divide(static_cast<uint32_t>(i));
      const auto index = static_cast<int64_t>(i - quotient * static_cast<uint64_t>(extent[d]));
      GPU_UNROLL
      for (uint32_t k = 0; k < N; ++k) out[k] += index * stride[d][k];
      i = quotient;
    }
  }
};

}  // namespace ferrule::gpu
