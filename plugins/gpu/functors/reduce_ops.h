// The operators of reductions and scans (numerics.md, section 5): associative, commutative, each with its identity. C is
// the type that is computed in: an integer, float, double or Complex; bools are uint8_t 0 or 1. No toolkit headers:
// run-time compiled kernels read this file too. Include after "device/gpu.h".
#pragma once

#include "functors/types.h"

namespace ferrule::gpu::reduction {

// What a sum or product of T is accumulated in; its result dtype too, but for the half types.
template <typename T>
struct SumTypeOf {
  using type = Compute<T>;
};
template <>
struct SumTypeOf<Bool> {
  using type = int32_t;
};
template <>
struct SumTypeOf<int8_t> {
  using type = int32_t;
};
template <>
struct SumTypeOf<int16_t> {
  using type = int32_t;
};
template <>
struct SumTypeOf<uint8_t> {
  using type = uint32_t;
};
template <>
struct SumTypeOf<uint16_t> {
  using type = uint32_t;
};
template <typename T>
using SumType = typename SumTypeOf<T>::type;

// The unsigned type in which sums and products of integers wrap.
template <uint32_t kBytes>
struct WrapOf {
  using type = uint32_t;
};
template <>
struct WrapOf<8> {
  using type = uint64_t;
};

GPU_DEVICE float infinity_of(float) { return bits_float(0x7f800000u); }
GPU_DEVICE double infinity_of(double) { return bits_double(0x7ff0000000000000ull); }

template <typename C>
GPU_DEVICE bool is_nan(C v) {
  if constexpr (is_complex<C>)
    return v.re != v.re || v.im != v.im;
  else if constexpr (is_real_float<C>)
    return v != v;
  else
    return false;
}

// Lexicographic on complex numbers; false with a NaN.
template <typename C>
GPU_DEVICE bool less(C a, C b) {
  if constexpr (is_complex<C>)
    return a.re < b.re || (a.re == b.re && a.im < b.im);
  else
    return a < b;
}

// -inf or the least value; inf or the greatest value.
template <typename C>
GPU_DEVICE C lowest() {
  if constexpr (is_complex<C>)
    return {-infinity_of(0.0f), -infinity_of(0.0f)};
  else if constexpr (is_real_float<C>)
    return -infinity_of(C(0));
  else if constexpr (is_signed<C>)
    return static_cast<C>(uint64_t{1} << (8 * sizeof(C) - 1));
  else
    return 0;
}
template <typename C>
GPU_DEVICE C greatest() {
  if constexpr (is_complex<C>)
    return {infinity_of(0.0f), infinity_of(0.0f)};
  else if constexpr (is_real_float<C>)
    return infinity_of(C(0));
  else
    return static_cast<C>(~lowest<C>());
}

template <typename C>
struct Sum {
  static GPU_DEVICE C identity() { return C{}; }
  GPU_DEVICE C operator()(C a, C b) const {
    using Wrap = typename WrapOf<sizeof(C)>::type;
    if constexpr (is_complex<C>)
      return {a.re + b.re, a.im + b.im};
    else if constexpr (is_real_float<C>)
      return a + b;
    else
      return static_cast<C>(static_cast<Wrap>(a) + static_cast<Wrap>(b));
  }
};

template <typename C>
struct Prod {
  static GPU_DEVICE C identity() {
    if constexpr (is_complex<C>)
      return {1.0f, 0.0f};
    else
      return 1;
  }
  GPU_DEVICE C operator()(C a, C b) const {
    using Wrap = typename WrapOf<sizeof(C)>::type;
    if constexpr (is_complex<C>)
      return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
    else if constexpr (is_real_float<C>)
      return a * b;
    else
      return static_cast<C>(static_cast<Wrap>(a) * static_cast<Wrap>(b));
  }
};

// A NaN on either side wins.
template <typename C>
struct Max {
  static GPU_DEVICE C identity() { return lowest<C>(); }
  GPU_DEVICE C operator()(C a, C b) const { return is_nan(b) || (!is_nan(a) && less(a, b)) ? b : a; }
};
template <typename C>
struct Min {
  static GPU_DEVICE C identity() { return greatest<C>(); }
  GPU_DEVICE C operator()(C a, C b) const { return is_nan(b) || (!is_nan(a) && less(b, a)) ? b : a; }
};

template <typename C>
struct And {
  static GPU_DEVICE C identity() { return 1; }
  GPU_DEVICE C operator()(C a, C b) const { return a & b; }
};
template <typename C>
struct Or {
  static GPU_DEVICE C identity() { return 0; }
  GPU_DEVICE C operator()(C a, C b) const { return a | b; }
};

}  // namespace ferrule::gpu::reduction
