// The C++ types behind the dtypes, and branch-free conversions of the half types that compilers vectorise. Used inside
// kernels that are compiled once per SIMD target, so everything here is always inlined.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "common/dtypes.h"
#include "ferrule/plugin.h"

namespace ferrule::cpu {

using plugin::dtype_name;
using plugin::item_size;

#define FERRULE_INLINE inline __attribute__((always_inline))

struct Bool {
  uint8_t byte;
};
struct Half {
  uint16_t bits;
};
struct Bfloat {
  uint16_t bits;
};
struct Complex {
  float re, im;
};

template <typename T>
inline constexpr bool kIsHalf = std::is_same_v<T, Half> || std::is_same_v<T, Bfloat>;
template <typename T>
inline constexpr bool kIsFloating = kIsHalf<T> || std::is_floating_point_v<T>;

FERRULE_INLINE float to_float(Half h) {
  const uint32_t magnitude = h.bits & 0x7fffu;
  // 2^112 rescales the exponent and makes binary16 subnormals exact; inf and NaN get the full exponent back.
  uint32_t bits = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude << 13) * 0x1p112f);
  bits |= magnitude >= 0x7c00u ? 0x7f800000u : 0u;
  return std::bit_cast<float>(bits | (static_cast<uint32_t>(h.bits & 0x8000u) << 16));
}

FERRULE_INLINE float to_float(Bfloat b) { return std::bit_cast<float>(static_cast<uint32_t>(b.bits) << 16); }
FERRULE_INLINE float to_float(float f) { return f; }

FERRULE_INLINE Half to_half(float f) {
  const uint32_t bits = std::bit_cast<uint32_t>(f);
  const uint32_t sign = bits & 0x80000000u;
  const uint32_t magnitude = bits ^ sign;
  // Subnormal results: adding 0.5 aligns the mantissa so that the hardware rounds to nearest even.
  const uint32_t small = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000u;
  const uint32_t normal = (magnitude + 0xc8000fffu + ((magnitude >> 13) & 1u)) >> 13;
  const uint32_t special = magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u;
  uint32_t half = magnitude < 0x38800000u ? small : normal;
  half = magnitude >= 0x47800000u ? special : half;
  return {static_cast<uint16_t>(half | (sign >> 16))};
}

FERRULE_INLINE Bfloat to_bfloat(float f) {
  const uint32_t bits = std::bit_cast<uint32_t>(f);
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const uint32_t quiet = (bits >> 16) | 0x40u;
  return {static_cast<uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? quiet : rounded)};
}

// What arithmetic on T is done in: float for the half types, T otherwise.
template <typename T>
using Compute = std::conditional_t<kIsHalf<T>, float, std::conditional_t<std::is_same_v<T, Bool>, uint8_t, T>>;

template <typename T>
FERRULE_INLINE Compute<T> widen(T value) {
  if constexpr (kIsHalf<T>)
    return to_float(value);
  else if constexpr (std::is_same_v<T, Bool>)
    return static_cast<uint8_t>(value.byte != 0);
  else
    return value;
}

template <typename T>
FERRULE_INLINE T narrow(Compute<T> value) {
  if constexpr (std::is_same_v<T, Half>)
    return to_half(value);
  else if constexpr (std::is_same_v<T, Bfloat>)
    return to_bfloat(value);
  else if constexpr (std::is_same_v<T, Bool>)
    return Bool{static_cast<uint8_t>(value != 0)};
  else
    return value;
}

template <typename T>
FERRULE_INLINE bool is_nan(T value) {
  if constexpr (std::is_same_v<T, Complex>)
    return value.re != value.re || value.im != value.im;
  else if constexpr (std::is_floating_point_v<T>)
    return value != value;
  else
    return false;
}

// a < b; complex numbers compare by real, then imaginary part.
template <typename T>
FERRULE_INLINE bool less(T a, T b) {
  if constexpr (std::is_same_v<T, Complex>)
    return a.re < b.re || (a.re == b.re && a.im < b.im);
  else
    return a < b;
}

// The least and greatest value of a compute type, infinite where the type has infinities.
template <typename T>
constexpr T lowest_value() {
  if constexpr (std::is_same_v<T, Complex>)
    return {-std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()};
  else if constexpr (std::is_floating_point_v<T>)
    return -std::numeric_limits<T>::infinity();
  else
    return std::numeric_limits<T>::lowest();
}
template <typename T>
constexpr T highest_value() {
  if constexpr (std::is_same_v<T, Complex>)
    return {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::infinity()};
  else if constexpr (std::is_floating_point_v<T>)
    return std::numeric_limits<T>::infinity();
  else
    return std::numeric_limits<T>::max();
}

// Calls f(T{}) with the C++ type of a dtype; false if the dtype is not in the set.
template <typename F>
bool visit_real(uint32_t dtype, F&& f) {
  switch (dtype) {
    case FRL_DTYPE_BOOL:
      return f(Bool{}), true;
    case FRL_DTYPE_U8:
      return f(uint8_t{}), true;
    case FRL_DTYPE_U16:
      return f(uint16_t{}), true;
    case FRL_DTYPE_U32:
      return f(uint32_t{}), true;
    case FRL_DTYPE_U64:
      return f(uint64_t{}), true;
    case FRL_DTYPE_I8:
      return f(int8_t{}), true;
    case FRL_DTYPE_I16:
      return f(int16_t{}), true;
    case FRL_DTYPE_I32:
      return f(int32_t{}), true;
    case FRL_DTYPE_I64:
      return f(int64_t{}), true;
    case FRL_DTYPE_F16:
      return f(Half{}), true;
    case FRL_DTYPE_BF16:
      return f(Bfloat{}), true;
    case FRL_DTYPE_F32:
      return f(float{}), true;
    case FRL_DTYPE_F64:
      return f(double{}), true;
    default:
      return false;
  }
}
template <typename F>
bool visit_any(uint32_t dtype, F&& f) {
  if (dtype == FRL_DTYPE_C64) return f(Complex{}), true;
  return visit_real(dtype, f);
}
template <typename F>
bool visit_floating(uint32_t dtype, F&& f) {
  switch (dtype) {
    case FRL_DTYPE_F16:
      return f(Half{}), true;
    case FRL_DTYPE_BF16:
      return f(Bfloat{}), true;
    case FRL_DTYPE_F32:
      return f(float{}), true;
    case FRL_DTYPE_F64:
      return f(double{}), true;
    default:
      return false;
  }
}

}  // namespace ferrule::cpu
