// Inner loops of convolutions on boxes: dense copies, in the accumulation type, of the part of the input (padding and
// gaps included as zeros) that a tile of the output looks at. Chosen once for the CPU's SIMD target; pure functions.
#pragma once

#include <cstdint>

namespace ferrule::cpu {

// One row of outputs: out[p, j] (+)= sum over k of box[p * pixel + offsets[k]] * weights[k * nr + j]. The box may be
// read up to rows - 1 pixels beyond the last one.
template <typename T>
struct PixelRow {
  const T* box;
  int64_t pixel;
  const int64_t* offsets;
  const T* weights;
  int64_t k;
  T* out;
  int64_t ld;
  int64_t pixels, cols;  // cols <= nr
  bool accumulate;
};

// A weight gradient's block: acc[l, j] += sum over rows r and pixels p of
// box[box_rows[r] + p * pixel + lanes[l]] * grad[grad_rows[r] + p * grad_pixel + j].
template <typename T>
struct LaneBlock {
  const T* box;
  const T* grad;
  const int64_t *box_rows, *grad_rows;
  int64_t n_rows, pixels, pixel, grad_pixel;
  const int64_t* lanes;   // `rows` of them, of which n_lanes count
  int64_t n_lanes, cols;  // cols <= nr
  T* acc;
  int64_t ld;
};

// Depthwise: out[p, c] = sum over t of box[p * pixel + offsets[t] + c] * weights[t * channels + c].
template <typename T>
struct DepthwiseRow {
  const T* box;
  int64_t pixel;
  const int64_t* offsets;
  const T* weights;
  int64_t taps, channels, pixels;
  T* out;
  int64_t ld;
};

// Depthwise weight gradient of one tap: acc[c] += sum over p of box[p * pixel + c] * grad[p * grad_pixel + c].
template <typename T>
struct DepthwiseTap {
  const T* box;
  const T* grad;
  int64_t pixel, grad_pixel, pixels, channels;
  T* acc;
};

template <typename T>
struct ConvKernel {
  int64_t rows, nr;
  void (*pixel_row)(const PixelRow<T>&);
  void (*lane_block)(const LaneBlock<T>&);
  void (*depthwise_row)(const DepthwiseRow<T>&);
  void (*depthwise_tap)(const DepthwiseTap<T>&);
};

template <typename T>
const ConvKernel<T>& conv_kernel();

}  // namespace ferrule::cpu
