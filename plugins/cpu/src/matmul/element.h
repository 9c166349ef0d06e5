// The element types of matrix products, what they are accumulated in, and how scalar code for tails and odd strides
// converts them; convert-inl.h has the same conversions on vectors.
#pragma once

#include "value.h"

namespace ferrule::cpu {

using F16 = Half;
using Bf16 = Bfloat;
using C64 = Complex;

// f64 is accumulated in f64, everything else in f32 (complex64 as pairs).
template <typename S>
struct AccumulateIn {
  using type = Compute<S>;
};
template <>
struct AccumulateIn<C64> {
  using type = float;
};

template <typename S>
FERRULE_INLINE Compute<S> to_real(S x) {
  return widen(x);
}
// Rounds to nearest even.
template <typename S>
FERRULE_INLINE S from_real(Compute<S> x) {
  return narrow<S>(x);
}

inline int64_t element_bytes(uint32_t dtype) { return item_size(dtype); }

}  // namespace ferrule::cpu
