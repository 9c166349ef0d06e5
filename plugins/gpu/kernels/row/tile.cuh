// A row, or a chunk of one, in the registers of a group of threads: read once, worked on, written once. A group is a power
// of two of neighbouring threads; a thread holds kVectors wide accesses' worth of elements.
#pragma once

#include "functors/math.h"
#include "functors/reduce_ops.h"
#include "kernels/reduce/group.h"
#include "kernels/tuning.h"

namespace ferrule::gpu {

// Blocks that share a multiprocessor where threads hold so many registers' worth of elements.
template <typename T, uint32_t kVectors>
inline constexpr uint32_t row_blocks = kVectors* kWide<T> * sizeof(Compute<T>) > 128 ? 1 : 2;

// Accesses per thread that hold `kElements`, at least one.
template <typename T, uint32_t kElements>
inline constexpr uint32_t vectors_for = kElements > kWide<T> ? kElements / kWide<T> : 1;

// How rows are dealt to groups, by value. A row of `n` elements is cut into `splits` chunks, each the work of a group.
struct RowShape {
  uint64_t chunks;  // rows * splits
  uint64_t n;
  uint32_t chunk, splits;
  uint32_t group;
  uint32_t used;  // wide accesses per thread that a full chunk takes
};

// A wide access' elements stay packed in words: half types take half the registers.
using Words = Vec<uint32_t, 4>;

template <typename T>
GPU_DEVICE T element_of(const Words& words, uint32_t j) {
  if constexpr (sizeof(T) == 2)
    return T{static_cast<uint16_t>(words[j / 2] >> (16 * (j % 2)))};
  else if constexpr (sizeof(T) == 4)
    return bits_float(words[j]);
  else
    return bits_double(words[2 * j] | static_cast<uint64_t>(words[2 * j + 1]) << 32);
}
template <typename T>
GPU_DEVICE void set_element(Words& words, uint32_t j, T v) {
  if constexpr (sizeof(T) == 2) {
    words[j / 2] = (words[j / 2] & (0xffff0000u >> (16 * (j % 2)))) | static_cast<uint32_t>(v.bits) << (16 * (j % 2));
  } else if constexpr (sizeof(T) == 4) {
    words[j] = float_bits(v);
  } else {
    words[2 * j] = static_cast<uint32_t>(double_bits(v));
    words[2 * j + 1] = static_cast<uint32_t>(double_bits(v) >> 32);
  }
}
template <typename T>
GPU_DEVICE Words pack(const Compute<T>* v) {
  Words words;
  GPU_UNROLL
  for (uint32_t i = 0; i < 4; ++i) {
    if constexpr (is_same<T, Half>)
      words[i] = floats_to_halves(v[2 * i], v[2 * i + 1]);
    else if constexpr (is_same<T, Bfloat>)
      words[i] = floats_to_bfloats(v[2 * i], v[2 * i + 1]);
    else if constexpr (sizeof(T) == 4)
      words[i] = float_bits(v[i]);
    else
      words[i] = static_cast<uint32_t>(double_bits(v[i / 2]) >> (32 * (i % 2)));
  }
  return words;
}

// kIsWide: neighbouring elements lie in one access, see rows_are_wide; else neighbouring elements lie in neighbouring
// threads.
template <typename T, uint32_t kVectors, bool kIsWide>
struct RowTile {
  static constexpr uint32_t kLanes = kWide<T>;
  static constexpr uint32_t kCount = kVectors * kLanes;
  using C = Compute<T>;
  using V = Words;

  uint32_t n;  // elements of the chunk; 0 for a group without work
  uint32_t group, member, used;

  // The place in the chunk of this thread's element k * kLanes + j.
  GPU_DEVICE uint32_t index(uint32_t k, uint32_t j) const {
    return kIsWide ? (k * group + member) * kLanes + j : (k * kLanes + j) * group + member;
  }
  GPU_DEVICE bool valid(uint32_t k, uint32_t j) const { return index(k, kIsWide ? 0 : j) < n; }

  // Accesses k0 .. k0 + M of the array p that the chunk's indices address. All are under way before the
  // first is used.
  template <uint32_t M>
  GPU_DEVICE void load_raw(const T* p, V (&raw)[M], uint32_t k0, C fill) const {
    C filler[kLanes];
    GPU_UNROLL
    for (uint32_t j = 0; j < kLanes; ++j) filler[j] = fill;
    GPU_UNROLL
    for (uint32_t k = 0; k < M; ++k) raw[k] = pack<T>(filler);
    if constexpr (kIsWide) {
      const T* mine = p + member * kLanes;
      GPU_UNROLL
      for (uint32_t k = 0; k < M; ++k) {
        if (index(k0 + k, 0) < n) raw[k] = load_wide<V>(mine + (k0 + k) * group * kLanes);
      }
    } else {
      GPU_UNROLL
      for (uint32_t k = 0; k < M; ++k) {
        if (k0 + k < used) {
          GPU_UNROLL
          for (uint32_t j = 0; j < kLanes; ++j) {
            if (valid(k0 + k, j)) set_element<T>(raw[k], j, p[index(k0 + k, j)]);
          }
        }
      }
    }
  }

  GPU_DEVICE static void unpack(const V (&raw)[kVectors], C (&v)[kCount]) {
    GPU_UNROLL
    for (uint32_t k = 0; k < kVectors; ++k) {
      GPU_UNROLL
      for (uint32_t j = 0; j < kLanes; ++j) v[k * kLanes + j] = widen<T>(element_of<T>(raw[k], j));
    }
  }
  GPU_DEVICE void load(const T* p, C (&v)[kCount], C fill) const {
    V raw[kVectors];
    load_raw(p, raw, 0, fill);
    unpack(raw, v);
  }

  GPU_DEVICE void store_raw(T* p, const V& raw, uint32_t k) const {
    if constexpr (kIsWide) {
      if (index(k, 0) < n) store_streaming(p + index(k, 0), raw);
    } else if (k < used) {
      GPU_UNROLL
      for (uint32_t j = 0; j < kLanes; ++j) {
        if (valid(k, j)) p[index(k, j)] = element_of<T>(raw, j);
      }
    }
  }
  GPU_DEVICE void store(T* p, const C (&v)[kCount]) const {
    GPU_UNROLL
    for (uint32_t k = 0; k < kVectors; ++k) store_raw(p, pack<T>(v + k * kLanes), k);
  }

  // The sum of the squared distances from `mean`.
  GPU_DEVICE C squares(const V (&raw)[kVectors], C mean) const {
    C sum = 0;
    GPU_UNROLL
    for (uint32_t k = 0; k < kVectors; ++k) {
      GPU_UNROLL
      for (uint32_t j = 0; j < kLanes; ++j) {
        const C distance = widen<T>(element_of<T>(raw[k], j)) - mean;
        if (valid(k, j)) sum = math::fma(distance, distance, sum);
      }
    }
    return sum;
  }
};

// The chunk of this thread's group.
template <typename T, uint32_t kVectors, bool kIsWide>
struct RowPlace {
  RowTile<T, kVectors, kIsWide> tile;
  bool live;
  uint64_t row;
  uint32_t split;
  uint64_t column;  // of the chunk in its row

  GPU_DEVICE uint64_t offset(uint64_t n) const { return row * n + column; }
};

template <typename T, uint32_t kVectors, bool kIsWide>
GPU_DEVICE RowPlace<T, kVectors, kIsWide> row_place(const RowShape& s, uint64_t chunk) {
  RowPlace<T, kVectors, kIsWide> place;
  place.live = chunk < s.chunks;
  if (!place.live) chunk = 0;
  place.row = s.splits == 1 ? chunk : chunk / s.splits;
  place.split = static_cast<uint32_t>(chunk - place.row * s.splits);
  place.column = static_cast<uint64_t>(place.split) * s.chunk;
  const uint64_t left = s.n - place.column;
  place.tile.n = !place.live ? 0 : left < s.chunk ? static_cast<uint32_t>(left) : s.chunk;
  place.tile.group = s.group;
  place.tile.member = thread_x() & (s.group - 1);
  place.tile.used = s.used;
  return place;
}

// The same for every row: all arrays are aligned (or null), and rows are whole accesses, as chunks always are.
template <typename T, typename... P>
GPU_DEVICE bool rows_are_wide(const RowShape& s, const T* x, const P*... more) {
  return s.n % kWide<T> == 0 && (reinterpret_cast<uintptr_t>(x) | ... | reinterpret_cast<uintptr_t>(more)) % 16 == 0;
}

GPU_DEVICE uint64_t row_chunk(const RowShape& s) {
  return static_cast<uint64_t>(block_x()) * (threads_x() / s.group) + thread_x() / s.group;
}

}  // namespace ferrule::gpu
