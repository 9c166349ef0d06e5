// Permutations of axes: views.
#include <fmt/format.h>

#include <numeric>

#include "ops/support.h"

namespace ferrule {

using namespace detail;

namespace {

class Transpose final : public Primitive {
 public:
  Transpose(Stream stream, std::vector<int> axes) : Primitive(stream), axes_(std::move(axes)) {}
  const char* name() const override { return "Transpose"; }
  void eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) override {
    if (inputs[0].size() == 0) return evaluation.allocate(outputs[0]);
    const Strides& from = evaluation.strides(inputs[0]);
    Strides strides(axes_.size());
    for (size_t i = 0; i < axes_.size(); ++i) strides[i] = from[static_cast<size_t>(axes_[i])];
    evaluation.view(outputs[0], inputs[0], strides, 0);
  }
  std::vector<array> vjp(const std::vector<array>&, const std::vector<array>& cotangents, const std::vector<int>&,
                         const std::vector<array>&) override {
    std::vector<int> inverse(axes_.size());
    for (size_t i = 0; i < axes_.size(); ++i) inverse[static_cast<size_t>(axes_[i])] = static_cast<int>(i);
    return {transpose(cotangents[0], inverse, stream())};
  }
  bool is_equivalent(const Primitive& other) const override {
    auto* p = dynamic_cast<const Transpose*>(&other);
    return p && p->axes_ == axes_;
  }

 private:
  std::vector<int> axes_;
};

}  // namespace

array transpose(const array& a, std::vector<int> axes, StreamOrDevice s) {
  if (axes.size() != static_cast<size_t>(a.ndim())) {
    fail("transpose", "not a permutation of the axes", fmt::format("axes {} for {}", describe(axes), describe(a)),
         fmt::format("{} axes", a.ndim()));
  }
  axis_mask("transpose", axes, a.ndim());
  bool identity = true;
  Shape shape;
  for (size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] < 0) axes[i] += a.ndim();
    identity = identity && axes[i] == static_cast<int>(i);
    shape.push_back(a.shape(axes[i]));
  }
  if (identity) return a;
  return make<Transpose>(shape, a.dtype(), {a}, to_stream(s), std::move(axes));
}

array transpose(const array& a, StreamOrDevice s) {
  std::vector<int> axes(static_cast<size_t>(a.ndim()));
  std::iota(axes.rbegin(), axes.rend(), 0);
  return transpose(a, std::move(axes), s);
}

array swapaxes(const array& a, int axis1, int axis2, StreamOrDevice s) {
  int i = checked_axis("swapaxes", axis1, a.ndim());
  int j = checked_axis("swapaxes", axis2, a.ndim());
  std::vector<int> axes(static_cast<size_t>(a.ndim()));
  std::iota(axes.begin(), axes.end(), 0);
  std::swap(axes[static_cast<size_t>(i)], axes[static_cast<size_t>(j)]);
  return transpose(a, std::move(axes), s);
}

array matrix_transpose(const array& a, StreamOrDevice s) {
  if (a.ndim() < 2) fail("matrix_transpose", "not a matrix", describe(a), "at least 2 dimensions");
  return swapaxes(a, -2, -1, s);
}

array moveaxis(const array& a, int source, int destination, StreamOrDevice s) {
  int from = checked_axis("moveaxis", source, a.ndim());
  int to = checked_axis("moveaxis", destination, a.ndim());
  std::vector<int> axes(static_cast<size_t>(a.ndim()));
  std::iota(axes.begin(), axes.end(), 0);
  axes.erase(axes.begin() + from);
  axes.insert(axes.begin() + to, from);
  return transpose(a, std::move(axes), s);
}

}  // namespace ferrule
