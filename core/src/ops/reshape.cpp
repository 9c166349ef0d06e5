// Reshape and what it spells: flatten, unflatten, squeeze, expand_dims, atleast_nd. A view where the strides permit.
#include <fmt/format.h>

#include "ops/support.h"

namespace ferrule {

using namespace detail;

namespace {

// The strides under which memory laid out as (from, strides) reads as `to`; false when there are none.
bool view_strides(const Shape& from, const Strides& strides, const Shape& to, Strides& out) {
  Shape old_extents;
  Strides old_strides;
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i] == 1) continue;
    old_extents.push_back(from[i]);
    old_strides.push_back(strides[i]);
  }
  out = contiguous_strides(to);
  size_t i = 0, j = 0;
  while (i < old_extents.size()) {
    // The shortest runs of old axes [i, i_end) and new axes [j, j_end) with the same number of elements.
    size_t i_end = i + 1, j_end = j + 1;
    int64_t n_old = old_extents[i], n_new = to[j];
    while (n_old != n_new) {
      if (n_new < n_old)
        n_new *= to[j_end++];
      else
        n_old *= old_extents[i_end++];
    }
    for (size_t k = i; k + 1 < i_end; ++k) {
      if (old_strides[k] != old_extents[k + 1] * old_strides[k + 1]) return false;
    }
    int64_t step = old_strides[i_end - 1];
    for (size_t k = j_end; k-- > j;) {
      out[k] = step;
      step *= to[k];
    }
    i = i_end;
    j = j_end;
  }
  return true;
}

class Reshape final : public ShapeOnly {
 public:
  using ShapeOnly::ShapeOnly;
  const char* name() const override { return "Reshape"; }
  void eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) override {
    const array& in = inputs[0];
    array& out = outputs[0];
    Strides strides;
    if (in.size() == 0) return evaluation.allocate(out);
    if (view_strides(in.shape(), evaluation.strides(in), out.shape(), strides)) {
      evaluation.view(out, in, strides, 0);
    } else {
      evaluation.view(out, evaluation.contiguous(in), contiguous_strides(out.shape()), 0);
    }
  }
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>&, const std::vector<array>&) override {
    return {reshape(cotangents[0], primals[0].shape(), stream())};
  }
  // The output's shape is all there is.
  bool is_equivalent(const Primitive& other) const override { return dynamic_cast<const Reshape*>(&other); }
};

array with_shape(const array& a, const Shape& shape, const StreamOrDevice& s) {
  if (a.shape() == shape) return a;
  return make_plain<Reshape>(shape, a.dtype(), a, to_stream(s));
}

}  // namespace

array reshape(const array& a, Shape shape, StreamOrDevice s) {
  if (a.shape() == shape) return a;
  size_t unknown = shape.size();
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] >= 0) continue;
    if (shape[i] != -1 || unknown != shape.size()) {
      fail("reshape", "bad shape", "shape " + describe(shape), "extents of at least 0 and at most one -1");
    }
    unknown = i;
  }
  int64_t count = static_cast<int64_t>(a.size());
  if (unknown != shape.size()) {
    shape[unknown] = 1;
    int64_t known = checked_count("reshape", shape);
    if (known == 0 || count % known != 0) {
      shape[unknown] = -1;
      fail("reshape", "the size cannot change", describe(a) + " to " + describe(shape),
           fmt::format("extents whose product divides {}", count));
    }
    shape[unknown] = count / known;
  } else if (checked_count("reshape", shape) != count) {
    fail("reshape", "the size cannot change", describe(a) + " to " + describe(shape),
         fmt::format("{} elements", count));
  }
  return with_shape(a, shape, s);
}

array flatten(const array& a, int start_axis, int end_axis, StreamOrDevice s) {
  if (a.ndim() == 0) return with_shape(a, {1}, s);
  int start = std::max(0, start_axis < 0 ? start_axis + a.ndim() : start_axis);
  int end = std::min(a.ndim() - 1, end_axis < 0 ? end_axis + a.ndim() : end_axis);
  if (end < start) {
    fail("flatten", "the last axis comes before the first",
         fmt::format("axes {} to {} of {}", start_axis, end_axis, describe(a)), "start_axis <= end_axis");
  }
  Shape shape;
  for (int i = 0; i < a.ndim(); ++i) {
    if (i <= start || i > end)
      shape.push_back(a.shape(i));
    else
      shape.back() *= a.shape(i);
  }
  return with_shape(a, shape, s);
}

array flatten(const array& a, StreamOrDevice s) { return with_shape(a, {static_cast<int64_t>(a.size())}, s); }

array unflatten(const array& a, int axis, Shape shape, StreamOrDevice s) {
  int at = checked_axis("unflatten", axis, a.ndim());
  if (shape.empty()) fail("unflatten", "no extents", "shape ()", "at least one extent");
  int64_t known = 1, unknown = 0;
  for (int64_t extent : shape) {
    if (extent == -1)
      ++unknown;
    else
      known *= extent;
  }
  if (unknown > 1 || (unknown == 0 && known != a.shape(at)) || (unknown == 1 && (known <= 0 || a.shape(at) % known))) {
    fail("unflatten", "the size cannot change",
         "shape " + describe(shape) + " for axis " + std::to_string(at) + " of " + describe(a),
         "extents whose product is the axis' extent");
  }
  Shape to;
  for (int i = 0; i < a.ndim(); ++i) {
    if (i != at) {
      to.push_back(a.shape(i));
      continue;
    }
    for (int64_t extent : shape) to.push_back(extent == -1 ? a.shape(at) / known : extent);
  }
  return reshape(a, to, s);
}

array squeeze(const array& a, const std::vector<int>& axes, StreamOrDevice s) {
  uint32_t mask = axis_mask("squeeze", axes, a.ndim());
  Shape shape;
  for (int i = 0; i < a.ndim(); ++i) {
    if (!(mask >> i & 1u)) {
      shape.push_back(a.shape(i));
    } else if (a.shape(i) != 1) {
      fail("squeeze", "the axis is not of extent 1", fmt::format("axis {} of {}", i, describe(a)), "extent 1");
    }
  }
  return with_shape(a, shape, s);
}

array squeeze(const array& a, int axis, StreamOrDevice s) {
  int at = checked_axis("squeeze", axis, a.ndim());
  if (a.shape(at) != 1) {
    fail("squeeze", "the axis is not of extent 1", fmt::format("axis {} of {}", at, describe(a)), "extent 1");
  }
  Shape shape = a.shape();
  shape.erase(shape.begin() + at);
  return with_shape(a, shape, s);
}

array squeeze(const array& a, StreamOrDevice s) {
  Shape shape;
  for (int64_t extent : a.shape()) {
    if (extent != 1) shape.push_back(extent);
  }
  return with_shape(a, shape, s);
}

array expand_dims(const array& a, const std::vector<int>& axes, StreamOrDevice s) {
  int ndim = a.ndim() + static_cast<int>(axes.size());
  if (ndim > kMaxDims) fail("expand_dims", "too many dimensions", std::to_string(ndim), "at most 10");
  uint32_t mask = axis_mask("expand_dims", axes, ndim);
  Shape shape;
  for (int i = 0, from = 0; i < ndim; ++i) shape.push_back(mask >> i & 1u ? 1 : a.shape(from++));
  return with_shape(a, shape, s);
}

array expand_dims(const array& a, int axis, StreamOrDevice s) {
  int at = checked_axis("expand_dims", axis, a.ndim() + 1);
  Shape shape = a.shape();
  shape.insert(shape.begin() + at, 1);
  return with_shape(a, shape, s);
}

array atleast_1d(const array& a, StreamOrDevice s) { return a.ndim() == 0 ? with_shape(a, {1}, s) : a; }

array atleast_2d(const array& a, StreamOrDevice s) {
  if (a.ndim() == 0) return with_shape(a, {1, 1}, s);
  return a.ndim() == 1 ? with_shape(a, {1, a.shape(0)}, s) : a;
}

array atleast_3d(const array& a, StreamOrDevice s) {
  if (a.ndim() == 0) return with_shape(a, {1, 1, 1}, s);
  if (a.ndim() == 1) return with_shape(a, {1, a.shape(0), 1}, s);
  return a.ndim() == 2 ? with_shape(a, {a.shape(0), a.shape(1), 1}, s) : a;
}

#define FERRULE_EACH(name)                                                      \
  std::vector<array> name(const std::vector<array>& arrays, StreamOrDevice s) { \
    std::vector<array> out;                                                     \
    for (const array& a : arrays) out.push_back(name(a, s));                    \
    return out;                                                                 \
  }
FERRULE_EACH(atleast_1d)
FERRULE_EACH(atleast_2d)
FERRULE_EACH(atleast_3d)
#undef FERRULE_EACH

}  // namespace ferrule
