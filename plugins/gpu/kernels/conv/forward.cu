// Convolutions and input gradients as products: lines of A are output pixels, lines of B output channels; k runs over
// taps and, within a tap, input channels.
#include "ferrule/plugin.h"
#include "kernels/conv/window.cuh"

namespace ferrule::gpu::convolution {
namespace {

using product::multiply_add;
using product::TileSide;

// The input under the taps of a pixel.
template <typename T>
struct PixelLoader {
  const ConvArguments& p;
  const T* x;  // the group's first channel
  static constexpr bool along_k = true;
  int64_t at[3];
  bool valid;
  const T* image;

  GPU_DEVICE void begin(uint32_t, int64_t line) {
    valid = line < p.lines_a;
    if (valid) image = x + static_cast<int64_t>(p.window.locate(static_cast<uint64_t>(line), at)) * p.window.x_batch;
  }
  GPU_DEVICE int64_t under(uint32_t tap) const {
    int64_t by[3];
    p.window.tap_offset(tap, by);
    return p.window.element(at, by);
  }
  GPU_DEVICE void load(uint32_t, int64_t k, T (&out)[4]) const {
    GPU_UNROLL
    for (uint32_t e = 0; e < 4; ++e) out[e] = T{};
    if (!valid || k >= p.k) return;
    uint32_t tap = p.window.channels.divide(static_cast<uint32_t>(k));
    uint32_t channel = static_cast<uint32_t>(k) - tap * p.in_channels;
    int64_t offset = under(tap);
    if (p.x_wide) {  // the four are channels of one tap
      if (offset != Window::kOutside) product::load4(image + offset + channel, out);
      return;
    }
    GPU_UNROLL
    for (uint32_t e = 0; e < 4; ++e) {
      if (k + e >= p.k) break;
      if (channel == p.in_channels) {
        channel = 0;
        offset = under(++tap);
      }
      if (offset != Window::kOutside) out[e] = image[offset + channel * p.window.x_channel];
      ++channel;
    }
  }
};

template <typename T>
struct WeightLoader {
  const ConvArguments& p;
  const T* w;  // the group's
  bool along_k;
  const T* at;
  uint32_t lines;

  GPU_DEVICE void begin(uint32_t, int64_t line) {
    at = w + line * p.other_line;
    const int64_t left = p.lines_b - line;
    lines = left <= 0 ? 0 : left < 4 ? static_cast<uint32_t>(left) : 4;
  }
  GPU_DEVICE T one(int64_t k) const {
    const uint32_t tap = p.window.channels.divide(static_cast<uint32_t>(k));
    return at[tap * p.other_tap + (k - tap * p.in_channels) * p.other_inner];
  }
  GPU_DEVICE void load(uint32_t, int64_t k, T (&out)[4]) const {
    GPU_UNROLL
    for (uint32_t e = 0; e < 4; ++e) out[e] = T{};
    if (lines == 0 || k >= p.k) return;
    if (along_k) {
      if (p.other_wide) return product::load4(at + k, out);  // k is a multiple of four
      GPU_UNROLL
      for (uint32_t e = 0; e < 4; ++e) {
        if (k + e < p.k) out[e] = one(k + e);
      }
      return;
    }
    const uint32_t tap = p.window.channels.divide(static_cast<uint32_t>(k));
    const T* from = at + tap * p.other_tap + (k - tap * p.in_channels) * p.other_inner;
    if (p.other_wide) return product::load4(from, out);
    GPU_UNROLL
    for (uint32_t e = 0; e < 4; ++e) {
      if (e < lines) out[e] = from[e * p.other_line];
    }
  }
};

// One output without the products that meet padding.
template <typename T>
GPU_DEVICE Compute<T> exact_sum(const ConvArguments& p, const T* x, const T* w, int64_t pixel, int64_t line,
                                int64_t k_begin, int64_t k_end) {
  PixelLoader<T> pixels{p, x};
  pixels.begin(0, pixel);
  const WeightLoader<T> weights{p, w, false, w + line * p.other_line, 1};
  Compute<T> sum{};
  for (int64_t k = k_begin; k < k_end; ++k) {
    const uint32_t tap = p.window.channels.divide(static_cast<uint32_t>(k));
    const int64_t offset = pixels.under(tap);
    if (offset == Window::kOutside) continue;
    const T value = pixels.image[offset + (k - tap * p.in_channels) * p.window.x_channel];
    sum = multiply_add(widen<T>(value), widen<T>(weights.one(k)), sum);
  }
  return sum;
}

template <typename T>
GPU_KERNEL GPU_LAUNCH_BOUNDS(product::kTileThreads, 2) forward_tiles(ConvArguments p) {
  begin_kernel();
  using C = Compute<T>;
  GPU_SHARED(C, a_stages, 2 * (TileSide<T, 4, PixelLoader<T>>::kStage));
  GPU_SHARED(C, b_stages, 2 * (TileSide<T, 4, PixelLoader<T>>::kStage));
  const int64_t pixel0 = static_cast<int64_t>(block_x() / p.tiles_n) * 64;
  const int64_t line0 = static_cast<int64_t>(block_x() % p.tiles_n) * 64;
  const int64_t k_begin = block_y() * p.k_per_split;
  const int64_t k_end = k_begin + p.k_per_split < p.k ? k_begin + p.k_per_split : p.k;
  for (int64_t group = block_z(); group < p.groups; group += blocks_z()) {
    const T* x = static_cast<const T*>(p.x) + group * p.x_group;
    const T* w = static_cast<const T*>(p.other) + group * p.other_group;
    PixelLoader<T> a{p, x};
    WeightLoader<T> b{p, w, p.other_along_k};
    C sums[4][4];
    product::tile_product<T, 4>(a, b, a_stages, b_stages, pixel0, line0, k_begin, k_end, sums);
    store_sums<T>(p, sums, pixel0, line0, group, block_y(), [&](int64_t pixel, int64_t line) {
      return exact_sum<T>(p, x, w, pixel, line, k_begin, k_end);
    });
    sync();
  }
}

// Which taps lie in padding or gaps depends on the pixel alone, and the sampled pixels of one image show every case: a
// channel that is a number at all of them met no infinite weight there anywhere.
template <typename T>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kRepairThreads) forward_repair(ConvArguments p) {
  begin_kernel();
  T* out = static_cast<T*>(p.out);
  for (int64_t channel = block_x(); channel < p.groups * p.lines_b; channel += blocks_x()) {
    bool suspect = false;  // every warp looks at all samples, each lane at its own
    for (uint32_t sample = lane(); sample < p.samples[0] * p.samples[1] * p.samples[2]; sample += warp_width) {
      int64_t pixel = 0;
      uint32_t rest = sample;
      for (uint32_t d = 0, size = p.samples[1] * p.samples[2]; d < 3; ++d) {
        const uint32_t i = rest / size;
        rest -= i * size;
        size = d == 0 ? p.samples[2] : 1;
        pixel = pixel * p.image_extent[d] + (i + 1 == p.samples[d] ? p.image_extent[d] - 1 : i);
      }
      suspect = suspect || is_nan<T>(widen<T>(out[pixel * p.out_row + channel]));
    }
    suspect = warp_any(suspect);
    sync();  // all have looked before one writes
    if (!suspect) continue;
    const int64_t group = channel / p.lines_b, line = channel - group * p.lines_b;
    const T* x = static_cast<const T*>(p.x) + group * p.x_group;
    const T* w = static_cast<const T*>(p.other) + group * p.other_group;
    for (int64_t pixel = thread_x(); pixel < p.lines_a; pixel += kRepairThreads) {
      T& element = out[pixel * p.out_row + channel];
      if (is_nan<T>(widen<T>(element))) element = narrow<T>(exact_sum<T>(p, x, w, pixel, line, 0, p.k));
    }
  }
}

}  // namespace

vendor::Function forward_repair_kernel(uint32_t dtype) {
  switch (dtype) {
    case FRL_DTYPE_F16:
      return vendor::function_of<&forward_repair<Half>>();
    case FRL_DTYPE_BF16:
      return vendor::function_of<&forward_repair<Bfloat>>();
    case FRL_DTYPE_F32:
      return vendor::function_of<&forward_repair<float>>();
    default:
      return vendor::function_of<&forward_repair<double>>();
  }
}

vendor::Function forward_kernel(uint32_t dtype) {
  switch (dtype) {
    case FRL_DTYPE_F16:
      return vendor::function_of<&forward_tiles<Half>>();
    case FRL_DTYPE_BF16:
      return vendor::function_of<&forward_tiles<Bfloat>>();
    case FRL_DTYPE_F32:
      return vendor::function_of<&forward_tiles<float>>();
    default:
      return vendor::function_of<&forward_tiles<double>>();
  }
}

}  // namespace ferrule::gpu::convolution
