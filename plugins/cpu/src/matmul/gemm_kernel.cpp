// Inner kernels of the matrix product: an mr x nr block of C stays in registers while k runs.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "matmul/gemm_kernel.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "gemm_kernel.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

// 32 registers hold 12 x 2 vectors of C, 16 registers 4 x 3, beside the operands.
#if HWY_TARGET <= HWY_AVX3
constexpr int kRows = 12, kVectors = 2;
#elif HWY_TARGET == HWY_SCALAR
constexpr int kRows = 4, kVectors = 4;  // a panel of B must have even width for complex products
#else
constexpr int kRows = 4, kVectors = 3;
#endif
constexpr int kRowStep = 4;  // kernels exist for 4, 8, .. kRows rows

template <class D, int kM, int kN>
HWY_INLINE void multiply_block(D d, int64_t k, const hn::TFromD<D>* HWY_RESTRICT a, const hn::TFromD<D>* HWY_RESTRICT b,
                               hn::TFromD<D>* HWY_RESTRICT c, int64_t ldc, bool accumulate) {
  using V = hn::Vec<D>;
  constexpr int kLanes = static_cast<int>(hn::MaxLanes(D()));
  V acc[kM][kN];
  // C is needed when the sums are done: its lines come from the L2 cache or further away meanwhile.
#pragma GCC unroll 16
  for (int i = 0; i < kM; ++i) {
    hwy::Prefetch(c + i * ldc);
    hwy::Prefetch(c + i * ldc + kN * kLanes - 1);
  }
#pragma GCC unroll 16
  for (int i = 0; i < kM; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kN; ++j) acc[i][j] = hn::Zero(d);
  }
  for (; k > 0; --k) {
    V row[kN];
#pragma GCC unroll 4
    for (int j = 0; j < kN; ++j) row[j] = hn::LoadU(d, b + j * kLanes);
#pragma GCC unroll 16
    for (int i = 0; i < kM; ++i) {
      const V x = hn::Set(d, a[i]);
#pragma GCC unroll 4
      for (int j = 0; j < kN; ++j) acc[i][j] = hn::MulAdd(x, row[j], acc[i][j]);
    }
    a += kRows;
    b += kVectors * kLanes;
  }
#pragma GCC unroll 16
  for (int i = 0; i < kM; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kN; ++j) {
      auto* out = c + i * ldc + j * kLanes;
      hn::StoreU(accumulate ? hn::Add(hn::LoadU(d, out), acc[i][j]) : acc[i][j], d, out);
    }
  }
}

template <typename T, int kM, int kN>
void block(int64_t k, const T* a, const T* b, T* c, int64_t ldc, int64_t rows, int64_t cols, bool accumulate) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kWidth = kN * static_cast<int64_t>(hn::MaxLanes(d));
  static_assert(kM <= kRows && kN <= kVectors);
  if (rows == kM && cols == kWidth) {
    multiply_block<decltype(d), kM, kN>(d, k, a, b, c, ldc, accumulate);
    return;
  }
  HWY_ALIGN T edge[kM * kWidth] = {};  // GCC 13 does not see that it is filled
  multiply_block<decltype(d), kM, kN>(d, k, a, b, edge, kWidth, false);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) {
      c[i * ldc + j] = accumulate ? c[i * ldc + j] + edge[i * kWidth + j] : edge[i * kWidth + j];
    }
  }
}

template <typename T>
using BlockFn = void (*)(int64_t, const T*, const T*, T*, int64_t, int64_t, int64_t, bool);

template <typename T, int kM>
BlockFn<T> block_of_width(int64_t vectors) {
  if constexpr (kVectors >= 3) {
    if (vectors >= 3) return block<T, kM, kVectors>;
  }
  return vectors == 1 ? block<T, kM, 1> : block<T, kM, 2>;
}

template <typename T>
BlockFn<T> block_of(int64_t rows, int64_t vectors) {
  if constexpr (kRows == 12) {
    if (rows > 8) return block_of_width<T, 12>(vectors);
    if (rows > 4) return block_of_width<T, 8>(vectors);
  }
  return block_of_width<T, kRowStep>(vectors);
}

template <typename T>
void run_tile(const GemmTile<T>& t) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t width = kVectors * lanes;
  for (int64_t j = 0; j < t.n; j += width) {
    const int64_t cols = std::min(width, t.n - j);
    const int64_t vectors = (cols + lanes - 1) / lanes;
    const T* b = t.b + j / width * t.b_panel;
    const BlockFn<T> full = block_of<T>(kRows, vectors);
    for (int64_t i = 0; i < t.m; i += kRows) {
      const int64_t rows = std::min<int64_t>(kRows, t.m - i);
      const BlockFn<T> fn = rows == kRows ? full : block_of<T>(rows, vectors);
      fn(t.k, t.a + i / kRows * t.a_panel, b, t.c + i * t.ldc + j, t.ldc, rows, cols, t.accumulate);
    }
  }
}

template <typename T>
const GemmKernel<T>* kernel_of() {
  static constexpr GemmKernel<T> kKernel = {kRows, kVectors * static_cast<int64_t>(hn::MaxLanes(hn::ScalableTag<T>())),
                                            run_tile<T>};
  return &kKernel;
}
const GemmKernel<float>* f32_kernel() { return kernel_of<float>(); }
const GemmKernel<double>* f64_kernel() { return kernel_of<double>(); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {
HWY_EXPORT(f32_kernel);
HWY_EXPORT(f64_kernel);
template <>
const GemmKernel<float>& gemm_kernel<float>() {
  return *HWY_DYNAMIC_DISPATCH(f32_kernel)();
}
template <>
const GemmKernel<double>& gemm_kernel<double>() {
  return *HWY_DYNAMIC_DISPATCH(f64_kernel)();
}
}  // namespace ferrule::cpu
#endif
