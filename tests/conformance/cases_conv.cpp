// Convolutions and their gradients in one to three dimensions: strides, paddings (negative too), dilations, groups,
// flip.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "catalog.h"
#include "data.h"

namespace ferrule::conformance {
namespace {

struct Form {
  const char* name;
  Shape x, w;  // [N, spatial.., C], [O, kernel.., C / groups]
  int64_t groups = 1, stride = 1, pad_lo = 0, pad_hi = 0, kernel_dilation = 1, input_dilation = 1;
  bool flip = false;
};

const std::vector<Form>& forms() {
  static const std::vector<Form> list = {
      {"plain", {2, 11, 3}, {4, 3, 3}},
      {"plain", {1, 9, 8, 3}, {5, 3, 2, 3}},
      {"plain", {1, 5, 6, 5, 2}, {3, 2, 3, 2, 2}},
      {"one_by_one", {2, 5, 6, 7}, {9, 1, 1, 7}},
      {"padded", {2, 8, 9, 3}, {4, 3, 3, 3}, 1, 1, 1, 1},
      {"uneven_padding", {1, 7, 8, 2}, {3, 3, 2, 2}, 1, 1, 2, 1},
      {"cropped", {1, 9, 9, 2}, {3, 3, 3, 2}, 1, 1, -1, -2},
      {"strided", {2, 11, 10, 3}, {4, 3, 3, 3}, 1, 2, 1, 1},
      {"stride3", {1, 14, 3}, {4, 2, 3}, 1, 3},
      {"dilated_kernel", {1, 11, 11, 2}, {3, 3, 3, 2}, 1, 1, 2, 2, 2},
      {"dilated_input", {1, 5, 6, 2}, {3, 3, 3, 2}, 1, 1, 2, 2, 1, 2},
      {"strided_dilated", {1, 9, 8, 2}, {3, 3, 3, 2}, 1, 2, 1, 2, 2, 3},
      {"grouped", {2, 7, 7, 6}, {4, 3, 3, 3}, 2, 1, 1, 1},
      {"depthwise", {2, 7, 7, 5}, {5, 3, 3, 1}, 5, 1, 1, 1},
      {"depthwise_multiplier", {1, 7, 6, 3}, {6, 3, 3, 1}, 3, 1, 1, 1},
      {"flipped", {1, 8, 9, 3}, {4, 3, 2, 3}, 1, 1, 1, 1, 1, 1, true},
      {"wide", {1, 6, 6, 19}, {18, 3, 3, 19}, 1, 1, 1, 1},
      {"padding_only", {1, 1, 1, 2}, {2, 3, 3, 2}, 1, 1, 4, 4},
      {"strided_3d", {1, 5, 6, 7, 2}, {3, 3, 2, 3, 2}, 1, 2, 1, 1, 1, 1},
  };
  return list;
}

frl_conv_attrs attrs_of(const Form& f) {
  frl_conv_attrs a{};
  a.n_spatial = static_cast<uint32_t>(f.x.size() - 2);
  a.flip = f.flip;
  a.groups = f.groups;
  for (uint32_t i = 0; i < a.n_spatial; ++i) {
    a.stride[i] = f.stride;
    a.pad_lo[i] = f.pad_lo;
    a.pad_hi[i] = f.pad_hi;
    a.kernel_dilation[i] = f.kernel_dilation;
    a.input_dilation[i] = f.input_dilation;
  }
  return a;
}

Shape out_of(const Form& f) {
  Shape y = f.x;
  y.back() = f.w[0];
  for (size_t i = 1; i + 1 < f.x.size(); ++i) {
    const int64_t in = (f.x[i] - 1) * f.input_dilation + 1, kernel = (f.w[i] - 1) * f.kernel_dilation + 1;
    y[i] = (in + f.pad_lo + f.pad_hi - kernel) / f.stride + 1;
  }
  return y;
}

void check_conv(Context& context, const Op& op, const Form& f, uint32_t dtype, LayoutKind layout, Random& random) {
  const Shape y = out_of(f);
  const Shape& first = op.code == FRL_OP_conv_input_grad ? y : f.x;
  const Shape& second = op.code == FRL_OP_conv_weight_grad ? y : f.w;
  const Shape& out = op.code == FRL_OP_conv ? y : op.code == FRL_OP_conv_input_grad ? f.x : f.w;
  const frl_conv_attrs attrs = attrs_of(f);
  Launch launch;
  launch.op = &op;
  launch.set_attrs(attrs);
  launch.inputs = {Operand(moderate(dtype, first, random, -2, 2), layout),
                   Operand(moderate(dtype, second, random, -2, 2), layout)};
  launch.outputs = {Operand(Tensor(dtype, out))};
  check(context, launch, {want_conv(op, launch.inputs[0].tensor, launch.inputs[1].tensor, attrs, out)});
}

}  // namespace

void add_conv_cases(Catalog& catalog) {
  for (const Op& op : all_ops()) {
    if (op.code < FRL_OP_conv || op.code > FRL_OP_conv_weight_grad) continue;
    for (const Dtype& d : all_dtypes()) {
      if (!op.takes(d.code)) continue;
      for (const Form& f : forms())
        for (LayoutKind layout : {LayoutKind::CONTIGUOUS, LayoutKind::TRANSPOSED, LayoutKind::SLICED}) {
          if (layout != LayoutKind::CONTIGUOUS && &f != &forms()[4] && &f != &forms()[12]) continue;
          const std::string id =
              fmt::format("{}_{}", case_id("conv", op, d.code, fmt::format("{}_{}", layout_name(layout), f.name), f.x),
                          to_text(f.w));
          catalog.add(id, op.profile, [&op, &f, id, layout, code = d.code](Context& context) {
            Random random(id);
            check_conv(context, op, f, code, layout, random);
          });
        }
    }
  }
}

}  // namespace ferrule::conformance
