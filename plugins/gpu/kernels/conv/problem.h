// A convolution call in one form: three spatial dimensions (leading ones of extent 1), explicit strides, per-group channel
// counts. Shared by the own kernels and the vendors' libraries. Pure functions of a call that passed plugin::check_call.
#pragma once

#include <cstdint>
#include <span>

#include "ferrule/plugin.h"
#include "host/kernel.h"
#include "kernels/matmul/problem.h"

namespace ferrule::gpu {

enum class ConvOp : uint8_t { kForward, kInputGrad, kWeightGrad };

struct ConvProblem {
  ConvOp op;
  uint32_t dtype, n_spatial;
  int64_t n, groups;
  int64_t in_channels, out_channels;  // per group
  int64_t in[3], kernel[3], out[3];
  int64_t stride[3], pad[3], pad_after[3], kernel_dilation[3], input_dilation[3];
  bool flip;
  // Element strides of x and y; w is row-contiguous: [groups * out_channels, kernel.., in_channels].
  int64_t x_batch, x_spatial[3], x_channel;
  int64_t y_batch, y_spatial[3], y_channel;

  int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
  int64_t out_pixels() const { return out[0] * out[1] * out[2]; }
  int64_t channels() const { return groups * in_channels; }
  int64_t outputs() const { return groups * out_channels; }
  // Images lie one after the other, channels last, without gaps.
  bool x_is_dense() const { return is_dense(in, channels(), x_batch, x_spatial, x_channel); }
  bool y_is_dense() const { return is_dense(out, outputs(), y_batch, y_spatial, y_channel); }
  // Every output pixel is one input pixel times a matrix.
  bool is_product() const;
  // Some product would meet padding or a gap of the dilated input.
  bool meets_padding() const;

 private:
  bool is_dense(const int64_t* extents, int64_t channels, int64_t batch, const int64_t* spatial, int64_t channel) const;
};

// What an answer about these ops depends on, whichever kernel gives it.
inline constexpr uint32_t kConvDepends =
    FRL_DEPENDS_RANK | FRL_DEPENDS_SHAPES | FRL_DEPENDS_STRIDES | FRL_DEPENDS_ALIGNMENT | FRL_DEPENDS_ATTRS;

// nullptr, or why the call breaks the op's contract.
const char* check_conv(ConvOp op, const frl_call& call, std::span<char> reason);
// The forward problem of x, w and y, whatever the op, of a call that passed the check. Inputs whose bit is set in
// `contiguous` are read as row-contiguous.
ConvProblem read_conv(ConvOp op, const frl_call& call, uint32_t contiguous);
ConvProblem read_conv(ConvOp op, const Call& call);
// The forward problem that computes an input gradient: the output gradient, dilated by the stride, meets the flipped
// kernel, and the channels' roles are swapped. op stays kInputGrad.
ConvProblem input_grad_problem(const ConvProblem& forward);
// The product that a convolution with is_product() is: pixels are the rows of a matrix. a is the first operand, or the
// output gradient of a weight gradient.
MatrixProduct conv_product(const ConvProblem& forward);

}  // namespace ferrule::gpu
