// What product kernels share on the device: fused multiply-add per accumulation type, the epilogue, and shared-memory
// vectors. Sums of products are the one place where numerics.md allows a fused a * b + c.
#pragma once

#if !defined(FERRULE_RUNTIME_COMPILED)
#include <cmath>
#endif

#include "device/gpu.h"
#include "device/index.h"
#include "functors/types.h"

namespace ferrule::gpu::product {

GPU_DEVICE float multiply_add(float a, float b, float c) { return fmaf(a, b, c); }
GPU_DEVICE double multiply_add(double a, double b, double c) { return fma(a, b, c); }
GPU_DEVICE Complex multiply_add(Complex a, Complex b, Complex c) {
  c.re = fmaf(-a.im, b.im, fmaf(a.re, b.re, c.re));
  c.im = fmaf(a.im, b.re, fmaf(a.re, b.im, c.im));
  return c;
}

template <typename C>
GPU_DEVICE C zero() {
  return C{};
}
struct Add {
  GPU_DEVICE float operator()(float a, float b) const { return a + b; }
  GPU_DEVICE double operator()(double a, double b) const { return a + b; }
  GPU_DEVICE Complex operator()(Complex a, Complex b) const { return {a.re + b.re, a.im + b.im}; }
};

// alpha and beta are real also where the elements are complex.
template <typename C>
GPU_DEVICE C scale(float s, C v) {
  if constexpr (is_complex<C>) {
    return {s * v.re, s * v.im};
  } else {
    return static_cast<C>(s) * v;
  }
}
template <typename C>
GPU_DEVICE C scale_add(float s, C v, C sum) {
  if constexpr (is_complex<C>) {
    return {fmaf(s, v.re, sum.re), fmaf(s, v.im, sum.im)};
  } else {
    return multiply_add(static_cast<C>(s), v, sum);
  }
}

struct Scalars {
  float alpha, beta;
  uint32_t has_c;
};
// The element of out: one rounding to its type.
template <typename T>
GPU_DEVICE T finish(const Scalars& s, Compute<T> sum, const T* c, int64_t c_offset) {
  sum = scale(s.alpha, sum);
  if (s.has_c) sum = scale_add(s.beta, widen<T>(c[c_offset]), sum);
  return narrow<T>(sum);
}

// Four neighbours of a shared array; i is a multiple of 4.
template <typename C>
GPU_DEVICE void load4(const shared<C>& from, uint32_t i, C (&out)[4]) {
  constexpr uint32_t kStep = sizeof(C) == 4 ? 4 : 2;
  using V = Vec<C, kStep>;
  GPU_UNROLL
  for (uint32_t j = 0; j < 4; j += kStep) {
    const V v = load_wide<V>(&from[i + j]);
    GPU_UNROLL
    for (uint32_t e = 0; e < kStep; ++e) out[j + e] = v[e];
  }
}
template <typename C>
GPU_DEVICE void store4(const shared<C>& to, uint32_t i, const C (&in)[4]) {
  constexpr uint32_t kStep = sizeof(C) == 4 ? 4 : 2;
  using V = Vec<C, kStep>;
  GPU_UNROLL
  for (uint32_t j = 0; j < 4; j += kStep) {
    V v;
    GPU_UNROLL
    for (uint32_t e = 0; e < kStep; ++e) v[e] = in[j + e];
    store_wide(&to[i + j], v);
  }
}
// Four neighbours in global memory, aligned to the four of them or to 16 bytes.
template <typename T>
GPU_DEVICE void load4(const T* from, T (&out)[4]) {
  constexpr uint32_t kStep = sizeof(T) <= 4 ? 4 : 2;
  using V = Vec<T, kStep>;
  GPU_UNROLL
  for (uint32_t j = 0; j < 4; j += kStep) {
    const V v = load_wide<V>(from + j);
    GPU_UNROLL
    for (uint32_t e = 0; e < kStep; ++e) out[j + e] = v[e];
  }
}

}  // namespace ferrule::gpu::product
