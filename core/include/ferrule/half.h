// Host types of the 16-bit floating dtypes and of complex64. Storage with conversions; arithmetic happens in float.
#pragma once

#include <bit>
#include <complex>
#include <cstdint>

namespace ferrule {

// IEEE 754 binary16. Conversion from float rounds to nearest even; overflow gives infinity; subnormals are kept.
struct float16_t {
  uint16_t bits = 0;

  float16_t() = default;
  float16_t(float x) : bits(from_float(x)) {}        // NOLINT(google-explicit-constructor)
  operator float() const { return to_float(bits); }  // NOLINT(google-explicit-constructor)

  static uint16_t from_float(float x) {
    uint32_t u = std::bit_cast<uint32_t>(x);
    uint32_t sign = (u >> 16) & 0x8000u;
    u &= 0x7fffffffu;
    if (u >= 0x7f800000u) return static_cast<uint16_t>(sign | (u > 0x7f800000u ? 0x7e00u : 0x7c00u));
    if (u >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // rounds to infinity
    if (u < 0x38800000u) {  // subnormal: let the float adder round at 2^-24
      float y = std::bit_cast<float>(u) + 0.5f;
      return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(y) - 0x3f000000u));
    }
    u += 0xfffu + ((u >> 13) & 1u);
    return static_cast<uint16_t>(sign | ((u - 0x38000000u) >> 13));
  }
  static float to_float(uint16_t h) {
    uint32_t sign = static_cast<uint32_t>(h & 0x8000u) << 16;
    uint32_t u = static_cast<uint32_t>(h & 0x7fffu) << 13;
    if (u >= 0x0f800000u) return std::bit_cast<float>(sign | (u + 0x70000000u));  // inf and NaN
    if (u >= 0x00800000u) return std::bit_cast<float>(sign | (u + 0x38000000u));
    float y = std::bit_cast<float>(u + 0x38800000u) - std::bit_cast<float>(0x38800000u);
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(y));
  }
};

// The upper half of binary32. Conversion from float rounds to nearest even.
struct bfloat16_t {
  uint16_t bits = 0;

  bfloat16_t() = default;
  bfloat16_t(float x) : bits(from_float(x)) {}       // NOLINT(google-explicit-constructor)
  operator float() const { return to_float(bits); }  // NOLINT(google-explicit-constructor)

  static uint16_t from_float(float x) {
    uint32_t u = std::bit_cast<uint32_t>(x);
    if ((u & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((u >> 16) | 0x40u);
    return static_cast<uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
  }
  static float to_float(uint16_t b) { return std::bit_cast<float>(static_cast<uint32_t>(b) << 16); }
};

using complex64_t = std::complex<float>;

}  // namespace ferrule
