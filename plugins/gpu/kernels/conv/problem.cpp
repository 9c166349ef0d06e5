// Reading and checking of convolution calls.
#include "kernels/conv/problem.h"

#include <algorithm>
#include <cinttypes>

#include "common/check.h"

namespace ferrule::gpu {
namespace {

using plugin::ConvOperand;
using plugin::reject;

constexpr int64_t kLargest = int64_t{1} << 31;  // kernels count taps and the products of a sum in 32 bits

// Row-contiguous strides.
struct DenseStrides {
  DenseStrides(uint32_t ndim, const int64_t* shape) {
    int64_t step = 1;
    for (uint32_t i = ndim; i-- > 0;) {
      strides[i] = step;
      step *= shape[i];
    }
  }
  int64_t strides[FRL_MAX_DIMS];
};

}  // namespace

const char* check_conv_call(ConvOp op, const frl_call& call, std::span<char> reason) {
  if (const char* why = plugin::check_conv(op, call, reason)) return why;
  const auto& a = *static_cast<const frl_conv_attrs*>(call.attrs);
  const frl_tensor& x = op == ConvOp::kInputGrad ? call.outputs[0] : call.inputs[0];
  const frl_tensor& w = op == ConvOp::kWeightGrad ? call.outputs[0] : call.inputs[1];
  int64_t taps = 1;
  for (uint32_t i = 1; i <= a.n_spatial; ++i) {
    if (x.shape[i] > kLargest * 16) return reject(reason, "x: got extent %" PRId64 " on axis %u", x.shape[i], i);
    taps *= std::max<int64_t>(w.shape[i], 1);
    if (taps > kLargest) return reject(reason, "got %" PRId64 " taps or more; expected at most 2^31", taps);
  }
  const int64_t channels = std::max(w.shape[a.n_spatial + 1], w.shape[0] / a.groups);
  if (channels >= kLargest / taps) {
    return reject(reason, "got %" PRId64 " taps of %" PRId64 " channels; expected fewer than 2^31 products per sum",
                  taps, channels);
  }
  return nullptr;
}

ConvProblem read_conv(ConvOp op, const frl_call& call, uint32_t contiguous) {
  const frl_tensor &first = call.inputs[0], &second = call.inputs[1], &out = call.outputs[0];
  const DenseStrides dense[] = {{first.ndim, first.shape}, {second.ndim, second.shape}};
  const auto view = [&](uint32_t index) -> ConvOperand {
    const frl_tensor& t = call.inputs[index];
    return {t.shape, (contiguous >> index) & 1 ? dense[index].strides : t.strides};
  };
  // Outputs are row-contiguous, whatever the strides of an output that is not allocated yet say.
  return plugin::read_conv(op, out.dtype, view(0), view(1), {out.shape, DenseStrides(out.ndim, out.shape).strides},
                           *static_cast<const frl_conv_attrs*>(call.attrs));
}

ConvProblem read_conv(ConvOp op, const Call& call) {
  const auto view = [](const Operand& o) { return ConvOperand{o.shape, o.strides}; };
  return plugin::read_conv(op, call.outputs[0].dtype, view(call.inputs[0]), view(call.inputs[1]), view(call.outputs[0]),
                           call.attributes<frl_conv_attrs>());
}

MatrixProduct conv_product(const ConvProblem& f) {
  MatrixProduct p{};
  const int64_t pixels = f.n * f.out_pixels(), c = f.in_channels, o = f.out_channels;
  p.dtype = f.dtype, p.alpha = 1;
  if (f.op == ConvOp::kForward) {
    p.m = pixels, p.n = o, p.k = c, p.a = {c, 1}, p.b = {1, c};
  } else if (f.op == ConvOp::kInputGrad) {
    p.m = pixels, p.n = c, p.k = o, p.a = {o, 1}, p.b = {c, 1};
  } else {
    p.m = o, p.n = c, p.k = pixels, p.a = {1, o}, p.b = {c, 1};
  }
  return p;
}

}  // namespace ferrule::gpu
