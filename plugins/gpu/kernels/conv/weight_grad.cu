// Weight gradients as products: lines of A are output channels, lines of B taps and, within a tap, input channels; k runs
// over the output's pixels.
#include "ferrule/plugin.h"
#include "kernels/conv/window.cuh"

namespace ferrule::gpu::convolution {
namespace {

using product::multiply_add;
using product::TileSide;

// The output gradient: neighbouring channels of a pixel.
template <typename T>
struct GradLoader {
  const ConvArguments& p;
  const T* gradient;  // the group's first channel
  static constexpr bool along_k = false;
  const T* at;
  uint32_t lines;

  GPU_DEVICE void begin(uint32_t, int64_t line) {
    at = gradient + line * p.other_line;
    const int64_t left = p.lines_a - line;
    lines = left <= 0 ? 0 : left < 4 ? static_cast<uint32_t>(left) : 4;
  }
  GPU_DEVICE int64_t offset(int64_t pixel) const {
    if (p.y_dense) return pixel * p.y_spatial[2];
    const Window& w = p.window;
    const uint64_t n = w.image.divide(static_cast<uint64_t>(pixel));
    uint64_t rest = static_cast<uint64_t>(pixel) - n * w.image.divisor;
    const uint64_t z = w.plane.divide(rest);
    rest -= z * w.plane.divisor;
    const uint64_t y = w.row.divide(rest);
    return static_cast<int64_t>(n) * p.y_batch + static_cast<int64_t>(z) * p.y_spatial[0] +
           static_cast<int64_t>(y) * p.y_spatial[1] + static_cast<int64_t>(rest - y * w.row.divisor) * p.y_spatial[2];
  }
  GPU_DEVICE void load(uint32_t, int64_t k, T (&out)[4]) const {
    GPU_UNROLL
    for (uint32_t e = 0; e < 4; ++e) out[e] = T{};
    if (lines == 0 || k >= p.k) return;
    const T* from = at + offset(k);
    if (p.other_wide) return product::load4(from, out);
    GPU_UNROLL
    for (uint32_t e = 0; e < 4; ++e) {
      if (e < lines) out[e] = from[e * p.other_line];
    }
  }
};

// The input that a pixel's taps see: neighbouring channels, running over into the next tap.
template <typename T>
struct TapLoader {
  const ConvArguments& p;
  const T* x;  // the group's first channel
  static constexpr bool along_k = false;
  uint32_t lines, tap, channel;
  int64_t by[3];

  GPU_DEVICE void begin(uint32_t, int64_t line) {
    const int64_t left = p.lines_b - line;
    lines = left <= 0 ? 0 : left < 4 ? static_cast<uint32_t>(left) : 4;
    if (lines == 0) return;
    tap = p.window.channels.divide(static_cast<uint32_t>(line));
    channel = static_cast<uint32_t>(line) - tap * p.in_channels;
    p.window.tap_offset(tap, by);
  }
  GPU_DEVICE void load(uint32_t, int64_t k, T (&out)[4]) const {
    GPU_UNROLL
    for (uint32_t e = 0; e < 4; ++e) out[e] = T{};
    if (lines == 0 || k >= p.k) return;
    int64_t at[3];
    const T* image = x + static_cast<int64_t>(p.window.locate(static_cast<uint64_t>(k), at)) * p.window.x_batch;
    int64_t offset = p.window.element(at, by);
    if (p.x_wide) {
      if (offset != Window::kOutside) product::load4(image + offset + channel, out);
      return;
    }
    uint32_t here = tap, at_channel = channel;
    GPU_UNROLL
    for (uint32_t e = 0; e < 4; ++e) {
      if (e >= lines) break;
      if (at_channel == p.in_channels) {
        at_channel = 0;
        int64_t next[3];
        p.window.tap_offset(++here, next);
        offset = p.window.element(at, next);
      }
      if (offset != Window::kOutside) out[e] = image[offset + at_channel * p.window.x_channel];
      ++at_channel;
    }
  }
};

// One output without the products that meet padding.
template <typename T>
GPU_DEVICE Compute<T> exact_sum(const ConvArguments& p, const T* gradient, const T* x, int64_t row, int64_t column,
                                int64_t k_begin, int64_t k_end, uint32_t step = 1) {
  GradLoader<T> gradients{p, gradient};
  TapLoader<T> taps{p, x};
  gradients.begin(0, row);
  taps.begin(0, column);
  Compute<T> sum{};
  for (int64_t k = k_begin; k < k_end; k += step) {
    int64_t at[3];
    const int64_t image = static_cast<int64_t>(p.window.locate(static_cast<uint64_t>(k), at)) * p.window.x_batch;
    const int64_t offset = p.window.element(at, taps.by);
    if (offset == Window::kOutside) continue;
    const T value = x[image + offset + taps.channel * p.window.x_channel];
    sum = multiply_add(widen<T>(gradients.at[gradients.offset(k)]), widen<T>(value), sum);
  }
  return sum;
}

template <typename T>
GPU_KERNEL GPU_LAUNCH_BOUNDS(product::kTileThreads, 2) weight_grad_tiles(ConvArguments p) {
  begin_kernel();
  using C = Compute<T>;
  GPU_SHARED(C, a_stages, 2 * (TileSide<T, 4, GradLoader<T>>::kStage));
  GPU_SHARED(C, b_stages, 2 * (TileSide<T, 4, GradLoader<T>>::kStage));
  const int64_t row0 = static_cast<int64_t>(block_x() / p.tiles_n) * 64;
  const int64_t column0 = static_cast<int64_t>(block_x() % p.tiles_n) * 64;
  const int64_t k_begin = block_y() * p.k_per_split;
  const int64_t k_end = k_begin + p.k_per_split < p.k ? k_begin + p.k_per_split : p.k;
  for (int64_t group = block_z(); group < p.groups; group += blocks_z()) {
    const T* gradient = static_cast<const T*>(p.other) + group * p.other_group;
    const T* x = static_cast<const T*>(p.x) + group * p.x_group;
    GradLoader<T> a{p, gradient};
    TapLoader<T> b{p, x};
    C sums[4][4];
    product::tile_product<T, 4>(a, b, a_stages, b_stages, row0, column0, k_begin, k_end, sums);
    store_sums<T>(p, sums, row0, column0, group, block_y(), [&](int64_t row, int64_t column) {
      return exact_sum<T>(p, gradient, x, row, column, k_begin, k_end);
    });
    sync();
  }
}

// A warp looks at as many elements as it has lanes, and computes those that are NaN again, together.
template <typename T>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kRepairThreads) weight_grad_repair(ConvArguments p) {
  begin_kernel();
  T* out = static_cast<T*>(p.out);
  const int64_t step = static_cast<int64_t>(global_threads());
  for (int64_t first = static_cast<int64_t>(global_thread() - lane()); first < p.out_elements; first += step) {
    const int64_t mine = first + lane();
    const bool suspect = mine < p.out_elements && is_nan<T>(widen<T>(out[mine]));
    if (!warp_any(suspect)) continue;
    for (uint32_t i = 0; i < warp_width; ++i) {
      if (!shuffle(static_cast<uint32_t>(suspect), i)) continue;
      const int64_t element = first + i, group = element / p.out_group;
      const int64_t row = element % p.out_group / p.out_row, column = element % p.out_row;
      const T* gradient = static_cast<const T*>(p.other) + group * p.other_group;
      const T* x = static_cast<const T*>(p.x) + group * p.x_group;
      const Compute<T> sum =
          warp_reduce(exact_sum<T>(p, gradient, x, row, column, lane(), p.k, warp_width), product::Add());
      if (lane() == 0) out[element] = narrow<T>(sum);
    }
  }
}

}  // namespace

vendor::Function weight_grad_repair_kernel(uint32_t dtype) {
  switch (dtype) {
    case FRL_DTYPE_F16:
      return vendor::function_of<&weight_grad_repair<Half>>();
    case FRL_DTYPE_BF16:
      return vendor::function_of<&weight_grad_repair<Bfloat>>();
    case FRL_DTYPE_F32:
      return vendor::function_of<&weight_grad_repair<float>>();
    default:
      return vendor::function_of<&weight_grad_repair<double>>();
  }
}

vendor::Function weight_grad_kernel(uint32_t dtype) {
  switch (dtype) {
    case FRL_DTYPE_F16:
      return vendor::function_of<&weight_grad_tiles<Half>>();
    case FRL_DTYPE_BF16:
      return vendor::function_of<&weight_grad_tiles<Bfloat>>();
    case FRL_DTYPE_F32:
      return vendor::function_of<&weight_grad_tiles<float>>();
    default:
      return vendor::function_of<&weight_grad_tiles<double>>();
  }
}

}  // namespace ferrule::gpu::convolution
