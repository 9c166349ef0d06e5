// A convolution in one form: three spatial dimensions (leading ones of extent 1), explicit strides, per-group channel
// counts. The input gradient is the forward convolution of the dilated output gradient with transposed weights, so that one
// kernel computes both. Plain values, pure functions of a call that passed check_call.
#pragma once

#include <cstdint>
#include <span>

#include "ferrule/plugin.h"

namespace ferrule::plugin {

enum class ConvOp : uint8_t { kForward, kInputGrad, kWeightGrad };

struct ConvProblem {
  ConvOp op;
  uint32_t dtype, n_spatial;
  int64_t n, groups;
  int64_t in_channels, out_channels;  // per group
  int64_t in[3], kernel[3], out[3];
  int64_t stride[3], pad[3], pad_after[3], kernel_dilation[3], input_dilation[3];  // pad: before the first element
  bool flip;

  // Element strides. Channel c of group g of x lies at (g * in_channels + c) * x_channel.
  int64_t x_batch, x_spatial[3], x_channel;
  int64_t w_group, w_out, w_spatial[3], w_in;
  int64_t y_batch, y_spatial[3], y_channel;

  int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
  int64_t depth() const { return taps() * in_channels; }  // products per output element
  int64_t channels() const { return groups * in_channels; }
  int64_t outputs() const { return groups * out_channels; }
  int64_t out_pixels() const { return out[0] * out[1] * out[2]; }
  // Images lie one after the other, channels last, without gaps.
  bool x_is_dense() const { return is_dense(in, channels(), x_batch, x_spatial, x_channel); }
  bool y_is_dense() const { return is_dense(out, outputs(), y_batch, y_spatial, y_channel); }
  // Every output pixel is one input pixel times a matrix.
  bool is_product() const;
  bool depthwise() const { return in_channels == 1 && out_channels == 1 && groups > 1; }
  // Some product would meet padding or a gap of the dilated input.
  bool meets_padding() const;
  // The extent of input (padding and gaps included) that `count` outputs of dimension d look at.
  int64_t window(int d, int64_t count) const {
    return (count - 1) * stride[d] + (kernel[d] - 1) * kernel_dilation[d] + 1;
  }

 private:
  bool is_dense(const int64_t* extents, int64_t channels, int64_t batch, const int64_t* spatial, int64_t channel) const;
};

// nullptr, or why the call breaks the contract of the op.
const char* check_conv(ConvOp op, const frl_call& call, std::span<char> reason);

// Where an operand's elements lie.
struct ConvOperand {
  const int64_t *shape, *strides;
};
// The forward problem of x, w and y, whatever the op, of a call that passed the check; operands in the op's order.
ConvProblem read_conv(ConvOp op, uint32_t dtype, const ConvOperand& first, const ConvOperand& second,
                      const ConvOperand& out, const frl_conv_attrs& attrs);
// The forward problem that computes the input gradient of another: x is the output gradient, y the input gradient, the
// channels' roles are swapped and the kernel is flipped. The padding before is what the forward pass left of the kernel;
// the output's extent implies the padding after, which is not kept. op stays kInputGrad.
ConvProblem input_grad_problem(const ConvProblem& forward);

}  // namespace ferrule::plugin
