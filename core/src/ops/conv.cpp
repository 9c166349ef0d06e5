// Convolution, channels last. Three kernels that are each other's gradients: conv, and its gradients by input and
// weight.
#include <fmt/format.h>

#include <limits>

#include "ops/slice.h"

namespace ferrule {

using namespace detail;

namespace {

using ConvAttrs = frl_conv_attrs;

array make_conv(uint32_t code, const Shape& shape, const array& a, const array& b, const ConvAttrs& attrs,
                const Stream& s);

// [O, k.., C / groups] -> [C, k.., O / groups].
array swap_channels(const array& w, int64_t groups, const Stream& s) {
  int n = w.ndim() - 2;
  Shape split{groups, w.shape(0) / groups};
  for (int i = 1; i <= n + 1; ++i) split.push_back(w.shape(i));
  array parts = swapaxes(reshape(w, split, s), 1, n + 2, s);  // [g, C / g, k.., O / g]
  Shape joined{groups * w.shape(-1)};
  for (int i = 1; i <= n; ++i) joined.push_back(w.shape(i));
  joined.push_back(w.shape(0) / groups);
  return reshape(parts, joined, s);
}

// The gradient by the input is a convolution of the dilated cotangent with the turned kernel.
array input_grad_by_conv(const array& gy, const array& w, const Shape& input, const ConvAttrs& attrs, const Stream& s) {
  ConvAttrs back = attrs;
  back.flip = !attrs.flip;
  for (uint32_t i = 0; i < attrs.n_spatial; ++i) {
    int64_t kernel = (w.shape(static_cast<int>(i) + 1) - 1) * attrs.kernel_dilation[i] + 1;
    int64_t dilated = (gy.shape(static_cast<int>(i) + 1) - 1) * attrs.stride[i] + 1;
    back.stride[i] = attrs.input_dilation[i];
    back.input_dilation[i] = attrs.stride[i];
    back.pad_lo[i] = kernel - 1 - attrs.pad_lo[i];
    back.pad_hi[i] = (input[i + 1] - 1) * attrs.input_dilation[i] + kernel - dilated - back.pad_lo[i];
  }
  return make_conv(FRL_OP_conv, input, gy, swap_channels(w, attrs.groups, s), back, s);
}

// The gradient by the weight correlates input and cotangent, batch and channels exchanged. One group.
array weight_grad_by_conv(const array& x, const array& gy, const Shape& weight, const ConvAttrs& attrs,
                          const Stream& s) {
  ConvAttrs back = attrs;
  back.flip = 0;
  Shape shape{x.shape(-1)};
  for (uint32_t i = 0; i < attrs.n_spatial; ++i) {
    int k = static_cast<int>(i) + 1;
    back.stride[i] = attrs.kernel_dilation[i];
    back.kernel_dilation[i] = attrs.stride[i];
    // Exactly as many positions as the kernel has: what the forward pass left over at the end is cut off.
    int64_t dilated_in = (x.shape(k) - 1) * attrs.input_dilation[i] + 1;
    int64_t window = (gy.shape(k) - 1) * attrs.stride[i] + 1;
    back.pad_hi[i] = (weight[i + 1] - 1) * attrs.kernel_dilation[i] + window - dilated_in - attrs.pad_lo[i];
    shape.push_back(weight[i + 1]);
  }
  shape.push_back(gy.shape(-1));
  array y = make_conv(FRL_OP_conv, shape, swapaxes(x, 0, -1, s), swapaxes(gy, 0, -1, s), back, s);  // [C, k.., O]
  array gw = swapaxes(y, 0, -1, s);
  if (!attrs.flip) return gw;
  std::vector<int> spatial;
  for (int i = 1; i + 1 < gw.ndim(); ++i) spatial.push_back(i);
  return flip(gw, spatial, s);
}

// y is bilinear in x and w, so each of the three is a gradient of the others.
class Conv final : public AttributedPrimitive<ConvAttrs> {
 public:
  Conv(Stream stream, uint32_t code, const ConvAttrs& attrs, const Shape& output)
      : AttributedPrimitive(stream, code, attrs), output_(output) {}
  std::vector<array> vjp(const std::vector<array>& in, const std::vector<array>& cotangents,
                         const std::vector<int>& argnums, const std::vector<array>&) override {
    const array& h = cotangents[0];
    std::vector<array> grads;
    for (int i : argnums) {
      const Shape& shape = in[static_cast<size_t>(i)].shape();
      switch (code()) {
        case FRL_OP_conv:  // (x, w)
          grads.push_back(i == 0 ? node(FRL_OP_conv_input_grad, shape, h, in[1])
                                 : node(FRL_OP_conv_weight_grad, shape, in[0], h));
          break;
        case FRL_OP_conv_input_grad:  // (gy, w)
          grads.push_back(i == 0 ? node(FRL_OP_conv, shape, h, in[1]) : node(FRL_OP_conv_weight_grad, shape, h, in[0]));
          break;
        default:  // (x, gy)
          grads.push_back(i == 0 ? node(FRL_OP_conv_input_grad, shape, in[1], h) : node(FRL_OP_conv, shape, in[0], h));
      }
    }
    return grads;
  }
  std::vector<array> decompose(const std::vector<array>& in) const override {
    if (code() == FRL_OP_conv_input_grad) return {input_grad_by_conv(in[0], in[1], output_, attrs(), stream())};
    if (code() == FRL_OP_conv_weight_grad && attrs().groups == 1) {
      return {weight_grad_by_conv(in[0], in[1], output_, attrs(), stream())};
    }
    return {};
  }

 private:
  array node(uint32_t code, const Shape& shape, const array& a, const array& b) const {
    return make_conv(code, shape, a, b, attrs(), stream());
  }
  Shape output_;
};

array make_conv(uint32_t code, const Shape& shape, const array& a, const array& b, const ConvAttrs& attrs,
                const Stream& s) {
  return make<Conv>(shape, a.dtype(), {a, b}, s, code, attrs, shape);
}

// One value per spatial axis; empty means `value` everywhere, a single one stands for all.
std::vector<int> per_axis(const char* what, const std::vector<int>& given, size_t n, int value, int least) {
  std::vector<int> out = given;
  if (out.empty()) out.assign(n, value);
  if (out.size() == 1) out.assign(n, out[0]);
  if (out.size() != n)
    fail("conv", fmt::format("wrong number of {} values", what), describe(given),
         fmt::format("{}, one per spatial axis", n));
  for (int x : out) {
    if (x < least) fail("conv", fmt::format("bad {}", what), describe(given), fmt::format("at least {}", least));
  }
  return out;
}

}  // namespace

array conv_general(array input, array weight, std::vector<int> stride, std::vector<int> padding_lo,
                   std::vector<int> padding_hi, std::vector<int> kernel_dilation, std::vector<int> input_dilation,
                   int groups, bool flip, StreamOrDevice where) {
  Stream s = to_stream(where);
  int spatial = input.ndim() - 2;
  if (spatial < 1 || spatial > 3 || weight.ndim() != input.ndim()) {
    fail("conv", "wrong rank", "input " + describe(input) + " and weight " + describe(weight),
         "[N, spatial.., C] and [O, kernel.., C / groups] with 1 to 3 spatial axes");
  }
  Dtype dtype = promote(input.dtype(), weight.dtype());
  if (!is_floating(dtype)) {
    fail("conv", "not a floating dtype", "input " + describe(input) + " and weight " + describe(weight),
         "operands that promote to a floating dtype");
  }
  if (groups < 1 || input.shape(-1) % groups != 0 || weight.shape(0) % groups != 0 ||
      weight.shape(-1) != input.shape(-1) / groups) {
    fail("conv", "channels do not match",
         fmt::format("input {}, weight {}, {} groups", describe(input), describe(weight), groups),
         "the weight's last extent equal to C / groups, and O divisible by groups");
  }
  auto n = static_cast<size_t>(spatial);
  constexpr int kAny = std::numeric_limits<int>::min();
  stride = per_axis("stride", stride, n, 1, 1);
  padding_lo = per_axis("padding", padding_lo, n, 0, kAny);
  padding_hi = per_axis("padding", padding_hi, n, 0, kAny);
  kernel_dilation = per_axis("kernel dilation", kernel_dilation, n, 1, 1);
  input_dilation = per_axis("input dilation", input_dilation, n, 1, 1);
  ConvAttrs attrs{};
  attrs.n_spatial = static_cast<uint32_t>(spatial);
  attrs.flip = flip;
  attrs.groups = groups;
  Shape shape{input.shape(0)};
  for (size_t i = 0; i < n; ++i) {
    attrs.stride[i] = stride[i];
    attrs.pad_lo[i] = padding_lo[i];
    attrs.pad_hi[i] = padding_hi[i];
    attrs.kernel_dilation[i] = kernel_dilation[i];
    attrs.input_dilation[i] = input_dilation[i];
    int64_t in = input.shape()[i + 1], k = weight.shape()[i + 1];
    int64_t dilated_in = in == 0 ? 0 : (in - 1) * input_dilation[i] + 1;
    int64_t room = dilated_in + padding_lo[i] + padding_hi[i] - (k == 0 ? 0 : (k - 1) * kernel_dilation[i] + 1);
    if (room < 0 || k == 0) {
      fail("conv", "the kernel does not fit the padded input",
           fmt::format("input {}, weight {}, padding ({}, {}) on spatial axis {}", describe(input), describe(weight),
                       padding_lo[i], padding_hi[i], i),
           "a kernel of at least 1 and at most the padded input's extent");
    }
    shape.push_back(room / stride[i] + 1);
  }
  shape.push_back(weight.shape(0));
  checked_count("conv", shape);
  return make_conv(FRL_OP_conv, shape, cast(input, dtype, s), cast(weight, dtype, s), attrs, s);
}

namespace {

void require_spatial(const char* op, const array& input, const array& weight, int n) {
  if (input.ndim() != n + 2 || weight.ndim() != n + 2) {
    fail(op, "wrong rank", "input " + describe(input) + " and weight " + describe(weight),
         fmt::format("{} dimensions", n + 2));
  }
}

array convolve(const char* op, const array& input, const array& weight, const std::vector<int>& stride,
               const std::vector<int>& padding, const std::vector<int>& dilation, int groups, const StreamOrDevice& s) {
  require_spatial(op, input, weight, static_cast<int>(stride.size()));
  return conv_general(input, weight, stride, padding, padding, dilation, std::vector<int>(stride.size(), 1), groups,
                      false, s);
}

// The gradient of a convolution by its input, with the weight's channels already exchanged: the input is dilated by the
// stride and correlated with the turned kernel.
array transposed(const char* op, const array& input, const array& weight, const std::vector<int>& stride,
                 const std::vector<int>& padding, const std::vector<int>& dilation,
                 const std::vector<int>& output_padding, int groups, const StreamOrDevice& s) {
  require_spatial(op, input, weight, static_cast<int>(stride.size()));
  std::vector<int> low, high;
  for (size_t i = 0; i < stride.size(); ++i) {
    auto reach = static_cast<int>(dilation[i] * (weight.shape()[i + 1] - 1));
    low.push_back(reach - padding[i]);
    high.push_back(reach - padding[i] + output_padding[i]);
  }
  return conv_general(input, weight, std::vector<int>(stride.size(), 1), low, high, dilation, stride, groups, true, s);
}

using Two = std::pair<int, int>;
using Three = std::tuple<int, int, int>;
std::vector<int> list(const Two& p) { return {p.first, p.second}; }
std::vector<int> list(const Three& t) { return {std::get<0>(t), std::get<1>(t), std::get<2>(t)}; }

}  // namespace

array conv1d(const array& input, const array& weight, int stride, int padding, int dilation, int groups,
             StreamOrDevice s) {
  return convolve("conv1d", input, weight, {stride}, {padding}, {dilation}, groups, s);
}

array conv2d(const array& input, const array& weight, const Two& stride, const Two& padding, const Two& dilation,
             int groups, StreamOrDevice s) {
  return convolve("conv2d", input, weight, list(stride), list(padding), list(dilation), groups, s);
}

array conv3d(const array& input, const array& weight, const Three& stride, const Three& padding, const Three& dilation,
             int groups, StreamOrDevice s) {
  return convolve("conv3d", input, weight, list(stride), list(padding), list(dilation), groups, s);
}

array conv_transpose1d(const array& input, const array& weight, int stride, int padding, int dilation,
                       int output_padding, int groups, StreamOrDevice s) {
  return transposed("conv_transpose1d", input, weight, {stride}, {padding}, {dilation}, {output_padding}, groups, s);
}

array conv_transpose2d(const array& input, const array& weight, const Two& stride, const Two& padding,
                       const Two& dilation, const Two& output_padding, int groups, StreamOrDevice s) {
  return transposed("conv_transpose2d", input, weight, list(stride), list(padding), list(dilation),
                    list(output_padding), groups, s);
}

array conv_transpose3d(const array& input, const array& weight, const Three& stride, const Three& padding,
                       const Three& dilation, const Three& output_padding, int groups, StreamOrDevice s) {
  return transposed("conv_transpose3d", input, weight, list(stride), list(padding), list(dilation),
                    list(output_padding), groups, s);
}

}  // namespace ferrule
