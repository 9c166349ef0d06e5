// Elements as unsigned keys in the order of docs/numerics.md, section 6, for every real dtype: which one is a run-time
// property, so that kernels exist per key width only.
#pragma once

#include "common/dtypes.h"
#include "device/gpu.h"
#include "ferrule/plugin.h"

namespace ferrule::gpu::sort {

struct KeyCode {
  enum Kind : uint32_t { kUnsigned, kSigned, kFloat, kBool };
  uint32_t kind = kUnsigned;
  uint32_t item = 1;       // bytes
  uint64_t sign = 0x80;    // the sign bit
  uint64_t infinity = 0;   // kFloat: its bits
  uint32_t canonical = 0;  // -0 = +0 and all NaN are equal; else keys are one to one with bits

  KeyCode() = default;
  KeyCode(uint32_t dtype, bool equal_zeros) : item(plugin::item_size(dtype)), canonical(equal_zeros) {
    sign = uint64_t{1} << (8 * item - 1);
    if (dtype == FRL_DTYPE_BOOL) kind = kBool;
    if (dtype >= FRL_DTYPE_I8 && dtype <= FRL_DTYPE_I64) kind = kSigned;
    if (dtype >= FRL_DTYPE_F16) {
      kind = kFloat;
      infinity = dtype == FRL_DTYPE_F16    ? 0x7c00
                 : dtype == FRL_DTYPE_BF16 ? 0x7f80
                 : dtype == FRL_DTYPE_F32  ? 0x7f800000
                                           : 0x7ff0000000000000;
    }
  }
  uint32_t bits() const { return kind == kBool ? 1 : 8 * item; }

  GPU_DEVICE uint64_t encode(uint64_t bits) const {
    if (kind == kUnsigned) return bits;
    if (kind == kSigned) return bits ^ sign;
    if (kind == kBool) return bits != 0;
    const uint64_t all = sign | (sign - 1), magnitude = bits & (sign - 1);
    const uint64_t ordered = bits ^ ((bits & sign) != 0 ? all : sign);
    if (canonical) return magnitude > infinity ? all : magnitude == 0 ? sign : ordered;
    // NaN with the sign bit come first; turn the order round so that they come last.
    return (ordered - (sign - 1 - infinity)) & all;
  }
  // The inverse, of keys that are not canonical.
  GPU_DEVICE uint64_t decode(uint64_t key) const {
    if (kind == kUnsigned || kind == kBool) return key;
    if (kind == kSigned) return key ^ sign;
    const uint64_t all = sign | (sign - 1);
    key = (key + (sign - 1 - infinity)) & all;
    return key ^ ((key & sign) != 0 ? sign : all);
  }
  GPU_DEVICE uint64_t load_bits(const void* data, int64_t i) const {
    switch (item) {
      case 1:
        return static_cast<const uint8_t*>(data)[i];
      case 2:
        return static_cast<const uint16_t*>(data)[i];
      case 4:
        return static_cast<const uint32_t*>(data)[i];
      default:
        return static_cast<const uint64_t*>(data)[i];
    }
  }
  GPU_DEVICE uint64_t load(const void* data, int64_t i) const { return encode(load_bits(data, i)); }
  // Whether load_four may be used for neighbours from `first` on: `first` is aligned to four elements.
  GPU_DEVICE bool is_wide(const void* data, int64_t first, int64_t stride) const {
    return stride == 1 && (reinterpret_cast<uint64_t>(data) + static_cast<uint64_t>(first * item)) % (4 * item) == 0;
  }
  // Elements i to i + 3, by one access (two of 8-byte elements).
  GPU_DEVICE void load_four(const void* data, int64_t i, uint64_t (&bits)[4]) const {
    switch (item) {
      case 1:
        return take_four(load_streaming<Vec<uint8_t, 4>>(static_cast<const uint8_t*>(data) + i), bits);
      case 2:
        return take_four(load_streaming<Vec<uint16_t, 4>>(static_cast<const uint16_t*>(data) + i), bits);
      case 4:
        return take_four(load_streaming<Vec<uint32_t, 4>>(static_cast<const uint32_t*>(data) + i), bits);
      default: {
        const auto low = load_streaming<Vec<uint64_t, 2>>(static_cast<const uint64_t*>(data) + i);
        const auto high = load_streaming<Vec<uint64_t, 2>>(static_cast<const uint64_t*>(data) + i + 2);
        bits[0] = low[0], bits[1] = low[1], bits[2] = high[0], bits[3] = high[1];
      }
    }
  }
  template <typename T>
  static GPU_DEVICE void take_four(const Vec<T, 4>& from, uint64_t (&bits)[4]) {
    GPU_UNROLL
    for (uint32_t k = 0; k < 4; ++k) bits[k] = from[k];
  }
  GPU_DEVICE void store_bits(void* data, int64_t i, uint64_t bits) const {
    switch (item) {
      case 1:
        static_cast<uint8_t*>(data)[i] = static_cast<uint8_t>(bits);
        break;
      case 2:
        static_cast<uint16_t*>(data)[i] = static_cast<uint16_t>(bits);
        break;
      case 4:
        static_cast<uint32_t*>(data)[i] = static_cast<uint32_t>(bits);
        break;
      default:
        static_cast<uint64_t*>(data)[i] = bits;
    }
  }
};

}  // namespace ferrule::gpu::sort
