// Inner loops of convolutions.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "conv/conv_kernel.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "conv_kernel.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

// As in matmul/gemm_kernel.cpp.
#if HWY_TARGET <= HWY_AVX3
constexpr int kRows = 12, kVectors = 2;
#else
constexpr int kRows = 4, kVectors = 3;
#endif

template <class V, class D, typename T, int kM, int kN>
HWY_INLINE void store_block(D d, V (&acc)[kM][kN], T* out, int64_t ld, int64_t rows, int64_t cols, bool accumulate) {
  constexpr int kLanes = static_cast<int>(hn::MaxLanes(D()));
  if (rows == kM && cols == kN * kLanes) {
#pragma GCC unroll 16
    for (int i = 0; i < kM; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < kN; ++j) {
        T* p = out + i * ld + j * kLanes;
        hn::StoreU(accumulate ? hn::Add(hn::LoadU(d, p), acc[i][j]) : acc[i][j], d, p);
      }
    }
    return;
  }
  HWY_ALIGN T edge[kM * kN * kLanes];
#pragma GCC unroll 16
  for (int i = 0; i < kM; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kN; ++j) hn::Store(acc[i][j], d, edge + (i * kN + j) * kLanes);
  }
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) {
      const T value = edge[i * kN * kLanes + j];
      out[i * ld + j] = accumulate ? out[i * ld + j] + value : value;
    }
  }
}

template <typename T, int kM, int kN>
void pixel_block(const PixelRow<T>& t, int64_t first, int64_t rows) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  constexpr int kLanes = static_cast<int>(hn::MaxLanes(d));
  V acc[kM][kN];
#pragma GCC unroll 16
  for (int i = 0; i < kM; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kN; ++j) acc[i][j] = hn::Zero(d);
  }
  const T* HWY_RESTRICT base = t.box + first * t.pixel;
  const T* HWY_RESTRICT w = t.weights;
  const int64_t pixel = t.pixel;
  const int64_t* offsets = t.offsets;
  for (int64_t k = 0; k < t.k; ++k) {
    const T* a = base + offsets[k];
    V row[kN];
#pragma GCC unroll 4
    for (int j = 0; j < kN; ++j) row[j] = hn::LoadU(d, w + j * kLanes);
#pragma GCC unroll 16
    for (int i = 0; i < kM; ++i) {
      const V x = hn::Set(d, a[i * pixel]);
#pragma GCC unroll 4
      for (int j = 0; j < kN; ++j) acc[i][j] = hn::MulAdd(x, row[j], acc[i][j]);
    }
    w += kVectors * kLanes;
  }
  store_block<V>(d, acc, t.out + first * t.ld, t.ld, rows, t.cols, t.accumulate);
}

template <typename T, int kN>
void pixel_row_of_width(const PixelRow<T>& t) {
  // Even parts of at most 14 pixels: so many and two vectors of outputs just fit the registers, and the widths of many
  // layers divide by it.
  if constexpr (kRows == 12) {
    constexpr int64_t kMost = 14;
    const int64_t parts = (t.pixels + kMost - 1) / kMost, part = (t.pixels + parts - 1) / parts;
    for (int64_t p = 0; p < t.pixels; p += part) {
      const int64_t rows = std::min(part, t.pixels - p);
      if (rows > 12) {
        pixel_block<T, 14, kN>(t, p, rows);
      } else if (rows > 8) {
        pixel_block<T, 12, kN>(t, p, rows);
      } else if (rows > 4) {
        pixel_block<T, 8, kN>(t, p, rows);
      } else {
        pixel_block<T, 4, kN>(t, p, rows);
      }
    }
  } else {
    for (int64_t p = 0; p < t.pixels; p += 4) pixel_block<T, 4, kN>(t, p, std::min<int64_t>(4, t.pixels - p));
  }
}

template <typename T>
int64_t vectors_of(int64_t cols) {
  const int64_t lanes = static_cast<int64_t>(hn::MaxLanes(hn::ScalableTag<T>()));
  return (cols + lanes - 1) / lanes;
}

template <typename T>
void pixel_row(const PixelRow<T>& t) {
  const int64_t vectors = vectors_of<T>(t.cols);
  if constexpr (kVectors == 3) {
    if (vectors == 3) return pixel_row_of_width<T, 3>(t);
  }
  return vectors == 1 ? pixel_row_of_width<T, 1>(t) : pixel_row_of_width<T, 2>(t);
}

template <typename T, int kN>
void lane_block_of_width(const LaneBlock<T>& t) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  constexpr int kLanes = static_cast<int>(hn::MaxLanes(d));
  V acc[kRows][kN];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kN; ++j) acc[i][j] = hn::Zero(d);
  }
  const int64_t* lanes = t.lanes;
  const int64_t pixel = t.pixel, grad_pixel = t.grad_pixel;
  for (int64_t r = 0; r < t.n_rows; ++r) {
    const T* HWY_RESTRICT a = t.box + t.box_rows[r];
    const T* HWY_RESTRICT b = t.grad + t.grad_rows[r];
    for (int64_t p = 0; p < t.pixels; ++p) {
      V row[kN];
#pragma GCC unroll 4
      for (int j = 0; j < kN; ++j) row[j] = hn::LoadU(d, b + j * kLanes);
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        const V x = hn::Set(d, a[lanes[i]]);
#pragma GCC unroll 4
        for (int j = 0; j < kN; ++j) acc[i][j] = hn::MulAdd(x, row[j], acc[i][j]);
      }
      a += pixel;
      b += grad_pixel;
    }
  }
  store_block<V>(d, acc, t.acc, t.ld, t.n_lanes, t.cols, true);
}

template <typename T>
void lane_block(const LaneBlock<T>& t) {
  const int64_t vectors = vectors_of<T>(t.cols);
  if constexpr (kVectors == 3) {
    if (vectors == 3) return lane_block_of_width<T, 3>(t);
  }
  return vectors == 1 ? lane_block_of_width<T, 1>(t) : lane_block_of_width<T, 2>(t);
}

template <typename T, int kM>
HWY_INLINE void depthwise_pixels(const DepthwiseRow<T>& t, int64_t p) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = static_cast<int64_t>(hn::MaxLanes(d));
  int64_t c = 0;
  for (; c + lanes <= t.channels; c += lanes) {
    const T* box = t.box + p * t.pixel + c;
    hn::Vec<decltype(d)> acc[kM];
    for (int i = 0; i < kM; ++i) acc[i] = hn::Zero(d);
    for (int64_t tap = 0; tap < t.taps; ++tap) {
      const auto w = hn::LoadU(d, t.weights + tap * t.channels + c);
      const T* a = box + t.offsets[tap];
#pragma GCC unroll 4
      for (int i = 0; i < kM; ++i) acc[i] = hn::MulAdd(w, hn::LoadU(d, a + i * t.pixel), acc[i]);
    }
    for (int i = 0; i < kM; ++i) hn::StoreU(acc[i], d, t.out + (p + i) * t.ld + c);
  }
  for (; c < t.channels; ++c) {
    for (int i = 0; i < kM; ++i) {
      T sum{0};
      for (int64_t tap = 0; tap < t.taps; ++tap) {
        sum += t.weights[tap * t.channels + c] * t.box[(p + i) * t.pixel + t.offsets[tap] + c];
      }
      t.out[(p + i) * t.ld + c] = sum;
    }
  }
}

template <typename T>
void depthwise_row(const DepthwiseRow<T>& t) {
  int64_t p = 0;
  for (; p + 4 <= t.pixels; p += 4) depthwise_pixels<T, 4>(t, p);
  for (; p < t.pixels; ++p) depthwise_pixels<T, 1>(t, p);
}

template <typename T>
void depthwise_tap(const DepthwiseTap<T>& t) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = static_cast<int64_t>(hn::MaxLanes(d));
  int64_t c = 0;
  for (; c + lanes <= t.channels; c += lanes) {
    auto sum = hn::Zero(d);
    for (int64_t p = 0; p < t.pixels; ++p) {
      sum = hn::MulAdd(hn::LoadU(d, t.box + p * t.pixel + c), hn::LoadU(d, t.grad + p * t.grad_pixel + c), sum);
    }
    hn::StoreU(hn::Add(sum, hn::LoadU(d, t.acc + c)), d, t.acc + c);
  }
  for (; c < t.channels; ++c) {
    T sum{0};
    for (int64_t p = 0; p < t.pixels; ++p) sum += t.box[p * t.pixel + c] * t.grad[p * t.grad_pixel + c];
    t.acc[c] += sum;
  }
}

template <typename T>
const ConvKernel<T>* kernel_of() {
  static constexpr ConvKernel<T> kKernel = {kRows,
                                            kVectors * static_cast<int64_t>(hn::MaxLanes(hn::ScalableTag<T>())),
                                            pixel_row<T>,
                                            lane_block<T>,
                                            depthwise_row<T>,
                                            depthwise_tap<T>};
  return &kKernel;
}
const ConvKernel<float>* f32_kernel() { return kernel_of<float>(); }
const ConvKernel<double>* f64_kernel() { return kernel_of<double>(); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {
HWY_EXPORT(f32_kernel);
HWY_EXPORT(f64_kernel);
template <>
const ConvKernel<float>& conv_kernel<float>() {
  return *HWY_DYNAMIC_DISPATCH(f32_kernel)();
}
template <>
const ConvKernel<double>& conv_kernel<double>() {
  return *HWY_DYNAMIC_DISPATCH(f64_kernel)();
}
}  // namespace ferrule::cpu
#endif
