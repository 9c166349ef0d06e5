// The index operands of gather and scatter in device code: from a tuple's number to a place in x, by the rules of
// docs/numerics.md, section 7. Include after "device/gpu.h".
#pragma once

#include <cstdint>

#include "device/gpu.h"
#include "ferrule/plugin.h"

namespace ferrule::gpu {

template <typename T, uint32_t N>
GPU_DEVICE void load_indices_as(const void* data, const int64_t (&at)[N], int64_t (&out)[N]) {
  GPU_UNROLL
  for (uint32_t i = 0; i < N; ++i) {
    const T v = static_cast<const T*>(data)[at[i]];
    // Unsigned values of 2^63 and more are out of range above.
    out[i] =
        static_cast<T>(-1) > 0 && sizeof(T) == 8 && static_cast<int64_t>(v) < 0 ? INT64_MAX : static_cast<int64_t>(v);
  }
}

// Elements at[0 .. N) of an index array.
template <uint32_t N>
GPU_DEVICE void load_indices(const void* data, uint32_t dtype, const int64_t (&at)[N], int64_t (&out)[N]) {
  switch (dtype) {
    case FRL_DTYPE_I32:
      return load_indices_as<int32_t>(data, at, out);
    case FRL_DTYPE_U32:
      return load_indices_as<uint32_t>(data, at, out);
    case FRL_DTYPE_I64:
      return load_indices_as<int64_t>(data, at, out);
    case FRL_DTYPE_U64:
      return load_indices_as<uint64_t>(data, at, out);
    case FRL_DTYPE_I16:
      return load_indices_as<int16_t>(data, at, out);
    case FRL_DTYPE_U16:
      return load_indices_as<uint16_t>(data, at, out);
    case FRL_DTYPE_I8:
      return load_indices_as<int8_t>(data, at, out);
    default:
      return load_indices_as<uint8_t>(data, at, out);
  }
}

// The position that an index of an axis means, before it is clamped or dropped.
GPU_DEVICE int64_t position_of(int64_t index, int64_t extent) { return index < 0 ? index + extent : index; }

struct IndexList {
  uint32_t count;  // of operands
  uint32_t dtype;
  const void* data[kMaxDims];  // row-contiguous, all of one shape
  int64_t extent[kMaxDims];    // of the axis
  int64_t last[kMaxDims];      // the greatest position at which the whole slice lies inside
  int64_t stride[kMaxDims];    // of the axis, in the caller's unit
  int64_t key_stride[kMaxDims];

  // Gather: the offsets of the slices of N tuples.
  template <uint32_t N>
  GPU_DEVICE void clamped(const int64_t (&tuple)[N], int64_t (&offset)[N]) const {
    GPU_UNROLL
    for (uint32_t i = 0; i < N; ++i) offset[i] = 0;
    for (uint32_t k = 0; k < count; ++k) {
      int64_t index[N];
      load_indices(data[k], dtype, tuple, index);
      GPU_UNROLL
      for (uint32_t i = 0; i < N; ++i) {
        const int64_t at = position_of(index[i], extent[k]);
        offset[i] += (at < 0 ? 0 : at > last[k] ? last[k] : at) * stride[k];
      }
    }
  }
  // Scatter: whether the slice of a tuple lies inside; its offset, and its number among all places.
  GPU_DEVICE bool inside(int64_t tuple, int64_t& offset, int64_t& key) const {
    offset = key = 0;
    bool all = true;
    const int64_t from[1] = {tuple};
    for (uint32_t k = 0; k < count; ++k) {
      int64_t index[1];
      load_indices(data[k], dtype, from, index);
      const int64_t at = position_of(index[0], extent[k]);
      const bool fits = at >= 0 && at <= last[k];
      all = all && fits;
      offset += fits ? at * stride[k] : 0;
      key += fits ? at * key_stride[k] : 0;
    }
    return all;
  }
};

}  // namespace ferrule::gpu
