// Slices (views) and slice updates.
#include "ops/slice.h"

#include <fmt/format.h>

namespace ferrule {

using namespace detail;

namespace detail {

SliceBounds normalize_slice(const char* op, const array& a, Shape start, Shape stop, Shape strides) {
  size_t ndim = a.shape().size();
  if (start.size() != ndim || stop.size() != ndim || strides.size() != ndim) {
    fail(op, "wrong number of bounds",
         fmt::format("{} starts, {} stops and {} strides for {}", start.size(), stop.size(), strides.size(),
                     describe(a)),
         fmt::format("{} of each", ndim));
  }
  SliceBounds b{start, strides, Shape(ndim)};
  for (size_t i = 0; i < ndim; ++i) {
    int64_t n = a.shape()[i], step = strides[i];
    if (step == 0) fail(op, "zero stride", "strides " + describe(strides), "strides other than 0");
    int64_t first = start[i] < 0 ? start[i] + n : start[i];
    int64_t last = stop[i] < 0 ? stop[i] + n : stop[i];
    if (step > 0) {
      first = std::clamp<int64_t>(first, 0, n);
      last = std::clamp<int64_t>(last, 0, n);
      b.shape[i] = last > first ? (last - first - 1) / step + 1 : 0;
    } else {
      // A stop before -n stands for "down to the first element".
      first = std::clamp<int64_t>(first, -1, n - 1);
      last = std::clamp<int64_t>(last, -1, n - 1);
      b.shape[i] = first > last ? (first - last - 1) / -step + 1 : 0;
    }
    b.start[i] = first;
  }
  return b;
}

}  // namespace detail

namespace {

int64_t place(const SliceBounds& b, const Strides& from, Strides& strides) {
  int64_t offset = 0;
  strides = from;
  for (size_t i = 0; i < from.size(); ++i) {
    offset += b.start[i] * from[i];
    strides[i] *= b.strides[i];
  }
  return offset;
}

class Slice final : public Primitive {
 public:
  Slice(Stream stream, const SliceBounds& bounds) : Primitive(stream), bounds_(bounds) {}
  const char* name() const override { return "Slice"; }
  void eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) override {
    if (outputs[0].size() == 0) return evaluation.allocate(outputs[0]);
    Strides strides;
    int64_t offset = place(bounds_, evaluation.strides(inputs[0]), strides);
    evaluation.view(outputs[0], inputs[0], strides, offset);
  }
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>&, const std::vector<array>&) override {
    array base = zeros_as(primals[0], stream());
    return {make_slice_update(base, cotangents[0], bounds_, stream())};
  }
  bool is_equivalent(const Primitive& other) const override {
    auto* p = dynamic_cast<const Slice*>(&other);
    return p && p->bounds_ == bounds_;
  }

 private:
  SliceBounds bounds_;
};

// (src, update): src with the slice replaced.
class SliceUpdate final : public Primitive {
 public:
  SliceUpdate(Stream stream, const SliceBounds& bounds) : Primitive(stream), bounds_(bounds) {}
  const char* name() const override { return "SliceUpdate"; }
  void eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) override {
    array& out = outputs[0];
    if (out.size() == 0) return evaluation.allocate(out);
    Strides dense = contiguous_strides(out.shape());
    if (!evaluation.donate(out, inputs[0])) {
      evaluation.allocate(out);
      evaluation.copy_to(out, inputs[0], dense, 0);
    }
    if (inputs[1].size() == 0) return;
    Strides strides;
    int64_t offset = place(bounds_, dense, strides);
    evaluation.copy_to(out, inputs[1], strides, offset);
  }
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>& argnums, const std::vector<array>&) override {
    std::vector<array> grads;
    for (int i : argnums) {
      if (i == 0)
        grads.push_back(make_slice_update(cotangents[0], zeros_as(primals[1], stream()), bounds_, stream()));
      else
        grads.push_back(make_slice(cotangents[0], bounds_, stream()));
    }
    return grads;
  }
  bool is_equivalent(const Primitive& other) const override {
    auto* p = dynamic_cast<const SliceUpdate*>(&other);
    return p && p->bounds_ == bounds_;
  }

 private:
  SliceBounds bounds_;
};

bool covers(const SliceBounds& b, const Shape& shape) {
  if (b.shape != shape) return false;
  return std::all_of(b.strides.begin(), b.strides.end(), [](int64_t step) { return step == 1; });
}

Shape unit_strides(const Shape& like) { return Shape(like.size(), 1); }

array checked_update(const char* op, const array& src, const array& update, const SliceBounds& b, const Stream& s) {
  try {
    return expand(cast(update, src.dtype(), s), b.shape, s);
  } catch (const error&) {
    fail(op, "the update does not fit the slice",
         describe(update) + " for a slice " + describe(b.shape) + " of " + describe(src),
         "a shape that broadcasts to the slice");
  }
}

using Combine = array (*)(const array&, const array&, StreamOrDevice);

array combine_slice(const char* op, Combine combine, const array& src, const array& update, const Shape& start,
                    const Shape& stop, const Shape& strides, const StreamOrDevice& where) {
  Stream s = to_stream(where);
  SliceBounds b = normalize_slice(op, src, start, stop, strides);
  array value = checked_update(op, src, update, b, s);
  if (value.size() == 0) return src;
  return make_slice_update(src, cast(combine(make_slice(src, b, s), value, s), src.dtype(), s), b, s);
}

}  // namespace

namespace detail {

array make_slice(const array& a, const SliceBounds& b, const Stream& s) {
  if (covers(b, a.shape())) return a;
  return make<Slice>(b.shape, a.dtype(), {a}, s, b);
}

array make_slice_update(const array& src, const array& update, const SliceBounds& b, const Stream& s) {
  if (covers(b, src.shape())) return update;
  return make<SliceUpdate>(src.shape(), src.dtype(), {src, update}, s, b);
}

array slice_axis(const array& a, int axis, int64_t start, int64_t stop, const Stream& s) {
  Shape first(a.shape().size(), 0), last = a.shape();
  first[static_cast<size_t>(axis)] = start;
  last[static_cast<size_t>(axis)] = stop;
  return slice(a, first, last, s);
}

}  // namespace detail

array slice(const array& a, Shape start, Shape stop, Shape strides, StreamOrDevice s) {
  return make_slice(a, normalize_slice("slice", a, start, stop, strides), to_stream(s));
}

array slice(const array& a, Shape start, Shape stop, StreamOrDevice s) {
  return slice(a, start, stop, unit_strides(a.shape()), s);
}

array slice_update(const array& src, const array& update, Shape start, Shape stop, Shape strides,
                   StreamOrDevice where) {
  Stream s = to_stream(where);
  SliceBounds b = normalize_slice("slice_update", src, start, stop, strides);
  array value = checked_update("slice_update", src, update, b, s);
  return value.size() == 0 ? src : make_slice_update(src, value, b, s);
}

array slice_update(const array& src, const array& update, Shape start, Shape stop, StreamOrDevice s) {
  return slice_update(src, update, start, stop, unit_strides(src.shape()), s);
}

#define FERRULE_SLICE_UPDATE(name, op)                                                                          \
  array name(const array& src, const array& update, Shape start, Shape stop, Shape strides, StreamOrDevice s) { \
    return combine_slice(#name, op, src, update, start, stop, strides, s);                                      \
  }                                                                                                             \
  array name(const array& src, const array& update, Shape start, Shape stop, StreamOrDevice s) {                \
    return combine_slice(#name, op, src, update, start, stop, unit_strides(src.shape()), s);                    \
  }
FERRULE_SLICE_UPDATE(slice_update_add, add)
FERRULE_SLICE_UPDATE(slice_update_prod, multiply)
FERRULE_SLICE_UPDATE(slice_update_max, maximum)
FERRULE_SLICE_UPDATE(slice_update_min, minimum)
#undef FERRULE_SLICE_UPDATE

array flip(const array& a, const std::vector<int>& axes, StreamOrDevice s) {
  uint32_t mask = axis_mask("flip", axes, a.ndim());
  if (mask == 0 || a.size() == 0) return a;
  SliceBounds b{Shape(a.shape().size(), 0), unit_strides(a.shape()), a.shape()};
  for (size_t i = 0; i < a.shape().size(); ++i) {
    if (!(mask >> i & 1u)) continue;
    b.start[i] = a.shape()[i] - 1;
    b.strides[i] = -1;
  }
  return make_slice(a, b, to_stream(s));
}

array flip(const array& a, int axis, StreamOrDevice s) { return flip(a, std::vector<int>{axis}, s); }

array flip(const array& a, StreamOrDevice s) { return flip(a, mask_axes(all_axes(a.ndim())), s); }

}  // namespace ferrule
