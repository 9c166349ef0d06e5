// Scatters: updates placed in a copy of an array, combined by a mode.
#include <fmt/format.h>

#include "ops/indexing/indexing.h"

namespace ferrule {

using namespace detail;

namespace {

array make_scatter(uint32_t mode, const array& a, const std::vector<array>& indices, const array& updates,
                   const std::vector<int>& axes, const Stream& s);

class Scatter final : public AttributedPrimitive<frl_scatter_attrs> {
 public:
  using AttributedPrimitive::AttributedPrimitive;
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>& argnums, const std::vector<array>& outputs) override {
    const array& g = cotangents[0];
    Places places(*this, primals);
    std::vector<array> grads;
    for (int i : argnums) {
      if (i == 0)
        grads.push_back(array_gradient(places, primals[0], primals.back(), outputs[0], g));
      else if (static_cast<size_t>(i) + 1 < primals.size())
        grads.push_back(zeros_as(primals[static_cast<size_t>(i)], stream()));
      else
        grads.push_back(update_gradient(places, primals[0], primals.back(), outputs[0], g));
    }
    return grads;
  }

 private:
  // Where the updates go.
  struct Places {
    Places(const Scatter& op, const std::vector<array>& in)
        : indices(in.begin() + 1, in.end() - 1),
          axes(op.attrs().axes, op.attrs().axes + op.attrs().n_axes),
          sizes(in.back().shape().begin() + (indices.empty() ? 0 : indices[0].ndim()), in.back().shape().end()),
          s(op.stream()) {}
    array read(const array& from) const { return gather(from, indices, axes, sizes, s); }
    array write(uint32_t mode, const array& to, const array& updates) const {
      return make_scatter(mode, to, indices, updates, axes, s);
    }
    // For values read at the places: those outside x, which the scatter dropped, become 0.
    array drop_outside(const array& values, const Shape& shape) const {
      array kept = values;
      for (size_t k = 0; k < indices.size(); ++k) {
        int64_t extent = shape[static_cast<size_t>(axes[k])], size = sizes[static_cast<size_t>(axes[k])];
        array i = cast(indices[k], int64, s);
        array inside =
            logical_and(greater_equal(i, array(-extent, int64), s), less_equal(i, array(extent - size, int64), s), s);
        if (size > 1) {
          // A negative start must leave room for the slice too.
          inside = logical_and(
              inside,
              logical_or(greater_equal(i, array(int64_t{0}, int64), s), less_equal(i, array(-size, int64), s), s), s);
        }
        Shape lead = i.shape();
        lead.resize(values.shape().size(), 1);
        kept = where(reshape(inside, lead, s), kept, scalar(0, values.dtype()), s);
      }
      return kept;
    }
    std::vector<array> indices;
    std::vector<int> axes;
    Shape sizes;
    Stream s;
  };

  array array_gradient(const Places& p, const array& x, const array& updates, const array& y, const array& g) const {
    switch (attrs().mode) {
      case FRL_SCATTER_ASSIGN:
        return p.write(FRL_SCATTER_ASSIGN, g, zeros_as(updates, stream()));
      case FRL_SCATTER_SUM:
        return g;
      case FRL_SCATTER_PROD:
        return multiply(g, conj(p.write(FRL_SCATTER_PROD, ones_like(x, stream()), updates), stream()), stream());
      default:
        return where(equal(x, y, stream()), g, scalar(0, g.dtype()), stream());
    }
  }

  array update_gradient(const Places& p, const array& x, const array& updates, const array& y, const array& g) const {
    const Stream& s = stream();
    array zero = scalar(0, g.dtype());
    array back = p.drop_outside(p.read(g), x.shape());
    switch (attrs().mode) {
      case FRL_SCATTER_ASSIGN: {
        // Of several updates of one place only the last counts: number them, and see whose number stayed.
        array numbers = reshape(arange(0.0, static_cast<double>(updates.size()), 1.0, int64, s), updates.shape(), s);
        array winners = p.write(FRL_SCATTER_ASSIGN, zeros(x.shape(), int64, s), numbers);
        return where(equal(p.read(winners), numbers, s), back, zero, s);
      }
      case FRL_SCATTER_SUM:
        return back;
      case FRL_SCATTER_PROD:
        return factor_gradient(p, x, updates, g);
      default:
        return where(equal(p.read(y), updates, s), back, zero, s);
    }
  }

  // The product of all other factors of the place: a quotient, unless the factor or another one is 0.
  array factor_gradient(const Places& p, const array& x, const array& updates, const array& g) const {
    const Stream& s = stream();
    array zero = scalar(0, g.dtype()), one = scalar(1, g.dtype());
    array is_zero = equal(updates, zero, s);
    array factors = where(is_zero, one, updates, s);
    array zeros_here = p.read(p.write(FRL_SCATTER_SUM, zeros(x.shape(), int32, s), cast(is_zero, int32, s)));
    array others = subtract(zeros_here, cast(is_zero, int32, s), s);
    array product = p.write(FRL_SCATTER_PROD, x, factors);
    array slope = divide(p.drop_outside(p.read(multiply(g, conj(product, s), s)), x.shape()), conj(factors, s), s);
    return where(equal(others, array(0), s), slope, zero, s);
  }
};

array make_scatter(uint32_t mode, const array& a, const std::vector<array>& indices, const array& updates,
                   const std::vector<int>& axes, const Stream& s) {
  frl_scatter_attrs attrs{};
  attrs.mode = mode;
  attrs.n_axes = static_cast<uint32_t>(axes.size());
  for (size_t k = 0; k < axes.size(); ++k) attrs.axes[k] = axes[k];
  std::vector<array> in{a};
  in.insert(in.end(), indices.begin(), indices.end());
  in.push_back(updates);
  return make<Scatter>(a.shape(), a.dtype(), std::move(in), s, FRL_OP_scatter, attrs);
}

array checked_scatter(const char* op, uint32_t mode, const array& a, const std::vector<array>& indices,
                      const array& updates, const std::vector<int>& axes, const StreamOrDevice& where) {
  Stream s = to_stream(where);
  std::vector<array> list = checked_indices(op, a, indices, axes, s);
  Shape lead = list.empty() ? Shape{} : list[0].shape();
  bool fits = updates.shape().size() == lead.size() + a.shape().size();
  for (size_t i = 0; fits && i < lead.size(); ++i) fits = updates.shape()[i] == lead[i];
  for (size_t i = 0; fits && i < a.shape().size(); ++i) fits = updates.shape()[lead.size() + i] <= a.shape()[i];
  if (!fits) {
    fail(op, "updates do not fit", fmt::format("updates {} for {}", describe(updates), describe(a)),
         fmt::format("the shape {} of the indices, then a slice that fits the array", describe(lead)));
  }
  std::vector<int> from_front;
  for (int axis : axes) from_front.push_back(checked_axis(op, axis, a.ndim()));
  if (updates.size() == 0) return a;
  return make_scatter(mode, a, list, cast(updates, a.dtype(), s), from_front, s);
}

// (x, indices, updates) along one axis; ASSIGN or SUM.
class ScatterAxis final : public AttributedPrimitive<frl_scatter_axis_attrs> {
 public:
  using AttributedPrimitive::AttributedPrimitive;
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>& argnums, const std::vector<array>&) override {
    std::vector<array> grads;
    for (int i : argnums) {
      if (i == 0)
        grads.push_back(array_gradient(primals, cotangents[0]));
      else if (i == 1)
        grads.push_back(zeros_as(primals[1], stream()));
      else
        grads.push_back(update_gradient(primals, cotangents[0]));
    }
    return grads;
  }
  std::vector<array> decompose(const std::vector<array>& in) const override {
    if (in[0].ndim() >= kMaxDims) return {};
    const Stream& s = stream();
    std::vector<array> indices = element_indices(in[0], in[1], attrs().axis, s);
    for (array& index : indices) index = flatten(index, s);
    Shape single(in[0].shape().size() + 1, 1);
    single[0] = static_cast<int64_t>(in[2].size());
    return {
        make_scatter(attrs().mode, in[0], indices, reshape(in[2], single, s), mask_axes(all_axes(in[0].ndim())), s)};
  }

 private:
  array array_gradient(const std::vector<array>& in, const array& g) const {
    if (attrs().mode == FRL_SCATTER_SUM) return g;
    return put_along_axis(g, in[1], zeros_as(in[2], stream()), attrs().axis, stream());
  }
  array update_gradient(const std::vector<array>& in, const array& g) const {
    const Stream& s = stream();
    int axis = attrs().axis;
    int64_t extent = in[0].shape(axis);
    array i = cast(in[1], int64, s);
    array counts = logical_and(greater_equal(i, array(-extent, int64), s), less(i, array(extent, int64), s), s);
    if (attrs().mode == FRL_SCATTER_ASSIGN) {
      array numbers = reshape(arange(0.0, static_cast<double>(in[2].size()), 1.0, int64, s), in[2].shape(), s);
      array winners = put_along_axis(zeros(in[0].shape(), int64, s), in[1], numbers, axis, s);
      counts = logical_and(counts, equal(take_along_axis(winners, in[1], axis, s), numbers, s), s);
    }
    return where(counts, take_along_axis(g, in[1], axis, s), scalar(0, g.dtype()), s);
  }
};

array scatter_axis(const char* op, uint32_t mode, const array& a, const array& indices, const array& values, int axis,
                   const StreamOrDevice& where) {
  Stream s = to_stream(where);
  int at = checked_axis(op, axis, a.ndim());
  require_integers(op, indices);
  if (indices.ndim() != a.ndim()) {
    fail(op, "ranks differ", describe(indices) + " for " + describe(a),
         fmt::format("indices of {} dimensions", a.ndim()));
  }
  // Indices and values broadcast to each other, and to the array off the axis.
  Shape shape;
  try {
    shape = broadcast_shapes(indices.shape(), values.shape());
    Shape off_axis = a.shape();
    off_axis[static_cast<size_t>(at)] = 1;
    shape = broadcast_shapes(shape, off_axis);
  } catch (const error&) {
    shape.clear();
  }
  for (int i = 0; i < a.ndim(); ++i) {
    if (shape.size() != a.shape().size() || (i != at && shape[static_cast<size_t>(i)] != a.shape(i))) {
      fail(
          op, "shapes do not fit",
          fmt::format("indices {} and values {} for {}, axis {}", describe(indices), describe(values), describe(a), at),
          "shapes that broadcast to the array off the axis");
    }
  }
  array index = expand(indices, shape, s), update = expand(cast(values, a.dtype(), s), shape, s);
  if (update.size() == 0) return a;
  return make<ScatterAxis>(a.shape(), a.dtype(), {a, index, update}, s, FRL_OP_scatter_axis,
                           frl_scatter_axis_attrs{at, mode});
}

}  // namespace

#define FERRULE_SCATTER(name, mode)                                                                                 \
  array name(const array& a, const std::vector<array>& indices, const array& updates, const std::vector<int>& axes, \
             StreamOrDevice s) {                                                                                    \
    return checked_scatter(#name, mode, a, indices, updates, axes, s);                                              \
  }
FERRULE_SCATTER(scatter, FRL_SCATTER_ASSIGN)
FERRULE_SCATTER(scatter_add, FRL_SCATTER_SUM)
FERRULE_SCATTER(scatter_prod, FRL_SCATTER_PROD)
FERRULE_SCATTER(scatter_max, FRL_SCATTER_MAX)
FERRULE_SCATTER(scatter_min, FRL_SCATTER_MIN)
#undef FERRULE_SCATTER

array put_along_axis(const array& a, const array& indices, const array& values, int axis, StreamOrDevice s) {
  return scatter_axis("put_along_axis", FRL_SCATTER_ASSIGN, a, indices, values, axis, s);
}

array scatter_add_axis(const array& a, const array& indices, const array& values, int axis, StreamOrDevice s) {
  return scatter_axis("scatter_add_axis", FRL_SCATTER_SUM, a, indices, values, axis, s);
}

}  // namespace ferrule
