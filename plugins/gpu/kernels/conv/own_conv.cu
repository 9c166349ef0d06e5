#include "kernels/conv/own_conv.h"

#include <algorithm>

#include "common/dtypes.h"
#include "host/launch.h"
#include "kernels/conv/window.cuh"
#include "kernels/matmul/own_product.h"
#include "kernels/matmul/splits.cuh"
#include "kernels/tuning.h"

namespace ferrule::gpu {
namespace {

using namespace convolution;

Quotient quotient(int64_t divisor, int64_t largest) {
  Quotient q;
  q.divisor = static_cast<uint64_t>(std::max<int64_t>(divisor, 1));
  q.is_wide = std::max(largest, divisor) >= INT32_MAX;
  if (!q.is_wide) q.narrow = Divider(static_cast<uint32_t>(q.divisor));
  return q;
}
Divider divider(int64_t divisor) { return Divider(static_cast<uint32_t>(std::max<int64_t>(divisor, 1))); }

// Whether accesses to four channels are aligned wherever the strides lead.
bool wide(const void* base, std::initializer_list<int64_t> strides, int64_t item) {
  const int64_t bytes = std::min<int64_t>(16, 4 * item);
  if (reinterpret_cast<uintptr_t>(base) % static_cast<uint64_t>(bytes) != 0) return false;
  return std::all_of(strides.begin(), strides.end(), [&](int64_t s) { return s * item % bytes == 0; });
}

// p: a forward problem, or a weight gradient's.
Window window_of(const ConvProblem& p) {
  Window w{};
  const int64_t pixels = p.n * p.out_pixels();
  w.image = quotient(p.out_pixels(), pixels);
  w.plane = quotient(p.out[1] * p.out[2], pixels);
  w.row = quotient(p.out[2], pixels);
  w.channels = divider(p.in_channels);
  w.kernel_plane = divider(p.kernel[1] * p.kernel[2]), w.kernel_row = divider(p.kernel[2]);
  w.flip = p.flip;
  for (int d = 0; d < 3; ++d) {
    w.kernel[d] = static_cast<uint32_t>(p.kernel[d]);
    w.gaps = w.gaps || p.input_dilation[d] != 1;
    w.in[d] = p.in[d], w.stride[d] = p.stride[d], w.pad[d] = p.pad[d];
    w.kernel_dilation[d] = p.kernel_dilation[d], w.input_dilation[d] = p.input_dilation[d];
    w.x_spatial[d] = p.x_spatial[d];
  }
  w.x_batch = p.x_batch, w.x_channel = p.x_channel;
  return w;
}

struct Tiles {
  int64_t lines_a, lines_b, k, out_elements;
  uint32_t tiles_m, tiles_n;
  int64_t splits, k_per_split;
  uint64_t scratch_bytes;
};

// f: as read from the call. The answer is the same for the query and the run.
Tiles tiles_of(const ConvProblem& f, int64_t multiprocessors, uint64_t scratch_limit) {
  Tiles t{};
  const int64_t out_pixels = f.n * f.out_pixels(), in_pixels = f.n * f.in[0] * f.in[1] * f.in[2];
  if (f.op == ConvOp::kForward) {
    t.lines_a = out_pixels, t.lines_b = f.out_channels, t.k = f.taps() * f.in_channels;
  } else if (f.op == ConvOp::kInputGrad) {
    t.lines_a = in_pixels, t.lines_b = f.in_channels, t.k = f.taps() * f.out_channels;
  } else {
    t.lines_a = f.out_channels, t.lines_b = f.taps() * f.in_channels, t.k = out_pixels;
  }
  t.out_elements = f.groups * t.lines_a * t.lines_b;
  t.tiles_m = static_cast<uint32_t>(ceil_div(static_cast<uint64_t>(t.lines_a), 64));
  t.tiles_n = static_cast<uint32_t>(ceil_div(static_cast<uint64_t>(t.lines_b), 64));
  const int64_t blocks = int64_t{t.tiles_m} * t.tiles_n * f.groups;
  int64_t splits = 1;
  if (blocks < 2 * multiprocessors && t.k >= 2 * tuning::kTileDepthPerSplit) {
    splits = std::min<int64_t>((4 * multiprocessors + blocks - 1) / blocks, t.k / tuning::kTileDepthPerSplit);
  }
  const uint64_t per_split = static_cast<uint64_t>(t.out_elements) * std::max<uint32_t>(plugin::item_size(f.dtype), 4);
  const uint64_t limit =
      std::min<uint64_t>(scratch_limit, tuning::kSplitScratchBytes) / std::max<uint64_t>(per_split, 1);
  splits = std::clamp<int64_t>(splits, 1, static_cast<int64_t>(std::clamp<uint64_t>(limit, 1, tuning::kMaxSplits)));
  const int64_t k = std::max<int64_t>(t.k, 1), unit = tuning::kSplitAlignment;
  t.k_per_split = ((k + splits - 1) / splits + unit - 1) / unit * unit;
  t.splits = (k + t.k_per_split - 1) / t.k_per_split;
  t.scratch_bytes = t.splits > 1 ? static_cast<uint64_t>(t.splits) * per_split : 0;
  return t;
}

bool is_plain_product(const ConvProblem& f) { return f.is_product() && f.in_channels > 0; }

ConvArguments arguments_of(const ConvProblem& f, const Tiles& t, const void* first, const void* second, void* out) {
  const bool weight_grad = f.op == ConvOp::kWeightGrad;
  const ConvProblem p = f.op == ConvOp::kInputGrad ? input_grad_problem(f) : f;
  const int64_t item = plugin::item_size(f.dtype), taps = f.taps();
  ConvArguments a{};
  a.x = first, a.other = second, a.out = out;
  a.window = window_of(p);
  a.lines_a = t.lines_a, a.lines_b = t.lines_b, a.k = t.k, a.k_per_split = t.k_per_split;
  a.groups = f.groups, a.out_elements = t.out_elements;
  a.in_channels = static_cast<uint32_t>(p.in_channels);
  a.tiles_m = t.tiles_m, a.tiles_n = t.tiles_n;
  a.x_group = p.in_channels * p.x_channel;
  a.meets_padding = p.meets_padding();
  a.x_wide = p.x_channel == 1 && p.in_channels % 4 == 0 &&
             wide(first, {p.x_batch, p.x_spatial[0], p.x_spatial[1], p.x_spatial[2]}, item);
  if (weight_grad) {
    a.other_group = p.out_channels * p.y_channel, a.other_line = p.y_channel;
    a.y_batch = p.y_batch, a.y_dense = p.y_is_dense();
    for (int d = 0; d < 3; ++d) a.y_spatial[d] = p.y_spatial[d];
    if (a.y_dense) a.y_spatial[2] = p.outputs();  // from one pixel to the next
    a.other_wide = p.y_channel == 1 && p.out_channels % 4 == 0 &&
                   wide(second, {p.y_batch, a.y_spatial[0], a.y_spatial[1], a.y_spatial[2]}, item);
    a.out_group = t.lines_a * t.lines_b, a.out_row = t.lines_b;
  } else {
    // w lies as [group, out channel, tap, in channel] of the call's own problem.
    const bool forward = f.op == ConvOp::kForward;
    a.other_group = f.out_channels * taps * f.in_channels;
    a.other_line = forward ? taps * f.in_channels : 1;
    a.other_tap = f.in_channels;
    a.other_inner = forward ? 1 : taps * f.in_channels;
    a.other_along_k = forward;
    a.other_wide = forward ? t.k % 4 == 0 && wide(second, {}, item) : f.in_channels % 4 == 0 && wide(second, {}, item);
    a.out_group = t.lines_b, a.out_row = f.groups * t.lines_b;
  }
  for (int d = 0; d < 3; ++d) {
    a.image_extent[d] = p.out[d];
    a.samples[d] = static_cast<uint32_t>(std::min(p.out[d], p.input_dilation[d])) + 1;
  }
  return a;
}

}  // namespace

uint64_t own_conv_scratch(const Device& device, const ConvProblem& f) {
  if (is_plain_product(f)) return own_product_scratch(device, conv_product(f));
  return tiles_of(f, device.facts().multiprocessors, UINT64_MAX).scratch_bytes;
}

void run_own_conv(const Device& device, const ConvProblem& f, const void* first, const void* second, void* out,
                  void* scratch, uint64_t scratch_bytes, CommandList& commands) {
  const bool weight_grad = f.op == ConvOp::kWeightGrad;
  if (is_plain_product(f)) {
    const ProductPointers at{weight_grad ? second : first, weight_grad ? first : second, nullptr, out};
    return run_own_product(device, conv_product(f), at, scratch, scratch_bytes, commands);
  }
  const Tiles t = tiles_of(f, device.facts().multiprocessors, scratch_bytes);
  ConvArguments a = arguments_of(f, t, first, second, out);
  a.partial = t.splits > 1 ? scratch : nullptr;
  const vendor::LaunchShape shape{{t.tiles_m * t.tiles_n, static_cast<uint32_t>(t.splits),
                                   static_cast<uint32_t>(std::min<int64_t>(f.groups, 65535))},
                                  {product::kTileThreads, 1, 1},
                                  0};
  product::launch_one(commands, weight_grad ? weight_grad_kernel(f.dtype) : forward_kernel(f.dtype), shape, a);
  if (a.partial == nullptr) return;
  product::SplitArguments s{};
  s.partial = a.partial, s.out = out, s.outputs = t.out_elements, s.splits = t.splits;
  s.scalars = {1.0f, 0.0f, 0};
  product::launch_splits(commands, f.dtype, s);
}

void repair_padding(const Device& device, const ConvProblem& f, const void* first, const void* second, void* out,
                    CommandList& commands) {
  const ConvProblem p = f.op == ConvOp::kInputGrad ? input_grad_problem(f) : f;
  if (!p.meets_padding()) return;
  const Tiles t = tiles_of(f, device.facts().multiprocessors, 0);
  const ConvArguments a = arguments_of(f, t, first, second, out);
  const bool weight_grad = f.op == ConvOp::kWeightGrad;
  const uint64_t most = 2 * uint64_t{device.facts().multiprocessors};
  const vendor::LaunchShape shape =
      weight_grad ? grid_for(static_cast<uint64_t>(t.out_elements), kRepairThreads, 4 * most)
                  : grid_for(static_cast<uint64_t>(f.groups * t.lines_b) * kRepairThreads, kRepairThreads, most);
  product::launch_one(commands, weight_grad ? weight_grad_repair_kernel(f.dtype) : forward_repair_kernel(f.dtype),
                      shape, a);
}

}  // namespace ferrule::gpu
