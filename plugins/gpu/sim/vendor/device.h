// The device side of the vendor interface on the CPU (contract: plugins/gpu/README.md). Included by kernels only through
// "device/gpu.h". Misuse ends the kernel with a message (machine/running.h, fault).
#pragma once

#include <math.h>
#include <stdlib.h>

#include <bit>
#include <cstring>
#include <type_traits>

#include "machine/numbers.h"
#include "machine/running.h"

// The last parameters of calls that tell where they are called; callers leave them out.
#define GPU_SITE const char *file = __builtin_FILE(), uint32_t line = __builtin_LINE()

#define GPU_KERNEL void
#define GPU_DEVICE inline
#define GPU_HOST_DEVICE inline
#define GPU_LAUNCH_BOUNDS(...)
#define GPU_RESTRICT
#define GPU_UNROLL
#define GPU_NO_UNROLL
#define GPU_CONSTANT static

namespace ferrule::gpu {

inline constexpr uint32_t warp_width = sim::kWarpWidth;
using LaneMask = std::conditional_t<(warp_width > 32), uint64_t, uint32_t>;

GPU_DEVICE uint32_t thread_x() { return sim::self().thread.x; }
GPU_DEVICE uint32_t thread_y() { return sim::self().thread.y; }
GPU_DEVICE uint32_t block_x() { return sim::self().block.x; }
GPU_DEVICE uint32_t block_y() { return sim::self().block.y; }
GPU_DEVICE uint32_t block_z() { return sim::self().block.z; }
GPU_DEVICE uint32_t threads_x() { return sim::self().threads.x; }
GPU_DEVICE uint32_t threads_y() { return sim::self().threads.y; }
GPU_DEVICE uint32_t blocks_x() { return sim::self().blocks.x; }
GPU_DEVICE uint32_t blocks_y() { return sim::self().blocks.y; }
GPU_DEVICE uint32_t blocks_z() { return sim::self().blocks.z; }
GPU_DEVICE uint32_t lane() { return sim::self().lane; }

GPU_DEVICE void begin_kernel() { ++sim::self().begun; }

GPU_DEVICE void sync(GPU_SITE) { sim::sync_block(sim::Site{file, line}); }
GPU_DEVICE void sync_warp(GPU_SITE) { sim::sync_lanes(sim::Site{file, line}); }
GPU_DEVICE void fence() {}

// ---- warp ----

namespace detail {

template <typename T>
T take(const sim::Lanes& lanes, uint32_t from) {
  if (from >= lanes.count) {
    sim::fault("shuffle from lane %u of a warp whose block gave it %u lanes", from, lanes.count);
  }
  T value;
  std::memcpy(static_cast<void*>(&value), lanes.value[from], sizeof(T));
  return value;
}

template <typename T>
sim::Lanes give(sim::WarpCall call, const T& value, const sim::Site& site) {
  static_assert(sizeof(T) <= sim::kLaneBytes);
  return sim::exchange(call, &value, sizeof(T), false, site);
}

inline uint64_t all_lanes(uint32_t count) { return ~uint64_t{0} >> (64 - count); }

}  // namespace detail

template <typename T>
GPU_DEVICE T shuffle(T value, uint32_t from_lane, GPU_SITE) {
  return detail::take<T>(detail::give(sim::WarpCall::kShuffle, value, {file, line}), from_lane);
}
template <typename T>
GPU_DEVICE T shuffle_xor(T value, uint32_t mask, GPU_SITE) {
  return detail::take<T>(detail::give(sim::WarpCall::kShuffleXor, value, {file, line}), lane() ^ mask);
}
template <typename T>
GPU_DEVICE T shuffle_up(T value, uint32_t delta, GPU_SITE) {
  const sim::Lanes lanes = detail::give(sim::WarpCall::kShuffleUp, value, {file, line});
  return lane() < delta ? value : detail::take<T>(lanes, lane() - delta);
}
template <typename T>
GPU_DEVICE T shuffle_down(T value, uint32_t delta, GPU_SITE) {
  const sim::Lanes lanes = detail::give(sim::WarpCall::kShuffleDown, value, {file, line});
  return delta >= warp_width - lane() ? value : detail::take<T>(lanes, lane() + delta);
}
GPU_DEVICE LaneMask ballot(bool predicate, GPU_SITE) {
  return static_cast<LaneMask>(sim::exchange(sim::WarpCall::kVote, nullptr, 0, predicate, sim::Site{file, line}).votes);
}
GPU_DEVICE bool warp_any(bool predicate, GPU_SITE) {
  return sim::exchange(sim::WarpCall::kVote, nullptr, 0, predicate, sim::Site{file, line}).votes != 0;
}
GPU_DEVICE bool warp_all(bool predicate, GPU_SITE) {
  const sim::Lanes lanes = sim::exchange(sim::WarpCall::kVote, nullptr, 0, predicate, sim::Site{file, line});
  return lanes.votes == detail::all_lanes(lanes.count);
}
GPU_DEVICE uint32_t count_bits(LaneMask mask) { return static_cast<uint32_t>(std::popcount(mask)); }
GPU_DEVICE uint32_t lowest_bit(LaneMask mask) {
  return mask == 0 ? ~0u : static_cast<uint32_t>(std::countr_zero(mask));
}
GPU_DEVICE LaneMask lanes_below() { return static_cast<LaneMask>((uint64_t{1} << lane()) - 1); }

// ---- shared memory: every access is inside its array, and is watched where FERRULE_SIM_RACECHECK asks for it ----

template <typename T>
class shared {
 public:
  explicit shared(T* data) : data_(data), count_(sim::shared_bytes_from(data) / sizeof(T)), name_("memory") {}
  shared(sim::SharedSlot& slot, size_t count, const char* name)
      : data_(reinterpret_cast<T*>(sim::shared_array(slot, count * sizeof(T), name))), count_(count), name_(name) {}
  shared(const sim::SharedRange& range, const char* name)
      : data_(reinterpret_cast<T*>(range.data)), count_(range.bytes / sizeof(T)), name_(name) {}

  T& operator[](uint32_t i) const {
    inside(i, 1);
    if (sim::self().race_check) [[unlikely]]
      sim::touch_shared(data_ + i, sizeof(T));
    return data_[i];
  }
  shared from(uint32_t offset) const {
    if (offset > count_) inside(offset, 0);
    return shared(data_ + offset, count_ - offset, name_);
  }

 private:
  shared(T* data, size_t count, const char* name) : data_(data), count_(count), name_(name) {}
  void inside(uint32_t i, uint32_t n) const {
    if (uint64_t{i} + n > count_) [[unlikely]] {
      sim::fault("shared '%s'[%u]; expected an index below its %zu elements", name_, i, count_);
    }
  }

  T* data_;
  size_t count_;
  const char* name_;
};
#define GPU_SHARED(T, name, count)                   \
  static ::ferrule::gpu::sim::SharedSlot name##_at_; \
  const ::ferrule::gpu::shared<T> name(name##_at_, (count), #name)
#define GPU_DYNAMIC_SHARED(T, name) const ::ferrule::gpu::shared<T> name(::ferrule::gpu::sim::dynamic_shared(), #name)

// ---- atomics: plain operations, since one thread runs at a time ----

namespace detail {

template <typename T, typename F>
T exchange_at(T* p, F next) {
  if (reinterpret_cast<uintptr_t>(p) % sizeof(T) != 0) sim::fault("an atomic operation at an unaligned address");
  if (sim::self().race_check) [[unlikely]]
    sim::touch_atomic(p, sizeof(T));
  const T before = *p;
  *p = next(before);
  return before;
}

}  // namespace detail

GPU_DEVICE uint32_t atomic_add(uint32_t* p, uint32_t v) {
  return detail::exchange_at(p, [v](uint32_t a) { return a + v; });
}
GPU_DEVICE int32_t atomic_add(int32_t* p, int32_t v) {
  return detail::exchange_at(
      p, [v](int32_t a) { return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(v)); });
}
GPU_DEVICE uint64_t atomic_add(uint64_t* p, uint64_t v) {
  return detail::exchange_at(p, [v](uint64_t a) { return a + v; });
}
GPU_DEVICE float atomic_add(float* p, float v) {
  return detail::exchange_at(p, [v](float a) { return a + v; });
}
GPU_DEVICE double atomic_add(double* p, double v) {
  return detail::exchange_at(p, [v](double a) { return a + v; });
}
GPU_DEVICE uint32_t atomic_max(uint32_t* p, uint32_t v) {
  return detail::exchange_at(p, [v](uint32_t a) { return a < v ? v : a; });
}
GPU_DEVICE uint32_t atomic_min(uint32_t* p, uint32_t v) {
  return detail::exchange_at(p, [v](uint32_t a) { return v < a ? v : a; });
}
GPU_DEVICE uint64_t atomic_max(uint64_t* p, uint64_t v) {
  return detail::exchange_at(p, [v](uint64_t a) { return a < v ? v : a; });
}
GPU_DEVICE uint32_t atomic_or(uint32_t* p, uint32_t v) {
  return detail::exchange_at(p, [v](uint32_t a) { return a | v; });
}
GPU_DEVICE uint32_t atomic_and(uint32_t* p, uint32_t v) {
  return detail::exchange_at(p, [v](uint32_t a) { return a & v; });
}
GPU_DEVICE uint32_t atomic_cas(uint32_t* p, uint32_t expected, uint32_t desired) {
  return detail::exchange_at(p, [=](uint32_t a) { return a == expected ? desired : a; });
}
GPU_DEVICE uint64_t atomic_cas(uint64_t* p, uint64_t expected, uint64_t desired) {
  return detail::exchange_at(p, [=](uint64_t a) { return a == expected ? desired : a; });
}
GPU_DEVICE void atomic_add_f32x4(float* p, float a, float b, float c, float d) {
  if (reinterpret_cast<uintptr_t>(p) % 16 != 0)
    sim::fault("atomic_add_f32x4 at %p; expected an aligned address", static_cast<void*>(p));
  const float v[] = {a, b, c, d};
  for (int i = 0; i < 4; ++i) atomic_add(p + i, v[i]);
}
GPU_DEVICE void atomic_add_f16x2(uint32_t* p, uint32_t v) {
  (void)detail::exchange_at(p,
                            [v](uint32_t a) { return sim::add_pairs(a, v, sim::half_to_float, sim::float_to_half); });
}
GPU_DEVICE void atomic_add_bf16x2(uint32_t* p, uint32_t v) {
  (void)detail::exchange_at(
      p, [v](uint32_t a) { return sim::add_pairs(a, v, sim::bfloat_to_float, sim::float_to_bfloat); });
}

// ---- bits and numbers ----

GPU_DEVICE uint32_t float_bits(float f) { return std::bit_cast<uint32_t>(f); }
GPU_DEVICE float bits_float(uint32_t b) { return std::bit_cast<float>(b); }
GPU_DEVICE uint64_t double_bits(double d) { return std::bit_cast<uint64_t>(d); }
GPU_DEVICE double bits_double(uint64_t b) { return std::bit_cast<double>(b); }
GPU_DEVICE float half_to_float(uint16_t h) { return sim::half_to_float(h); }
GPU_DEVICE uint16_t float_to_half(float f) { return sim::float_to_half(f); }
GPU_DEVICE uint16_t float_to_bfloat(float f) { return sim::float_to_bfloat(f); }
GPU_DEVICE float approximate_exp2(float x) { return exp2f(x); }
GPU_DEVICE float approximate_reciprocal(float x) { return 1.0f / x; }
GPU_DEVICE uint32_t floats_to_halves(float low, float high) {
  return float_to_half(low) | static_cast<uint32_t>(float_to_half(high)) << 16;
}
GPU_DEVICE uint32_t floats_to_bfloats(float low, float high) {
  return float_to_bfloat(low) | static_cast<uint32_t>(float_to_bfloat(high)) << 16;
}
GPU_DEVICE uint64_t multiply_high(uint64_t a, uint64_t b) {
  return static_cast<uint64_t>(static_cast<unsigned __int128>(a) * b >> 64);
}
GPU_DEVICE uint32_t multiply_high(uint32_t a, uint32_t b) {
  return static_cast<uint32_t>(static_cast<uint64_t>(a) * b >> 32);
}
GPU_DEVICE uint32_t leading_zeros(uint32_t x) { return static_cast<uint32_t>(std::countl_zero(x)); }
GPU_DEVICE uint32_t reverse_bits(uint32_t x) { return sim::reverse_bits(x); }

// ---- memory ----

namespace detail {

template <typename V>
void aligned(const void* p) {
  static_assert(sizeof(V) <= 16 && (sizeof(V) & (sizeof(V) - 1)) == 0);
  if (reinterpret_cast<uintptr_t>(p) % sizeof(V) != 0) [[unlikely]] {
    sim::fault("access to %zu bytes at %p; expected an aligned address", sizeof(V), p);
  }
}

}  // namespace detail

template <typename V>
GPU_DEVICE V load_wide(const void* p) {
  detail::aligned<V>(p);
  V v;
  std::memcpy(static_cast<void*>(&v), p, sizeof v);
  return v;
}
template <typename V>
GPU_DEVICE void store_wide(void* p, const V& v) {
  detail::aligned<V>(p);
  std::memcpy(p, &v, sizeof v);
}
template <typename V>
GPU_DEVICE V load_streaming(const void* p) {
  return load_wide<V>(p);
}
template <typename V>
GPU_DEVICE void store_streaming(void* p, const V& v) {
  store_wide(p, v);
}

}  // namespace ferrule::gpu
