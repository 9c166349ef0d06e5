// The element types in device code and their conversions (numerics.md, section 2). No toolkit headers: ahead-of-time and
// run-time compiled kernels use the same text.
#pragma once

#include "device/gpu.h"

namespace ferrule::gpu {

struct Bool {
  uint8_t byte;
};
struct Half {
  uint16_t bits;
};
struct Bfloat {
  uint16_t bits;
};
struct alignas(8) Complex {
  float re, im;
};

template <typename A, typename B>
inline constexpr bool is_same = false;
template <typename A>
inline constexpr bool is_same<A, A> = true;
template <typename T>
inline constexpr bool is_half = is_same<T, Half> || is_same<T, Bfloat>;
template <typename T>
inline constexpr bool is_real_float = is_same<T, float> || is_same<T, double>;
template <typename T>
inline constexpr bool is_complex = is_same<T, Complex>;
template <typename T>
inline constexpr bool is_bool = is_same<T, Bool>;
template <typename T>
inline constexpr bool is_integer = !is_half<T> && !is_real_float<T> && !is_complex<T> && !is_bool<T>;
template <typename T>
inline constexpr bool is_signed = static_cast<T>(-1) < static_cast<T>(0);

// What arithmetic on T is done in: float for the half types, uint8_t (0 or 1) for bool, T otherwise.
template <typename T>
struct ComputeOf {
  using type = T;
};
template <>
struct ComputeOf<Half> {
  using type = float;
};
template <>
struct ComputeOf<Bfloat> {
  using type = float;
};
template <>
struct ComputeOf<Bool> {
  using type = uint8_t;
};
template <typename T>
using Compute = typename ComputeOf<T>::type;

template <typename T>
GPU_DEVICE Compute<T> widen(T v) {
  return v;
}
template <>
GPU_DEVICE float widen<Half>(Half v) {
  return half_to_float(v.bits);
}
template <>
GPU_DEVICE float widen<Bfloat>(Bfloat v) {
  return bits_float(static_cast<uint32_t>(v.bits) << 16);
}
template <>
GPU_DEVICE uint8_t widen<Bool>(Bool v) {
  return v.byte != 0;
}

template <typename T>
GPU_DEVICE T narrow(Compute<T> v) {
  return v;
}
template <>
GPU_DEVICE Half narrow<Half>(float v) {
  return {float_to_half(v)};
}
template <>
GPU_DEVICE Bfloat narrow<Bfloat>(float v) {
  return {float_to_bfloat(v)};
}
template <>
GPU_DEVICE Bool narrow<Bool>(uint8_t v) {
  return {static_cast<uint8_t>(v != 0)};
}

// A compute value as storage type T would hold it.
template <typename T>
GPU_DEVICE Compute<T> round_to(Compute<T> v) {
  if constexpr (is_half<T>) return widen<T>(narrow<T>(v));
  return v;
}

}  // namespace ferrule::gpu
