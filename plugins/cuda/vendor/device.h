// The device side of the vendor interface for CUDA (contract: plugins/gpu/README.md). Included by kernels only through
// "device/gpu.h"; also given to NVRTC as source, so it includes no toolkit header.
#pragma once

#define GPU_KERNEL __global__ void
#define GPU_DEVICE __device__ __forceinline__
#define GPU_HOST_DEVICE __host__ __device__ __forceinline__
#define GPU_LAUNCH_BOUNDS(...) __launch_bounds__(__VA_ARGS__)
#define GPU_RESTRICT __restrict__
#define GPU_UNROLL _Pragma("unroll")
#define GPU_NO_UNROLL _Pragma("unroll 1")
#define GPU_CONSTANT __constant__

namespace ferrule::gpu {

inline constexpr uint32_t warp_width = 32;
using LaneMask = uint32_t;

GPU_DEVICE uint32_t thread_x() { return threadIdx.x; }
GPU_DEVICE uint32_t thread_y() { return threadIdx.y; }
GPU_DEVICE uint32_t block_x() { return blockIdx.x; }
GPU_DEVICE uint32_t block_y() { return blockIdx.y; }
GPU_DEVICE uint32_t block_z() { return blockIdx.z; }
GPU_DEVICE uint32_t threads_x() { return blockDim.x; }
GPU_DEVICE uint32_t threads_y() { return blockDim.y; }
GPU_DEVICE uint32_t blocks_x() { return gridDim.x; }
GPU_DEVICE uint32_t blocks_y() { return gridDim.y; }
GPU_DEVICE uint32_t blocks_z() { return gridDim.z; }
// The lane of a thread in a block whose threads_x() is a multiple of warp_width, or one-dimensional.
GPU_DEVICE uint32_t lane() {
  uint32_t id;
  asm("mov.u32 %0, %%laneid;" : "=r"(id));
  return id;
}

// The first statement of every kernel: in a graph a kernel is put on the device while the one before comes to its end
// (programmatic dependent launch); it waits here until all of that one's writes are seen. Kernels do not let the next one come
// earlier than at their end: on an H100 that took longer in chains of small ones.
GPU_DEVICE void begin_kernel() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

GPU_DEVICE void sync() { __syncthreads(); }
GPU_DEVICE void sync_warp() { __syncwarp(); }
GPU_DEVICE void fence() { __threadfence(); }  // earlier writes are seen by the whole device before later ones

// ---- warp: every lane of the warp takes part ----

template <typename T>
GPU_DEVICE T shuffle_bits(T value, uint32_t lane, int mode) {
  // Values of any size travel as 32-bit words.
  constexpr uint32_t kWords = (sizeof(T) + 3) / 4;
  union Words {
    T value;
    uint32_t word[kWords];
    GPU_DEVICE Words() {}
  } in, out;
  GPU_UNROLL
  for (uint32_t i = 0; i < kWords; ++i) in.word[i] = 0;
  in.value = value;
  GPU_UNROLL
  for (uint32_t i = 0; i < kWords; ++i) {
    out.word[i] = mode == 0   ? __shfl_sync(0xffffffffu, in.word[i], static_cast<int>(lane))
                  : mode == 1 ? __shfl_xor_sync(0xffffffffu, in.word[i], static_cast<int>(lane))
                  : mode == 2 ? __shfl_up_sync(0xffffffffu, in.word[i], lane)
                              : __shfl_down_sync(0xffffffffu, in.word[i], lane);
  }
  return out.value;
}
template <typename T>
GPU_DEVICE T shuffle(T value, uint32_t from_lane) {
  return shuffle_bits(value, from_lane, 0);
}
template <typename T>
GPU_DEVICE T shuffle_xor(T value, uint32_t mask) {
  return shuffle_bits(value, mask, 1);
}
template <typename T>
GPU_DEVICE T shuffle_up(T value, uint32_t delta) {  // lanes below delta keep their own value
  return shuffle_bits(value, delta, 2);
}
template <typename T>
GPU_DEVICE T shuffle_down(T value, uint32_t delta) {  // the last delta lanes keep their own value
  return shuffle_bits(value, delta, 3);
}
GPU_DEVICE LaneMask ballot(bool predicate) { return __ballot_sync(0xffffffffu, predicate); }
GPU_DEVICE bool warp_any(bool predicate) { return __any_sync(0xffffffffu, predicate); }
GPU_DEVICE bool warp_all(bool predicate) { return __all_sync(0xffffffffu, predicate); }
GPU_DEVICE uint32_t count_bits(LaneMask mask) { return static_cast<uint32_t>(__popc(mask)); }
GPU_DEVICE uint32_t lowest_bit(LaneMask mask) { return static_cast<uint32_t>(__ffs(static_cast<int>(mask))) - 1; }
GPU_DEVICE LaneMask lanes_below() {
  LaneMask mask;
  asm("mov.u32 %0, %%lanemask_lt;" : "=r"(mask));
  return mask;
}

// ---- shared memory: GPU_SHARED(T, name, count) declares a block's array; the accessor is the only way to it ----

template <typename T>
class shared {
 public:
  GPU_DEVICE explicit shared(T* data) : data_(data) {}
  GPU_DEVICE T& operator[](uint32_t i) const { return data_[i]; }
  // A view of the elements from `offset` on.
  GPU_DEVICE shared from(uint32_t offset) const { return shared(data_ + offset); }

 private:
  T* data_;
};
#define GPU_SHARED(T, name, count)                                           \
  __shared__ __align__(16) unsigned char name##_bytes_[sizeof(T) * (count)]; \
  const ::ferrule::gpu::shared<T> name(reinterpret_cast<T*>(name##_bytes_))
// The block's dynamic shared memory (LaunchConfig::shared_bytes); at most one per kernel.
extern __shared__ __align__(16) unsigned char dynamic_shared_bytes_[];
#define GPU_DYNAMIC_SHARED(T, name) \
  const ::ferrule::gpu::shared<T> name(reinterpret_cast<T*>(::ferrule::gpu::dynamic_shared_bytes_))

// ---- atomics on global memory, relaxed; shared memory through &tile[i] ----

GPU_DEVICE uint32_t atomic_add(uint32_t* p, uint32_t v) { return atomicAdd(p, v); }
GPU_DEVICE int32_t atomic_add(int32_t* p, int32_t v) { return atomicAdd(p, v); }
GPU_DEVICE uint64_t atomic_add(uint64_t* p, uint64_t v) {
  return atomicAdd(reinterpret_cast<unsigned long long*>(p), static_cast<unsigned long long>(v));
}
GPU_DEVICE float atomic_add(float* p, float v) { return atomicAdd(p, v); }
GPU_DEVICE double atomic_add(double* p, double v) { return atomicAdd(p, v); }
GPU_DEVICE uint32_t atomic_max(uint32_t* p, uint32_t v) { return atomicMax(p, v); }
GPU_DEVICE uint32_t atomic_min(uint32_t* p, uint32_t v) { return atomicMin(p, v); }
GPU_DEVICE uint64_t atomic_max(uint64_t* p, uint64_t v) {
  return atomicMax(reinterpret_cast<unsigned long long*>(p), static_cast<unsigned long long>(v));
}
GPU_DEVICE uint32_t atomic_or(uint32_t* p, uint32_t v) { return atomicOr(p, v); }
GPU_DEVICE uint32_t atomic_and(uint32_t* p, uint32_t v) { return atomicAnd(p, v); }
GPU_DEVICE uint32_t atomic_cas(uint32_t* p, uint32_t expected, uint32_t desired) {
  return atomicCAS(p, expected, desired);
}
GPU_DEVICE uint64_t atomic_cas(uint64_t* p, uint64_t expected, uint64_t desired) {
  return atomicCAS(reinterpret_cast<unsigned long long*>(p), static_cast<unsigned long long>(expected),
                   static_cast<unsigned long long>(desired));
}
// Four neighbours at once, p aligned to 16; each sum is atomic, the four are not.
GPU_DEVICE void atomic_add_f32x4(float* p, float a, float b, float c, float d) {
#if __CUDA_ARCH__ >= 900
  asm volatile("red.global.add.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(p), "f"(a), "f"(b), "f"(c), "f"(d) : "memory");
#else
  atomicAdd(p, a);
  atomicAdd(p + 1, b);
  atomicAdd(p + 2, c);
  atomicAdd(p + 3, d);
#endif
}
// Two packed halves at once, p aligned to 4: each half is added with one rounding to its type (bf16: below).
GPU_DEVICE void atomic_add_f16x2(uint32_t* p, uint32_t v) {
  asm volatile("red.global.add.noftz.f16x2 [%0], %1;" ::"l"(p), "r"(v) : "memory");
}

// ---- bits and numbers ----

GPU_DEVICE uint32_t float_bits(float f) { return __float_as_uint(f); }
GPU_DEVICE float bits_float(uint32_t b) { return __uint_as_float(b); }
GPU_DEVICE uint64_t double_bits(double d) { return static_cast<uint64_t>(__double_as_longlong(d)); }
GPU_DEVICE double bits_double(uint64_t b) { return __longlong_as_double(static_cast<long long>(b)); }
GPU_DEVICE float half_to_float(uint16_t h) {
  float f;
  asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(h));
  return f;
}
GPU_DEVICE uint16_t float_to_half(float f) {
  uint16_t h;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h) : "f"(f));
  return h;
}
GPU_DEVICE uint16_t float_to_bfloat(float f) {
  uint16_t b;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(b) : "f"(f));
  return b;
}
// 2^x for |x| <= 1 and 1 / x for |x| in [2^-100, 2^100], within 2 units in the last place.
GPU_DEVICE float approximate_exp2(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
GPU_DEVICE float approximate_reciprocal(float x) {
  float y;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
// Two at once, `low` in the low bits.
GPU_DEVICE uint32_t floats_to_halves(float low, float high) {
  uint32_t w;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(w) : "f"(high), "f"(low));
  return w;
}
GPU_DEVICE uint32_t floats_to_bfloats(float low, float high) {
  uint32_t w;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(w) : "f"(high), "f"(low));
  return w;
}
GPU_DEVICE void atomic_add_bf16x2(uint32_t* p, uint32_t v) {
#if __CUDA_ARCH__ >= 900
  asm volatile("red.global.add.noftz.bf16x2 [%0], %1;" ::"l"(p), "r"(v) : "memory");
#else
  for (uint32_t expected, seen = *p;;) {
    expected = seen;
    const float low = bits_float(expected << 16) + bits_float(v << 16);
    const float high = bits_float(expected & 0xffff0000u) + bits_float(v & 0xffff0000u);
    seen = atomicCAS(p, expected, floats_to_bfloats(low, high));
    if (seen == expected) return;
  }
#endif
}
GPU_DEVICE uint64_t multiply_high(uint64_t a, uint64_t b) { return __umul64hi(a, b); }
GPU_DEVICE uint32_t multiply_high(uint32_t a, uint32_t b) { return __umulhi(a, b); }
GPU_DEVICE uint32_t leading_zeros(uint32_t x) { return static_cast<uint32_t>(__clz(static_cast<int>(x))); }
GPU_DEVICE uint32_t reverse_bits(uint32_t x) { return __brev(x); }

// ---- memory: 16-byte (or smaller, power of two) accesses; V is a trivially copyable struct of that size ----

namespace detail {
template <uint32_t kBytes>
struct Word;
template <>
struct Word<1> {
  using type = uint8_t;
};
template <>
struct Word<2> {
  using type = uint16_t;
};
template <>
struct Word<4> {
  using type = uint32_t;
};
template <>
struct Word<8> {
  using type = uint2;
};
template <>
struct Word<16> {
  using type = uint4;
};
}  // namespace detail

// A plain load and store of V as one access; p is aligned to sizeof(V).
template <typename V>
GPU_DEVICE V load_wide(const void* p) {
  using W = typename detail::Word<sizeof(V)>::type;
  union {
    W word;
    unsigned char bytes[sizeof(V)];
  } u;
  u.word = *static_cast<const W*>(p);
  return *reinterpret_cast<const V*>(u.bytes);
}
template <typename V>
GPU_DEVICE void store_wide(void* p, const V& v) {
  using W = typename detail::Word<sizeof(V)>::type;
  *static_cast<W*>(p) = *reinterpret_cast<const W*>(&v);
}
// The same for data that is read or written once and should not stay in the caches.
template <typename V>
GPU_DEVICE V load_streaming(const void* p) {
  using W = typename detail::Word<sizeof(V)>::type;
  const W word = __ldcs(static_cast<const W*>(p));
  return *reinterpret_cast<const V*>(&word);
}
template <typename V>
GPU_DEVICE void store_streaming(void* p, const V& v) {
  using W = typename detail::Word<sizeof(V)>::type;
  __stcs(static_cast<W*>(p), *reinterpret_cast<const W*>(&v));
}

}  // namespace ferrule::gpu
