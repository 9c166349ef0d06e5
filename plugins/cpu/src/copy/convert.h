// The element types as C++ sees them, and the cast of one value by the table of docs/numerics.md.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace ferrule::cpu {

struct Bool {
  uint8_t byte;
};
struct Half {
  uint16_t bits;  // IEEE binary16
};
struct BFloat {
  uint16_t bits;  // the upper half of binary32
};
struct Complex {
  float re, im;
};

// A branch-free widening: the exponent is rebiased by a multiplication, which also normalises subnormals.
inline float half_to_float(uint16_t bits) {
  const uint32_t sign = uint32_t{bits & 0x8000u} << 16;
  const uint32_t rest = uint32_t{bits & 0x7fffu} << 13;
  const float scaled = std::bit_cast<float>(rest) * 0x1p112f;
  const uint32_t special = rest | 0x7f800000u;  // inf and NaN keep their payload
  const uint32_t magnitude = rest >= 0x0f800000u ? special : std::bit_cast<uint32_t>(scaled);
  return std::bit_cast<float>(sign | magnitude);
}

// Round to nearest even; the addition below lets the float unit round at the right bit, for subnormals too.
inline uint16_t float_to_half(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude >= 0x7f800000u) {
    const uint32_t payload = magnitude > 0x7f800000u ? 0x200u | ((magnitude >> 13) & 0x3ffu) : 0u;
    return static_cast<uint16_t>(sign | 0x7c00u | payload);
  }
  if (magnitude >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // 65520 and above
  if (magnitude < 0x38800000u) {                                               // subnormal in binary16
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000u));
  }
  const uint32_t rounded = magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u);
  return static_cast<uint16_t>(sign | (rounded >> 13));
}

inline float bfloat_to_float(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

inline uint16_t float_to_bfloat(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const uint32_t nan = (bits >> 16) | 0x40u;
  return static_cast<uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? nan : rounded);
}

// Truncates toward zero; beyond the range the nearest end; NaN gives 0. Selections only, so that loops vectorise.
template <typename I, typename F>
I float_to_integer(F value) {
  constexpr int kDigits = std::numeric_limits<I>::digits;
  constexpr F kTooLarge = static_cast<F>(uint64_t{1} << (kDigits - 1)) * F{2};  // 2^digits, exact
  constexpr F kLeast = std::is_signed_v<I> ? -kTooLarge : F{0};
  const bool too_large = value >= kTooLarge;
  value = value == value && !too_large ? value : F{0};
  value = value < kLeast ? kLeast : value;
  const I truncated = static_cast<I>(value);
  return too_large ? std::numeric_limits<I>::max() : truncated;
}

// The value in the type that conversions start from: f32 for the 16-bit floats and complex, else the type itself.
template <typename S>
auto widened(S value) {
  if constexpr (std::is_same_v<S, Half>) {
    return half_to_float(value.bits);
  } else if constexpr (std::is_same_v<S, BFloat>) {
    return bfloat_to_float(value.bits);
  } else if constexpr (std::is_same_v<S, Complex>) {
    return value.re;
  } else if constexpr (std::is_same_v<S, Bool>) {
    return static_cast<uint8_t>(value.byte != 0);
  } else {
    return value;
  }
}

template <typename D, typename S>
D cast_value(S value) {
  const auto wide = widened(value);
  using W = decltype(wide);
  if constexpr (std::is_same_v<D, Bool>) {
    if constexpr (std::is_same_v<S, Complex>)
      return Bool{value.re != 0 || value.im != 0};
    else
      return Bool{wide != W{0}};
  } else if constexpr (std::is_same_v<S, Bool> && std::is_floating_point_v<D>) {
    // Through 32 bits and the bits of 1: compilers convert a comparison to a float one by one.
    using Bits = std::conditional_t<sizeof(D) == 4, uint32_t, uint64_t>;
    return std::bit_cast<D>(static_cast<Bits>(Bits{0} - static_cast<Bits>(wide)) & std::bit_cast<Bits>(D{1}));
  } else if constexpr (std::is_same_v<D, Half>) {
    return Half{float_to_half(static_cast<float>(wide))};
  } else if constexpr (std::is_same_v<D, BFloat>) {
    return BFloat{float_to_bfloat(static_cast<float>(wide))};
  } else if constexpr (std::is_same_v<D, Complex>) {
    return Complex{static_cast<float>(wide), 0.0f};
  } else if constexpr (std::is_integral_v<D> && std::is_floating_point_v<std::remove_const_t<W>>) {
    return float_to_integer<D>(wide);
  } else {
    return static_cast<D>(wide);
  }
}

}  // namespace ferrule::cpu
