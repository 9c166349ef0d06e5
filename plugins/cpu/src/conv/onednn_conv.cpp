// Which convolutions go to oneDNN, and how they are cut.
#include "onednn_conv.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "../libraries/onednn.h"
#include "../libraries/onednn_use.h"
#include "../matmul/element.h"
#include "../parallel.h"
#include "engine.h"

namespace ferrule::cpu {
namespace {

constexpr int64_t kWantedPieces = 16;
constexpr int64_t kMinPieceWork = 1 << 21;   // multiply-adds worth handing to a thread
constexpr uint64_t kCopiesBytes = 32 << 20;  // of all pieces' weight gradients

int64_t pad_after(const ConvProblem& p, int d) {
  return std::max<int64_t>(0, p.window(d, p.out[d]) - p.pad[d] - p.in[d]);
}

bool is_possible(const ConvProblem& p) {
  if (p.dtype != FRL_DTYPE_F32 && p.dtype != FRL_DTYPE_BF16) return false;
  if (p.flip || p.depth() == 0 || p.n == 0 || p.out_pixels() == 0) return false;
  for (int d = 0; d < 3; ++d) {
    if (p.input_dilation[d] != 1 || p.pad[d] < 0 || p.in[d] < 1) return false;
    const int64_t window = p.window(d, 1);
    if (p.pad[d] >= window || pad_after(p, d) >= window) return false;  // outputs that see padding alone
  }
  return p.n > 1 && p.x_is_dense() && p.y_is_dense();  // one image is better spread over the pool by its rows
}

// From measurements, single-threaded, on AVX-512: the own engine is as fast in f32 except where it multiplies gaps of
// zeros (gradients under a stride), fills few vector lanes, or streams weights that no longer fit the caches.
bool is_faster(ConvOp op, const ConvProblem& p) {
  // oneDNN 2.6 computes bf16 input gradients wrongly where the output channels are odd: only whole vectors go there.
  if (p.dtype == FRL_DTYPE_BF16 && op != ConvOp::kForward && (p.in_channels % 16 != 0 || p.out_channels % 16 != 0))
    return false;
  if (p.dtype == FRL_DTYPE_BF16) return onednn::native_bf16();
  const bool strided = p.stride[0] * p.stride[1] * p.stride[2] > 1;
  const bool deep = p.in_channels >= 128 && p.taps() > 1;
  if (op == ConvOp::kForward) return deep && !strided;
  if (op == ConvOp::kInputGrad) return strided || deep || (p.in_channels < 8 && !p.depthwise());
  return deep || p.in_channels < 8;
}

onednn::ConvKey key_of(ConvOp op, const ConvProblem& p, int64_t images) {
  onednn::ConvKey key;
  std::memset(&key, 0, sizeof(key));
  key.op = op == ConvOp::kForward     ? onednn::kConvForward
           : op == ConvOp::kInputGrad ? onednn::kConvInputGrad
                                      : onednn::kConvWeightGrad;
  key.dtype = p.dtype;
  key.n = images, key.groups = p.groups, key.in_channels = p.in_channels, key.out_channels = p.out_channels;
  const bool two = p.in[0] == 1 && p.kernel[0] == 1 && p.out[0] == 1 && p.pad[0] == 0;
  key.n_spatial = two ? 2 : 3;
  for (int64_t i = 0; i < key.n_spatial; ++i) {
    const int d = static_cast<int>(3 - key.n_spatial + i);
    key.in[i] = p.in[d], key.kernel[i] = p.kernel[d], key.out[i] = p.out[d];
    key.stride[i] = p.stride[d], key.dilation[i] = p.kernel_dilation[d];
    key.pad_lo[i] = p.pad[d], key.pad_hi[i] = pad_after(p, d);
    key.w_spatial[i] = p.w_spatial[d];
  }
  key.w_group = p.w_group, key.w_out = p.w_out, key.w_in = p.w_in;
  return key;
}

uint64_t align(uint64_t bytes) { return (bytes + 63) / 64 * 64; }

// Whether an element of the plain weights is infinite or NaN; every exponent bit is set then.
template <typename Bits>
bool weights_finite(const ConvProblem& p, const std::byte* w, Bits exponent) {
  for (int64_t o = 0; o < p.outputs(); ++o) {
    const int64_t base = o / p.out_channels * p.w_group + o % p.out_channels * p.w_out;
    for (int64_t tap = 0; tap < p.taps(); ++tap) {
      const int64_t k2 = tap % p.kernel[2], k1 = tap / p.kernel[2] % p.kernel[1], k0 = tap / p.kernel[2] / p.kernel[1];
      const auto* row =
          reinterpret_cast<const Bits*>(w) + base + k0 * p.w_spatial[0] + k1 * p.w_spatial[1] + k2 * p.w_spatial[2];
      Bits special = 0;
      for (int64_t c = 0; c < p.in_channels; ++c)
        special |= static_cast<Bits>((row[c * p.w_in] & exponent) == exponent);
      if (special) return false;
    }
  }
  return true;
}

bool weights_finite(const ConvProblem& p, const std::byte* w) {
  return p.dtype == FRL_DTYPE_BF16 ? weights_finite<uint16_t>(p, w, 0x7f80)
                                   : weights_finite<uint32_t>(p, w, 0x7f800000u);
}

}  // namespace

OnednnConv plan_onednn_conv(ConvOp op, const ConvProblem& p) {
  OnednnConv plan;
  if (!is_possible(p) || !onednn::available() || !is_faster(op, p)) return plan;
  const onednn::Use use;
  if (!use) return plan;
  // Pieces are equal, so that one primitive serves them all.
  const int64_t work = p.out_pixels() * p.outputs() * p.depth();
  int64_t images = std::max<int64_t>({1, p.n / kWantedPieces, kMinPieceWork / std::max<int64_t>(work, 1)});
  images = std::min(images, p.n);
  while (p.n % images != 0) --images;
  plan.conv = onednn::find_conv(key_of(op, p, images));
  if (plan.conv && op == ConvOp::kWeightGrad) {
    // Every piece keeps a gradient of its own: fewer pieces where gradients are large.
    while (p.n / images > 1 && align(plan.conv->weight_bytes) * static_cast<uint64_t>(p.n / images) > kCopiesBytes) {
      do ++images;
      while (p.n % images != 0);
    }
    plan.conv = onednn::find_conv(key_of(op, p, images));
  }
  if (!plan.conv) return plan;
  plan.op = op, plan.images = images, plan.pieces = p.n / images;
  plan.scratch_bytes =
      align(plan.conv->weight_bytes) * (op == ConvOp::kWeightGrad ? static_cast<uint64_t>(plan.pieces) : 1);
  return plan;
}

bool run_onednn_conv(const OnednnConv& plan, const ConvProblem& p, const std::byte* first, const std::byte* second,
                     std::byte* out, std::byte* scratch) {
  const onednn::Use use;
  if (!use) return false;
  const int64_t bytes = element_bytes(p.dtype);
  const int64_t x_step = plan.images * p.in[0] * p.in[1] * p.in[2] * p.channels() * bytes;
  const int64_t y_step = plan.images * p.out_pixels() * p.outputs() * bytes;
  if (plan.op != ConvOp::kWeightGrad) {
    // The input gradient meets no padding, but rows of gx beyond the windows' reach are sums of nothing.
    if (!weights_finite(p, second)) return false;
    onednn::run(*plan.conv->reorder, second, nullptr, scratch);
    const bool forward = plan.op == ConvOp::kForward;
    parallel_for(plan.pieces, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        onednn::run(*plan.conv->main, first + i * (forward ? x_step : y_step), scratch,
                    out + i * (forward ? y_step : x_step));
      }
    });
    return true;
  }
  const uint64_t copy = align(plan.conv->weight_bytes);
  parallel_for(plan.pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      onednn::run(*plan.conv->main, first + i * x_step, second + i * y_step, scratch + static_cast<uint64_t>(i) * copy);
    }
  });
  const auto count = static_cast<int64_t>(plan.conv->weight_bytes / sizeof(float));
  float* sum = reinterpret_cast<float*>(scratch);
  parallel_for(count, 1 << 14, [&](int64_t begin, int64_t end) {
    for (int64_t i = 1; i < plan.pieces; ++i) {
      const float* part = reinterpret_cast<const float*>(scratch + static_cast<uint64_t>(i) * copy);
      for (int64_t e = begin; e < end; ++e) sum[e] += part[e];
    }
  });
  if (p.meets_padding() && !all_finite(sum, count)) return false;
  onednn::run(*plan.conv->reorder, sum, nullptr, out);
  return true;
}

}  // namespace ferrule::cpu
