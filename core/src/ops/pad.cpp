// Padding and rolling.
#include <fmt/format.h>

#include "ops/slice.h"

namespace ferrule {

using namespace detail;

namespace {

Shape padded(const Shape& shape, const frl_pad_attrs& attrs) {
  Shape out = shape;
  for (size_t i = 0; i < shape.size(); ++i) out[i] += attrs.low[i] + attrs.high[i];
  return out;
}

// (x, value: 0-d): constant padding.
class Pad final : public AttributedPrimitive<frl_pad_attrs> {
 public:
  using AttributedPrimitive::AttributedPrimitive;
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>& argnums, const std::vector<array>&) override {
    const Stream& s = stream();
    array inner = make_slice(cotangents[0], bounds(primals[0].shape()), s);
    std::vector<array> grads;
    for (int i : argnums) {
      if (i == 0)
        grads.push_back(inner);
      else
        grads.push_back(
            reshape(subtract(sum(cotangents[0], false, s), sum(inner, false, s), s), primals[1].shape(), s));
    }
    return grads;
  }
  std::vector<array> decompose(const std::vector<array>& in) const override {
    array base = full(padded(in[0].shape(), attrs()), in[1], in[0].dtype(), stream());
    return {make_slice_update(base, in[0], bounds(in[0].shape()), stream())};
  }

 private:
  SliceBounds bounds(const Shape& shape) const {
    SliceBounds b{Shape(shape.size(), 0), Shape(shape.size(), 1), shape};
    for (size_t i = 0; i < shape.size(); ++i) b.start[i] = attrs().low[i];
    return b;
  }
};

// Repeats the border: a broadcast slice on both sides, axis by axis.
array pad_edge(array x, const frl_pad_attrs& attrs, const Stream& s) {
  for (int i = 0; i < x.ndim(); ++i) {
    int64_t low = attrs.low[i], high = attrs.high[i], n = x.shape(i);
    if (low == 0 && high == 0) continue;
    if (n == 0) fail("pad", "no edge to repeat", fmt::format("axis {} of {}", i, describe(x)), "at least one element");
    std::vector<array> parts;
    auto border = [&](int64_t at, int64_t count) {
      Shape shape = x.shape();
      shape[static_cast<size_t>(i)] = count;
      if (count) parts.push_back(broadcast_to(slice_axis(x, i, at, at + 1, s), shape, s));
    };
    border(0, low);
    parts.push_back(x);
    border(n - 1, high);
    x = concatenate(std::move(parts), i, s);
  }
  return x;
}

}  // namespace

array pad(const array& a, const std::vector<int>& axes, const Shape& low_pad_size, const Shape& high_pad_size,
          const array& pad_value, const std::string& mode, StreamOrDevice where) {
  if (axes.size() != low_pad_size.size() || axes.size() != high_pad_size.size()) {
    fail("pad", "axes and sizes differ in number",
         fmt::format("{} axes, {} low and {} high sizes", axes.size(), low_pad_size.size(), high_pad_size.size()),
         "one of each per axis");
  }
  axis_mask("pad", axes, a.ndim());
  frl_pad_attrs attrs{};
  bool any = false;
  for (size_t k = 0; k < axes.size(); ++k) {
    int64_t low = low_pad_size[k], high = high_pad_size[k];
    if (low < 0 || high < 0 || low > (int64_t{1} << 59) || high > (int64_t{1} << 59)) {
      fail("pad", "bad size", fmt::format("({}, {}) on axis {}", low, high, axes[k]), "sizes from 0 to 2^59");
    }
    int i = checked_axis("pad", axes[k], a.ndim());
    attrs.low[i] = low;
    attrs.high[i] = high;
    any = any || low || high;
  }
  if (mode != "constant" && mode != "edge") fail("pad", "unknown mode", "\"" + mode + "\"", "\"constant\" or \"edge\"");
  Shape shape = padded(a.shape(), attrs);
  checked_count("pad", shape);
  if (!any) return a;
  Stream s = to_stream(where);
  if (mode == "edge") return pad_edge(a, attrs, s);
  if (pad_value.size() != 1) fail("pad", "the value is not a scalar", describe(pad_value), "size 1");
  array value = reshape(cast(pad_value, a.dtype(), s), {}, s);
  return make<Pad>(shape, a.dtype(), {a, value}, s, FRL_OP_pad, attrs);
}

array pad(const array& a, const std::vector<std::pair<int, int>>& pad_width, const array& pad_value,
          const std::string& mode, StreamOrDevice s) {
  if (pad_width.size() != a.shape().size()) {
    fail("pad", "wrong number of widths", fmt::format("{} for {}", pad_width.size(), describe(a)),
         fmt::format("{}, one per axis", a.ndim()));
  }
  Shape low, high;
  for (auto [before, after] : pad_width) {
    low.push_back(before);
    high.push_back(after);
  }
  return pad(a, mask_axes(all_axes(a.ndim())), low, high, pad_value, mode, s);
}

array pad(const array& a, const std::pair<int, int>& pad_width, const array& pad_value, const std::string& mode,
          StreamOrDevice s) {
  return pad(a, std::vector<std::pair<int, int>>(a.shape().size(), pad_width), pad_value, mode, s);
}

array pad(const array& a, int pad_width, const array& pad_value, const std::string& mode, StreamOrDevice s) {
  return pad(a, std::pair<int, int>{pad_width, pad_width}, pad_value, mode, s);
}

array roll(const array& a, const Shape& shift, const std::vector<int>& axes, StreamOrDevice where) {
  if (shift.size() != axes.size() && shift.size() != 1) {
    fail("roll", "shifts and axes differ in number", fmt::format("{} shifts and {} axes", shift.size(), axes.size()),
         "one shift, or one per axis");
  }
  Stream s = to_stream(where);
  array out = a;
  for (size_t k = 0; k < axes.size(); ++k) {
    int axis = checked_axis("roll", axes[k], a.ndim());
    int64_t n = a.shape(axis);
    if (n == 0) continue;
    int64_t by = shift[shift.size() == 1 ? 0 : k] % n;
    if (by < 0) by += n;
    if (by == 0) continue;
    out = concatenate({slice_axis(out, axis, n - by, n, s), slice_axis(out, axis, 0, n - by, s)}, axis, s);
  }
  return out;
}

array roll(const array& a, const Shape& shift, int axis, StreamOrDevice s) {
  int64_t total = 0;
  for (int64_t by : shift) total += by;
  return roll(a, Shape{total}, std::vector<int>{axis}, s);
}

array roll(const array& a, const Shape& shift, StreamOrDevice s) {
  return reshape(roll(flatten(a, s), shift, 0, s), a.shape(), s);
}

array roll(const array& a, int shift, const std::vector<int>& axes, StreamOrDevice s) {
  return roll(a, Shape{shift}, axes, s);
}

array roll(const array& a, int shift, int axis, StreamOrDevice s) { return roll(a, Shape{shift}, axis, s); }
array roll(const array& a, int shift, StreamOrDevice s) { return roll(a, Shape{shift}, s); }

}  // namespace ferrule
