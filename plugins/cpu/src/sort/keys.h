// Elements as unsigned keys of their own width whose order is the op's order: ascending, NaN last.
#pragma once

#include <cstdint>

#include "value.h"

namespace ferrule::cpu {

template <size_t kBytes>
struct KeyOfSize;
template <>
struct KeyOfSize<1> {
  using type = uint8_t;
};
template <>
struct KeyOfSize<2> {
  using type = uint16_t;
};
template <>
struct KeyOfSize<4> {
  using type = uint32_t;
};
template <>
struct KeyOfSize<8> {
  using type = uint64_t;
};
template <typename T>
using Key = typename KeyOfSize<sizeof(T)>::type;

// The sign bit of T's bits, and the bits of its +infinity (floats).
template <typename T>
inline constexpr Key<T> kSignBit = static_cast<Key<T>>(Key<T>{1} << (8 * sizeof(T) - 1));
template <typename T>
constexpr Key<T> infinity_bits() {
  if constexpr (std::is_same_v<T, Half>)
    return 0x7c00;
  else if constexpr (std::is_same_v<T, Bfloat>)
    return 0x7f80;
  else if constexpr (std::is_same_v<T, float>)
    return 0x7f800000u;
  else
    return 0x7ff0000000000000ull;
}

// kMergeZeros: -0 and +0 get one key, so that a stable sort keeps their order; the key then loses the sign.
template <bool kMergeZeros, typename T>
FERRULE_INLINE Key<T> encode(T value) {
  using K = Key<T>;
  if constexpr (std::is_same_v<T, Bool>) {
    return value.byte != 0;
  } else if constexpr (kIsFloating<T>) {
    const K bits = std::bit_cast<K>(value);
    const K magnitude = bits & static_cast<K>(~kSignBit<T>);
    const bool negative = (bits & kSignBit<T>) != 0 && !(kMergeZeros && magnitude == 0);
    const K ordered = negative ? static_cast<K>(~bits) : static_cast<K>(magnitude | kSignBit<T>);
    return magnitude > infinity_bits<T>() ? static_cast<K>(~K{0}) : ordered;
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<K>(static_cast<K>(value) ^ kSignBit<T>);
  } else {
    return value;
  }
}

// The inverse of encode<false>; every NaN comes back as the quiet one.
template <typename T>
FERRULE_INLINE T decode(Key<T> key) {
  using K = Key<T>;
  if constexpr (std::is_same_v<T, Bool>) {
    return {key};
  } else if constexpr (kIsFloating<T>) {
    const K bits = (key & kSignBit<T>) != 0 ? static_cast<K>(key ^ kSignBit<T>) : static_cast<K>(~key);
    return std::bit_cast<T>(bits);
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<T>(key ^ kSignBit<T>);
  } else {
    return key;
  }
}

}  // namespace ferrule::cpu
