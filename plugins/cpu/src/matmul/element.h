// The element types of matrix products and how 16-bit floats become f32 and back (round to nearest even). Scalar code
// for tails and odd strides; convert-inl.h has the same conversions on vectors.
#pragma once

#include <bit>
#include <cstdint>

#include "common/dtypes.h"
#include "ferrule/plugin.h"

namespace ferrule::cpu {

struct F16 {
  uint16_t bits;
};
struct Bf16 {
  uint16_t bits;
};
struct C64 {
  float re, im;
};

inline float to_real(float x) { return x; }
inline double to_real(double x) { return x; }
inline float to_real(Bf16 x) { return std::bit_cast<float>(static_cast<uint32_t>(x.bits) << 16); }
inline float to_real(F16 x) {
  const uint32_t magnitude = static_cast<uint32_t>(x.bits & 0x7fffu) << 13;
  const uint32_t sign = static_cast<uint32_t>(x.bits & 0x8000u) << 16;
  if (magnitude >= 0x7c00u << 13) return std::bit_cast<float>(sign | magnitude | 0x7f800000u);
  // Moves the exponent's bias by 112; the multiplication also normalises subnormals.
  const float scaled = std::bit_cast<float>(magnitude) * 0x1p112f;
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(scaled));
}

// Defined for the pairs (S, accumulation type of S).
template <typename S, typename T>
inline S from_real(T x);
template <>
inline float from_real<float, float>(float x) {
  return x;
}
template <>
inline double from_real<double, double>(double x) {
  return x;
}
template <>
inline Bf16 from_real<Bf16, float>(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  if (x != x) return {static_cast<uint16_t>((bits >> 16) | 0x40u)};
  return {static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}
template <>
inline F16 from_real<F16, float>(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  uint32_t half;
  if (magnitude > 0x7f800000u) {
    half = 0x7e00u;
  } else if (magnitude >= 0x477ff000u) {  // 65520: rounds to infinity
    half = 0x7c00u;
  } else if (magnitude < 0x38800000u) {  // below 2^-14: adding 0.5 leaves the rounded multiple of 2^-24 in the low bits
    half = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000u;
  } else {
    half = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  }
  return {static_cast<uint16_t>(sign | half)};
}

// What a dtype is accumulated in: f64 in f64, everything else in f32 (complex64 as pairs).
template <typename S>
struct AccumulateIn {
  using type = float;
};
template <>
struct AccumulateIn<double> {
  using type = double;
};

inline int64_t element_bytes(uint32_t dtype) { return plugin::item_size(dtype); }

}  // namespace ferrule::cpu
