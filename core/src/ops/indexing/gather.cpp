// Gathers: gather, take, take_along_axis.
#include <fmt/format.h>

#include "ops/indexing/indexing.h"

namespace ferrule {

using namespace detail;

namespace {

class Gather final : public AttributedPrimitive<frl_gather_attrs> {
 public:
  using AttributedPrimitive::AttributedPrimitive;
  // Every slice goes back to where it was taken. Indices have no gradient.
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>& argnums, const std::vector<array>&) override {
    std::vector<array> grads;
    for (int i : argnums) {
      const array& primal = primals[static_cast<size_t>(i)];
      if (i > 0) {
        grads.push_back(zeros_as(primal, stream()));
        continue;
      }
      std::vector<array> indices(primals.begin() + 1, primals.end());
      std::vector<int> axes(attrs().axes, attrs().axes + attrs().n_axes);
      // Where the forward pass clamped, the cotangent belongs to the clamped place.
      for (size_t k = 0; k < indices.size(); ++k) {
        indices[k] = clamp_index(indices[k], primal.shape(axes[k]), attrs().slice_sizes[axes[k]], stream());
      }
      grads.push_back(scatter_add(zeros_as(primal, stream()), indices, cotangents[0], axes, stream()));
    }
    return grads;
  }
};

class GatherAxis final : public AttributedPrimitive<frl_axis_attrs> {
 public:
  using AttributedPrimitive::AttributedPrimitive;
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>& argnums, const std::vector<array>&) override {
    std::vector<array> grads;
    for (int i : argnums) {
      const array& primal = primals[static_cast<size_t>(i)];
      if (i > 0) {
        grads.push_back(zeros_as(primal, stream()));
        continue;
      }
      array index = clamp_index(primals[1], primal.shape(attrs().axis), 1, stream());
      grads.push_back(scatter_add_axis(zeros_as(primal, stream()), index, cotangents[0], attrs().axis, stream()));
    }
    return grads;
  }
  // Every element is a slice of its own, addressed on all axes.
  std::vector<array> decompose(const std::vector<array>& in) const override {
    std::vector<array> indices = element_indices(in[0], in[1], attrs().axis, stream());
    array y = gather(in[0], indices, mask_axes(all_axes(in[0].ndim())), Shape(in[0].shape().size(), 1), stream());
    return {reshape(y, in[1].shape(), stream())};
  }
};

}  // namespace

array gather(const array& a, const std::vector<array>& indices, const std::vector<int>& axes, const Shape& slice_sizes,
             StreamOrDevice where) {
  Stream s = to_stream(where);
  std::vector<array> list = checked_indices("gather", a, indices, axes, s);
  if (slice_sizes.size() != a.shape().size()) {
    fail("gather", "wrong number of slice sizes", fmt::format("{} for {}", slice_sizes.size(), describe(a)),
         fmt::format("{}, one per axis", a.ndim()));
  }
  frl_gather_attrs attrs{};
  attrs.n_axes = static_cast<uint32_t>(axes.size());
  for (size_t k = 0; k < axes.size(); ++k) attrs.axes[k] = checked_axis("gather", axes[k], a.ndim());
  Shape shape = list.empty() ? Shape{} : list[0].shape();
  for (size_t i = 0; i < slice_sizes.size(); ++i) {
    if (slice_sizes[i] < 0 || slice_sizes[i] > a.shape()[i]) {
      fail("gather", "slice size out of bounds", fmt::format("{} on axis {} of {}", slice_sizes[i], i, describe(a)),
           fmt::format("from 0 to {}", a.shape()[i]));
    }
    attrs.slice_sizes[i] = slice_sizes[i];
    shape.push_back(slice_sizes[i]);
  }
  checked_count("gather", shape);
  list.insert(list.begin(), a);
  return make<Gather>(shape, a.dtype(), std::move(list), s, FRL_OP_gather, attrs);
}

array take(const array& a, const array& indices, int axis, StreamOrDevice s) {
  int at = checked_axis("take", axis, a.ndim());
  if (indices.size() != 0 && a.shape(at) == 0) {
    fail("take", "nothing to take from", fmt::format("axis {} of {}", at, describe(a)), "at least one element");
  }
  if (indices.ndim() + a.ndim() - 1 > kMaxDims) {
    fail("take", "too many dimensions", describe(indices) + " into " + describe(a), "at most 10");
  }
  Shape sizes = a.shape();
  sizes[static_cast<size_t>(at)] = indices.size() == 0 ? 0 : 1;
  // The taken axis' place goes to the indices' axes. One index axis leaves room within the rank limit.
  array flat = indices.ndim() == 1 ? indices : flatten(indices, s);
  Shape shape = a.shape();
  shape.erase(shape.begin() + at);
  if (indices.size() == 0) {
    shape.insert(shape.begin() + at, indices.shape().begin(), indices.shape().end());
    return zeros(shape, a.dtype(), s);
  }
  array rows = a;
  bool full_rank = a.ndim() == kMaxDims;
  if (full_rank) {
    // Merge the axes before and after, so that indices ++ slice fits.
    int64_t before = 1, after = 1;
    for (int i = 0; i < at; ++i) before *= a.shape(i);
    for (int i = at + 1; i < a.ndim(); ++i) after *= a.shape(i);
    rows = reshape(a, {before, a.shape(at), after}, s);
    sizes = {before, 1, after};
  }
  int along = full_rank ? 1 : at;
  array y = gather(rows, flat, along, sizes, s);  // [n, before.., 1, after..]
  y = squeeze(y, along + 1, s);
  if (along > 0) y = moveaxis(y, 0, along, s);
  shape.insert(shape.begin() + at, indices.shape().begin(), indices.shape().end());
  return reshape(y, shape, s);
}

array take(const array& a, const array& indices, StreamOrDevice s) { return take(flatten(a, s), indices, 0, s); }

array take(const array& a, int index, int axis, StreamOrDevice s) {
  int at = checked_axis("take", axis, a.ndim());
  int64_t n = a.shape(at), i = index < 0 ? index + n : index;
  if (i < 0 || i >= n) {
    fail("take", "index out of bounds", fmt::format("{} on axis {} of {}", index, at, describe(a)),
         fmt::format("from {} to {}", -n, n - 1));
  }
  return squeeze(slice_axis(a, at, i, i + 1, to_stream(s)), at, s);
}

array take(const array& a, int index, StreamOrDevice s) { return take(flatten(a, s), index, 0, s); }

array take_along_axis(const array& a, const array& indices, int axis, StreamOrDevice where) {
  int at = checked_axis("take_along_axis", axis, a.ndim());
  Stream s = to_stream(where);
  AlongAxis both("take_along_axis", a, indices, at, s);
  if (both.indices.size() != 0 && both.x.shape(at) == 0) {
    fail("take_along_axis", "nothing to take from", fmt::format("axis {} of {}", at, describe(a)),
         "at least one element");
  }
  return make<GatherAxis>(both.indices.shape(), a.dtype(), {both.x, both.indices}, s, FRL_OP_gather_axis,
                          frl_axis_attrs{at, 0});
}

}  // namespace ferrule
