// Conversions of the half types and other arithmetic of devices that C++ has no name for. Exact, rounding to nearest even.
#pragma once

#include <bit>
#include <cstdint>

namespace ferrule::gpu::sim {

inline float half_to_float(uint16_t h) {
  const uint32_t magnitude = h & 0x7fffu;
  // 2^112 rescales the exponent and makes subnormals exact; inf and NaN get the full exponent back.
  uint32_t bits = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude << 13) * 0x1p112f);
  if (magnitude >= 0x7c00u) bits |= 0x7f800000u;
  return std::bit_cast<float>(bits | (static_cast<uint32_t>(h & 0x8000u) << 16));
}

inline uint16_t float_to_half(float f) {
  const uint32_t bits = std::bit_cast<uint32_t>(f);
  const uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return 0x7fff;                                  // the device's only NaN
  if (magnitude >= 0x47800000u) return static_cast<uint16_t>(sign | 0x7c00u);  // 65536 and above
  if (magnitude < 0x38800000u) {
    // Subnormal results: adding 0.5 aligns the mantissa so that the addition rounds.
    const uint32_t half = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000u;
    return static_cast<uint16_t>(sign | half);
  }
  const uint32_t half = (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u)) >> 13;
  return static_cast<uint16_t>(sign | half);
}

inline float bfloat_to_float(uint16_t b) { return std::bit_cast<float>(static_cast<uint32_t>(b) << 16); }

inline uint16_t float_to_bfloat(float f) {
  const uint32_t bits = std::bit_cast<uint32_t>(f);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fff;
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

// Adds two pairs of 16-bit floats. A sum of two such is exact in double or rounds to float without harm.
template <typename Widen, typename Narrow>
uint32_t add_pairs(uint32_t a, uint32_t b, Widen widen, Narrow narrow) {
  const auto half = [](uint32_t pair, int i) { return static_cast<uint16_t>(pair >> (16 * i)); };
  uint32_t sum = 0;
  for (int i = 0; i < 2; ++i) {
    sum |= static_cast<uint32_t>(narrow(widen(half(a, i)) + widen(half(b, i)))) << (16 * i);
  }
  return sum;
}

inline uint32_t reverse_bits(uint32_t x) {
  uint32_t reversed = 0;
  for (int i = 0; i < 32; ++i) reversed |= (x >> i & 1u) << (31 - i);
  return reversed;
}

}  // namespace ferrule::gpu::sim
