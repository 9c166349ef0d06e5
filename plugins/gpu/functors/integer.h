// Integer arithmetic of the ops: wraps modulo 2^bits and never traps (numerics.md, sections 3 and 4).
#pragma once

#include "functors/types.h"

namespace ferrule::gpu::integer {

template <typename T>
struct UnsignedOf {
  using type = T;
};
template <>
struct UnsignedOf<int8_t> {
  using type = uint8_t;
};
template <>
struct UnsignedOf<int16_t> {
  using type = uint16_t;
};
template <>
struct UnsignedOf<int32_t> {
  using type = uint32_t;
};
template <>
struct UnsignedOf<int64_t> {
  using type = uint64_t;
};
template <typename T>
using Unsigned = typename UnsignedOf<T>::type;

// Arithmetic is done in unsigned words of 32 or 64 bits.
template <typename T, bool Large = (sizeof(T) > 4)>
struct WordOf {
  using type = uint32_t;
};
template <typename T>
struct WordOf<T, true> {
  using type = uint64_t;
};
template <typename T>
using Word = typename WordOf<T>::type;
template <typename T>
GPU_DEVICE Word<T> word(T x) {
  return static_cast<Word<T>>(x);
}
template <typename T>
inline constexpr uint32_t kBits = sizeof(T) * 8;

// The low bits of a result. GPU_KEEP, where a compiler is given it, keeps 16-bit results from becoming 16-bit arithmetic:
// fused chains with the negative of the least 16-bit integer gave wrong comparisons on sm_90 with CUDA 13.0 without it.
#if !defined(GPU_KEEP)
#define GPU_KEEP(word)
#endif
template <typename T>
GPU_DEVICE T truncate(Word<T> w) {
  if constexpr (sizeof(T) == 2) {
    GPU_KEEP(w);
  }
  return static_cast<T>(w);
}

template <typename T>
GPU_DEVICE T negative(T x) {
  return truncate<T>(Word<T>(0) - word(x));
}
template <typename T>
GPU_DEVICE T abs(T x) {
  if constexpr (is_signed<T>) return x < T(0) ? negative(x) : x;
  return x;
}
template <typename T>
GPU_DEVICE T sign(T x) {
  if constexpr (is_signed<T>) return static_cast<T>((x > T(0)) - (x < T(0)));
  return static_cast<T>(x != T(0));
}
template <typename T>
GPU_DEVICE T floor_divide(T x, T y) {
  if (y == T(0)) return T(0);
  if constexpr (is_signed<T>) {
    if (y == T(-1)) return negative(x);
    const T q = static_cast<T>(x / y);
    const T r = static_cast<T>(word(x) - word(q) * word(y));
    return static_cast<T>(q - (r != T(0) && (r < T(0)) != (y < T(0))));
  }
  return static_cast<T>(x / y);
}
template <typename T>
GPU_DEVICE T remainder(T x, T y) {
  if (y == T(0)) return x;
  if constexpr (is_signed<T>) {
    if (y == T(-1)) return T(0);
    const T r = static_cast<T>(x % y);
    return static_cast<T>(r != T(0) && (r < T(0)) != (y < T(0)) ? r + y : r);
  }
  return static_cast<T>(x % y);
}
template <typename T>
GPU_DEVICE T power(T x, T y) {
  if constexpr (is_signed<T>) {
    if (y < T(0)) return T(0);
  }
  Word<T> result = 1;
  Word<T> base = word(x);
  for (Unsigned<T> e = static_cast<Unsigned<T>>(y); e != 0; e = static_cast<Unsigned<T>>(e >> 1)) {
    if ((e & 1) != 0) result *= base;
    base *= base;
  }
  return static_cast<T>(result);
}
// A negative amount is a huge one seen as unsigned.
template <typename T>
GPU_DEVICE T left_shift(T x, T y) {
  const Unsigned<T> amount = static_cast<Unsigned<T>>(y);
  const Word<T> shifted = word(x) << (amount & static_cast<Unsigned<T>>(kBits<T> - 1));
  return amount < kBits<T> ? static_cast<T>(shifted) : T(0);
}
template <typename T>
GPU_DEVICE T right_shift(T x, T y) {
  const Unsigned<T> amount = static_cast<Unsigned<T>>(y);
  if constexpr (is_signed<T>)
    return static_cast<T>(x >> (amount < kBits<T> ? static_cast<int>(amount) : static_cast<int>(kBits<T> - 1)));
  const T shifted = static_cast<T>(x >> (amount & static_cast<Unsigned<T>>(kBits<T> - 1)));
  return amount < kBits<T> ? shifted : T(0);
}

}  // namespace ferrule::gpu::integer
