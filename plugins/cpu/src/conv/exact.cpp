// Convolutions term by term: padding and gaps are skipped, so that they never meet an infinite or NaN factor.
#include <bit>

#include "../matmul/element.h"
#include "../parallel.h"
#include "engine.h"

namespace ferrule::cpu {
namespace {

// Calls fn(x offset, w offset) for every tap of the output at `o` that meets a real input element.
template <typename F>
void for_each_tap(const ConvProblem& p, const int64_t* o, F&& fn) {
  int64_t k[3];
  for (k[0] = 0; k[0] < p.kernel[0]; ++k[0]) {
    for (k[1] = 0; k[1] < p.kernel[1]; ++k[1]) {
      for (k[2] = 0; k[2] < p.kernel[2]; ++k[2]) {
        int64_t x = 0, w = 0;
        bool inside = true;
        for (int d = 0; d < 3; ++d) {
          const int64_t at = o[d] * p.stride[d] + k[d] * p.kernel_dilation[d] - p.pad[d];
          const int64_t index = at / p.input_dilation[d];
          inside = inside && at >= 0 && at % p.input_dilation[d] == 0 && index < p.in[d];
          x += index * p.x_spatial[d];
          w += (p.flip ? p.kernel[d] - 1 - k[d] : k[d]) * p.w_spatial[d];
        }
        if (inside) fn(x, w);
      }
    }
  }
}

template <typename S>
void forward_exact(const ConvProblem& p, const S* x, const S* w, S* y) {
  using T = typename AccumulateIn<S>::type;
  parallel_for(p.n * p.out_pixels(), 16, [&](int64_t begin, int64_t end) {
    for (int64_t pixel = begin; pixel < end; ++pixel) {
      const int64_t image = pixel / p.out_pixels();
      const int64_t o[3] = {pixel / (p.out[1] * p.out[2]) % p.out[0], pixel / p.out[2] % p.out[1], pixel % p.out[2]};
      for (int64_t j = 0; j < p.outputs(); ++j) {
        const int64_t group = j / p.out_channels;
        const S* channels = x + image * p.x_batch + group * p.in_channels * p.x_channel;
        const S* kernel = w + group * p.w_group + j % p.out_channels * p.w_out;
        T sum{0};
        for_each_tap(p, o, [&](int64_t x_offset, int64_t w_offset) {
          for (int64_t c = 0; c < p.in_channels; ++c) {
            sum += to_real(channels[x_offset + c * p.x_channel]) * to_real(kernel[w_offset + c * p.w_in]);
          }
        });
        y[pixel * p.outputs() + j] = from_real<S>(sum);
      }
    }
  });
}

template <typename S>
void weight_grad_exact(const ConvProblem& p, const S* x, const S* y, S* w) {
  using T = typename AccumulateIn<S>::type;
  const int64_t per_output = p.depth();
  // w's own strides: row-contiguous [outputs, kernel.., in_channels].
  ConvProblem q = p;
  q.w_spatial[2] = p.in_channels;
  q.w_spatial[1] = p.kernel[2] * p.in_channels;
  q.w_spatial[0] = p.kernel[1] * q.w_spatial[1];
  parallel_for(p.outputs() * p.in_channels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t j = i / p.in_channels, c = i % p.in_channels;
      const S* channel = x + (j / p.out_channels * p.in_channels + c) * p.x_channel;
      S* out = w + j * per_output + c;
      for (int64_t tap = 0; tap < p.taps(); ++tap) {
        T sum{0};
        for (int64_t pixel = 0; pixel < p.n * p.out_pixels(); ++pixel) {
          const int64_t image = pixel / p.out_pixels();
          const int64_t o[3] = {pixel / (p.out[1] * p.out[2]) % p.out[0], pixel / p.out[2] % p.out[1],
                                pixel % p.out[2]};
          const int64_t y_offset = image * p.y_batch + o[0] * p.y_spatial[0] + o[1] * p.y_spatial[1] +
                                   o[2] * p.y_spatial[2] + j * p.y_channel;
          for_each_tap(q, o, [&](int64_t x_offset, int64_t w_offset) {
            if (w_offset == tap * p.in_channels) {
              sum += to_real(channel[image * p.x_batch + x_offset]) * to_real(y[y_offset]);
            }
          });
        }
        out[tap * p.in_channels] = from_real<S>(sum);
      }
    }
  });
}

// Calls fn with a null pointer to the element type of `dtype`.
template <typename F>
void with_type(uint32_t dtype, F&& fn) {
  switch (dtype) {
    case FRL_DTYPE_F16:
      return fn(static_cast<F16*>(nullptr));
    case FRL_DTYPE_BF16:
      return fn(static_cast<Bf16*>(nullptr));
    case FRL_DTYPE_F32:
      return fn(static_cast<float*>(nullptr));
    default:
      return fn(static_cast<double*>(nullptr));
  }
}

}  // namespace

void conv_forward_exact(const ConvProblem& p, const std::byte* x, const std::byte* w, std::byte* y) {
  with_type(p.dtype, [&]<typename S>(S*) {
    forward_exact(p, reinterpret_cast<const S*>(x), reinterpret_cast<const S*>(w), reinterpret_cast<S*>(y));
  });
}

void conv_weight_grad_exact(const ConvProblem& p, const std::byte* x, const std::byte* y, std::byte* w) {
  with_type(p.dtype, [&]<typename S>(S*) {
    weight_grad_exact(p, reinterpret_cast<const S*>(x), reinterpret_cast<const S*>(y), reinterpret_cast<S*>(w));
  });
}

bool all_finite(const float* values, int64_t count) {
  uint32_t special = 0;
  for (int64_t i = 0; i < count; ++i) special |= (std::bit_cast<uint32_t>(values[i]) & 0x7f800000u) == 0x7f800000u;
  return special == 0;
}

bool all_finite(const double* values, int64_t count) {
  constexpr uint64_t kExponent = uint64_t{0x7ff} << 52;
  uint64_t special = 0;
  for (int64_t i = 0; i < count; ++i) special |= (std::bit_cast<uint64_t>(values[i]) & kExponent) == kExponent;
  return special == 0;
}

}  // namespace ferrule::cpu
