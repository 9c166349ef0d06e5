#include "sample_call.h"

#include <fmt/format.h>

#include <initializer_list>

namespace ferrule::tools {
namespace {

constexpr uint32_t kIndex = FRL_DTYPE_I32;
using Dims = std::initializer_list<int64_t>;

frl_tensor make_tensor(uint32_t dtype, Dims shape) {
  frl_tensor tensor{};
  tensor.dtype = dtype;
  for (const int64_t extent : shape) tensor.shape[tensor.ndim++] = extent;
  int64_t stride = 1;
  for (int axis = tensor.ndim - 1; axis >= 0; --axis) {
    tensor.strides[axis] = stride;
    stride *= tensor.shape[axis];
  }
  return tensor;
}

// Builds one call; every op family below is one line of operands.
class Builder {
 public:
  Builder(const OpInfo& op, uint32_t dtype, const SampleSize& size) : op_(op), dtype_(dtype), size_(size) {}

  bool build() {
    if (op_.elementwise) return elementwise();
    return reduction() || product() || convolution() || rows() || indexing() || other();
  }
  SampleCall take() { return std::move(sample_); }

 private:
  void in(uint32_t dtype, Dims shape, Contents contents = Contents::random) {
    sample_.inputs.push_back(make_tensor(dtype, shape));
    sample_.contents.push_back(contents);
  }
  void in(Dims shape, Contents contents = Contents::random) { in(dtype_, shape, contents); }
  void out(uint32_t dtype, Dims shape) { sample_.outputs.push_back(make_tensor(dtype, shape)); }
  void out(Dims shape) { out(result_dtype(op_, dtype_), shape); }

  template <typename Attrs>
  void attrs(const Attrs& value) {
    sample_.attrs.assign((sizeof(Attrs) + 7) / 8, 0);
    std::memcpy(sample_.attrs.data(), &value, sizeof(Attrs));
    sample_.attrs_size = sizeof(Attrs);
  }
  bool is(std::string_view name) const { return op_.name == name; }

  bool elementwise() {
    if (is("fill")) {
      in({});
    } else if (is("select")) {
      in(FRL_DTYPE_BOOL, {size_.rows, size_.columns}, Contents::bits);
      in({size_.rows, size_.columns});
      in({size_.rows, size_.columns});
    } else {
      const bool shift = is("left_shift") || is("right_shift");
      for (uint32_t i = 0; i < op_.min_inputs; ++i) {
        in({size_.rows, size_.columns}, shift && i == 1 ? Contents::ones : Contents::random);
      }
    }
    out({size_.rows, size_.columns});
    return true;
  }

  bool reduction() {
    const int64_t r = size_.rows, c = size_.columns;
    if (op_.attrs == "reduce") {
      in({r, c});
      out({r, 1});
      attrs(frl_reduce_attrs{2u, 0});
      return true;
    }
    if (is("argmax") || is("argmin") || is("logsumexp")) {
      in({r, c});
      out({r, 1});
      attrs(frl_axis_attrs{1, 0});
      return true;
    }
    return false;
  }

  bool product() {
    const int64_t n = size_.matrix;
    if (!is("matmul") && !is("addmm")) return false;
    if (is("addmm")) {
      in({n, n});
      attrs(frl_addmm_attrs{1.0f, 1.0f});
    }
    in({n, n});
    in({n, n});
    out({n, n});
    const double cube = static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n);
    sample_.operations = (dtype_ == FRL_DTYPE_C64 ? 8.0 : 2.0) * cube;
    return true;
  }

  bool convolution() {
    if (op_.attrs != "conv") return false;
    const int64_t b = size_.batch, s = size_.image, c = size_.channels, o = s - 2;
    if (is("conv")) {
      in({b, s, s, c}), in({c, 3, 3, c}), out({b, o, o, c});
    } else if (is("conv_input_grad")) {
      in({b, o, o, c}), in({c, 3, 3, c}), out({b, s, s, c});
    } else {
      in({b, s, s, c}), in({b, o, o, c}), out({c, 3, 3, c});
    }
    frl_conv_attrs conv{};
    conv.n_spatial = 2;
    conv.groups = 1;
    for (int i = 0; i < 3; ++i) conv.stride[i] = conv.kernel_dilation[i] = conv.input_dilation[i] = 1;
    attrs(conv);
    sample_.operations = 2.0 * 9.0 * static_cast<double>(b * o * o * c) * static_cast<double>(c);
    return true;
  }

  bool rows() {
    const int64_t r = size_.rows, c = size_.columns;
    if (op_.attrs == "scan") {
      in({r, c}), out({r, c}), attrs(frl_scan_attrs{1, 0, 0});
    } else if (is("sort") || is("argsort")) {
      in({r, c}), out({r, c}), attrs(frl_axis_attrs{1, 0});
    } else if (op_.attrs == "partition") {
      in({r, c}), out({r, c}), attrs(frl_partition_attrs{1, 0, c / 2});
    } else if (is("softmax")) {
      in({r, c}), out({r, c}), attrs(frl_softmax_attrs{1, 1});
    } else if (op_.attrs == "norm") {
      norm(r, c);
    } else {
      return false;
    }
    return true;
  }

  void norm(int64_t r, int64_t c) {
    const bool gradient = is("rms_norm_vjp") || is("layer_norm_vjp");
    const bool bias = is("layer_norm") || is("layer_norm_vjp");
    in({r, c}), in({c});
    if (bias) in({c});
    if (gradient) in({r, c});
    out({r, c});
    if (gradient) out({c});
    if (gradient && bias) out({c});
    attrs(frl_norm_attrs{1e-5f, 0});
  }

  bool indexing() {
    const int64_t r = size_.rows, c = size_.columns;
    sample_.index_limit = r;
    if (is("gather")) {
      in({r, c}), in(kIndex, {r}, Contents::indices), out({r, 1, c});
      frl_gather_attrs gather{};
      gather.n_axes = 1;
      gather.slice_sizes[0] = 1;
      gather.slice_sizes[1] = c;
      attrs(gather);
    } else if (is("scatter")) {
      in({r, c}), in(kIndex, {r}, Contents::indices), in({r, 1, c}), out({r, c});
      frl_scatter_attrs scatter{};
      scatter.mode = dtype_ == FRL_DTYPE_BOOL ? FRL_SCATTER_ASSIGN : FRL_SCATTER_SUM;
      scatter.n_axes = 1;
      attrs(scatter);
    } else if (is("gather_axis")) {
      in({r, c}), in(kIndex, {r, c}, Contents::indices), out({r, c}), attrs(frl_axis_attrs{0, 0});
    } else if (is("scatter_axis")) {
      in({r, c}), in(kIndex, {r, c}, Contents::indices), in({r, c}), out({r, c});
      attrs(frl_scatter_axis_attrs{0, FRL_SCATTER_ASSIGN});
    } else if (is("masked_scatter")) {
      in({r, c}), in(FRL_DTYPE_BOOL, {r, c}, Contents::bits), in({r * c}), out({r, c});
    } else if (is("searchsorted")) {
      in({c}, Contents::ascending), in({r, c}), out({r, c}), attrs(frl_searchsorted_attrs{0, 0});
    } else {
      return false;
    }
    return true;
  }

  bool other() {
    const int64_t r = size_.rows, c = size_.columns;
    if (is("arange")) {
      out({r * c}), attrs(frl_arange_attrs{0, 1, 0.0, 1.0});
    } else if (is("random_bits")) {
      if (dtype_ != FRL_DTYPE_U8 && dtype_ != FRL_DTYPE_U16 && dtype_ != FRL_DTYPE_U32) return false;
      in(FRL_DTYPE_U32, {r, 2}, Contents::bits), out(dtype_, {r, c});
    } else if (is("pad")) {
      in({r, c}), in({}), out({r + 2, c + 2});
      frl_pad_attrs pad{};
      for (int i = 0; i < 2; ++i) pad.low[i] = pad.high[i] = 1;
      attrs(pad);
    } else {
      return false;
    }
    return true;
  }

  const OpInfo& op_;
  uint32_t dtype_;
  SampleSize size_;
  SampleCall sample_;
};

}  // namespace

int64_t element_count(const frl_tensor& tensor) {
  int64_t count = 1;
  for (int axis = 0; axis < tensor.ndim; ++axis) count *= tensor.shape[axis];
  return count;
}

uint64_t byte_count(const frl_tensor& tensor) {
  return static_cast<uint64_t>(element_count(tensor)) * dtype_info(tensor.dtype).bytes;
}

frl_call SampleCall::call() const {
  frl_call result{};
  result.inputs = inputs.data();
  result.outputs = outputs.data();
  result.n_inputs = static_cast<uint16_t>(inputs.size());
  result.n_outputs = static_cast<uint16_t>(outputs.size());
  result.attrs = attrs.empty() ? nullptr : attrs.data();
  result.attrs_size = attrs_size;
  return result;
}

uint64_t SampleCall::bytes() const {
  uint64_t total = 0;
  for (const frl_tensor& each : inputs) total += byte_count(each);
  for (const frl_tensor& each : outputs) total += byte_count(each);
  return total;
}

std::string SampleCall::shapes() const {
  std::string text;
  for (const frl_tensor& tensor : inputs.empty() ? outputs : inputs) {
    if (!text.empty()) text += ", ";
    if (tensor.ndim == 0) text += "0-d";
    for (int axis = 0; axis < tensor.ndim; ++axis)
      text += fmt::format("{}{}", axis == 0 ? "" : "x", tensor.shape[axis]);
  }
  return text;
}

std::optional<SampleCall> make_sample(const OpInfo& op, uint32_t dtype, const SampleSize& size) {
  if (op.version == 0 || !op.takes(dtype)) return std::nullopt;
  Builder builder(op, dtype, size);
  if (!builder.build()) return std::nullopt;
  return builder.take();
}

}  // namespace ferrule::tools
