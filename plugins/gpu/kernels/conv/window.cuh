// Where a convolution's kernel lies on its input: output pixels and taps as positions, and the element they meet. Built
// on the host (own_conv.cu), read by the loaders of the kernels.
#pragma once

#include "kernels/matmul/tile.cuh"
#include "vendor/host.h"

namespace ferrule::gpu::convolution {

// n / divisor for any n: by a multiplication where every n is below 2^31.
struct Quotient {
  Divider narrow;
  uint64_t divisor = 1;
  bool is_wide = false;

  GPU_DEVICE uint64_t divide(uint64_t n) const {
    return is_wide ? n / divisor : narrow.divide(static_cast<uint32_t>(n));
  }
};

struct Window {
  Quotient image, plane, row;  // pixels of an output image, plane and row
  Divider channels;            // per tap, in a linear tap-and-channel index
  Divider kernel_plane, kernel_row;
  uint32_t kernel[3];
  bool flip, gaps;  // gaps: some input dilation is not 1
  int64_t in[3], stride[3], pad[3], kernel_dilation[3], input_dilation[3];
  int64_t x_batch, x_spatial[3], x_channel;

  // The input coordinates (dilated, padded) of an output pixel's first tap, and its image.
  GPU_DEVICE uint64_t locate(uint64_t pixel, int64_t (&at)[3]) const {
    const uint64_t n = image.divide(pixel);
    uint64_t rest = pixel - n * image.divisor;
    const uint64_t z = plane.divide(rest);
    rest -= z * plane.divisor;
    const uint64_t y = row.divide(rest);
    at[0] = static_cast<int64_t>(z) * stride[0] - pad[0];
    at[1] = static_cast<int64_t>(y) * stride[1] - pad[1];
    at[2] = static_cast<int64_t>(rest - y * row.divisor) * stride[2] - pad[2];
    return n;
  }
  // How far a tap lies from the first one.
  GPU_DEVICE void tap_offset(uint32_t tap, int64_t (&by)[3]) const {
    uint32_t k[3];
    k[0] = kernel_plane.divide(tap);
    tap -= k[0] * kernel_plane.divisor;
    k[1] = kernel_row.divide(tap);
    k[2] = tap - k[1] * kernel_row.divisor;
    GPU_UNROLL
    for (uint32_t d = 0; d < 3; ++d) by[d] = (flip ? kernel[d] - 1 - k[d] : k[d]) * kernel_dilation[d];
  }
  // The offset of the input element at a position, or kOutside where there is padding or a gap.
  GPU_DEVICE int64_t element(const int64_t (&at)[3], const int64_t (&by)[3]) const {
    int64_t offset = 0;
    bool inside = true;
    GPU_UNROLL
    for (uint32_t d = 0; d < 3; ++d) {
      int64_t position = at[d] + by[d];
      if (gaps && position >= 0) {
        const int64_t index = position / input_dilation[d];
        inside = inside && index * input_dilation[d] == position;
        position = index;
      }
      inside = inside && position >= 0 && position < in[d];
      offset += position * x_spatial[d];
    }
    return inside ? offset : kOutside;
  }
  static constexpr int64_t kOutside = INT64_MIN;
};

struct ConvArguments {
  const void *x, *other;  // other: w, or the output gradient
  void* out;
  void* partial;  // [split][out] sums instead of out; or null
  Window window;
  int64_t lines_a, lines_b, k, k_per_split, groups, out_elements;
  // Pixels of one output image that meet padding and gaps in every way that occurs: per dimension samples - 1 from the
  // first one on, and the last one.
  int64_t image_extent[3];
  uint32_t samples[3];
  uint32_t in_channels, tiles_m, tiles_n;
  int64_t x_group;  // from a group's first channel to the next one's
  // other: strides of a line, a tap and an index within the tap (w), or of a pixel (gradient).
  int64_t other_group, other_line, other_tap, other_inner;
  int64_t y_batch, y_spatial[3];        // of the gradient
  bool x_wide, other_wide, other_along_k, y_dense, meets_padding;
  int64_t out_group, out_row;  // strides of the output: of a group, of a line of A
};

vendor::Function forward_kernel(uint32_t dtype);      // forward.cu
vendor::Function weight_grad_kernel(uint32_t dtype);  // weight_grad.cu
// Replace what a library computed wherever padding may have met an infinite or NaN factor (own_conv.h, repair_padding).
vendor::Function forward_repair_kernel(uint32_t dtype);
vendor::Function weight_grad_repair_kernel(uint32_t dtype);
inline constexpr uint32_t kRepairThreads = 256;

template <typename T>
GPU_DEVICE bool is_nan(Compute<T> v) {
  return v != v;
}

// Stores a thread's sums; rows are lines of A, columns lines of B. `exact(row, column)` is the sum over this block's share
// of k without the products that meet padding: a zero of the padding times an infinite or NaN factor must not count
// (numerics.md, conv), and such products leave NaN behind.
template <typename T, typename Exact>
GPU_DEVICE void store_sums(const ConvArguments& p, const Compute<T> (&sums)[4][4], int64_t line_a, int64_t line_b,
                           int64_t group, uint32_t split, const Exact& exact) {
  bool any_nan = false;
  const auto put = [&](int64_t row, int64_t column, Compute<T> sum) {
    const int64_t at = group * p.out_group + row * p.out_row + column;
    if (p.partial) {
      static_cast<Compute<T>*>(p.partial)[split * p.out_elements + at] = sum;
    } else {
      static_cast<T*>(p.out)[at] = narrow<T>(sum);
    }
  };
  GPU_UNROLL
  for (uint32_t i = 0; i < 4; ++i) {
    GPU_UNROLL
    for (uint32_t j = 0; j < 4; ++j) {
      const int64_t row = line_a + product::tile_line(thread_x() / 16, i);
      const int64_t column = line_b + product::tile_line(thread_x() % 16, j);
      if (row < p.lines_a && column < p.lines_b) put(row, column, sums[i][j]);
      any_nan = any_nan || is_nan<T>(sums[i][j]);
    }
  }
  if (!any_nan || !p.meets_padding) return;
  for (uint32_t i = 0; i < 4; ++i) {
    for (uint32_t j = 0; j < 4; ++j) {
      const int64_t row = line_a + product::tile_line(thread_x() / 16, i);
      const int64_t column = line_b + product::tile_line(thread_x() % 16, j);
      if (row < p.lines_a && column < p.lines_b) put(row, column, exact(row, column));
    }
  }
}

}  // namespace ferrule::gpu::convolution
