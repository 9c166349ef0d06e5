// Conversions between element types (numerics.md, section 2), between compute values: see Compute of types.h.
#pragma once

#include "functors/types.h"

namespace ferrule::gpu {

// The ends of an integer type.
template <typename T>
GPU_DEVICE constexpr T least() {
  return is_signed<T> ? static_cast<T>(uint64_t{1} << (sizeof(T) * 8 - 1)) : T(0);
}
template <typename T>
GPU_DEVICE constexpr T greatest() {
  return static_cast<T>(~least<T>());
}

// Truncates toward zero and saturates; NaN gives 0. `T` is an integer type, `F` float or double.
template <typename T, typename F>
GPU_DEVICE T saturate(F x) {
  // 2^(bits - 1) or 2^bits, exact in F: the first value above T's greatest.
  constexpr F kAbove = static_cast<F>(uint64_t{1} << (sizeof(T) * 8 - 1)) * (is_signed<T> ? F(1) : F(2));
  constexpr F kLeast = is_signed<T> ? -kAbove : F(0);
  if (x >= kAbove) return greatest<T>();
  if (x > kLeast) return static_cast<T>(x);
  return x == x ? least<T>() : T(0);
}

// The value of storage type From, held as Compute<From>, as a value of storage type To.
template <typename To, typename From>
GPU_DEVICE Compute<To> cast(Compute<From> v) {
  if constexpr (is_same<To, From>) {
    return v;
  } else if constexpr (is_complex<From>) {
    if constexpr (is_bool<To>) {
      return v.re != 0.0f || v.im != 0.0f;
    } else {
      return cast<To, float>(v.re);
    }
  } else if constexpr (is_complex<To>) {
    return Complex{cast<float, From>(v), 0.0f};
  } else if constexpr (is_bool<To>) {
    return v != Compute<From>(0);
  } else if constexpr (is_half<To>) {
    return round_to<To>(static_cast<float>(v));
  } else if constexpr (is_integer<To> && (is_half<From> || is_real_float<From>)) {
    return saturate<To>(v);
  } else {
    return static_cast<To>(v);
  }
}

}  // namespace ferrule::gpu
