// Broadcasting: views with zero strides.
#include <fmt/format.h>

#include "ops/support.h"

namespace ferrule {

using namespace detail;

namespace {

class Broadcast final : public ShapeOnly {
 public:
  using ShapeOnly::ShapeOnly;
  const char* name() const override { return "Broadcast"; }
  void eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) override {
    const array& in = inputs[0];
    array& out = outputs[0];
    if (out.size() == 0) return evaluation.allocate(out);
    const Strides& from = evaluation.strides(in);
    size_t lead = out.shape().size() - in.shape().size();
    Strides strides(out.shape().size(), 0);
    for (size_t i = 0; i < in.shape().size(); ++i) {
      if (in.shape()[i] != 1) strides[lead + i] = from[i];
    }
    evaluation.view(out, in, strides, 0);
  }
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>&, const std::vector<array>&) override {
    return {unbroadcast(cotangents[0], primals[0].shape(), stream())};
  }
  bool is_equivalent(const Primitive& other) const override { return dynamic_cast<const Broadcast*>(&other); }
};

bool broadcasts_to(const Shape& from, const Shape& to) {
  if (from.size() > to.size()) return false;
  size_t lead = to.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i] != 1 && from[i] != to[lead + i]) return false;
  }
  return true;
}

}  // namespace

Shape broadcast_shapes(const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape out = longer;
  size_t lead = longer.size() - shorter.size();
  for (size_t i = 0; i < shorter.size(); ++i) {
    int64_t& extent = out[lead + i];
    if (extent == shorter[i] || shorter[i] == 1) continue;
    if (extent != 1) {
      fail("broadcast_shapes", "shapes do not broadcast", describe(a) + " and " + describe(b),
           "equal extents, or 1, on every axis from the last");
    }
    extent = shorter[i];
  }
  return out;
}

array broadcast_to(const array& a, const Shape& shape, StreamOrDevice s) {
  if (a.shape() == shape) return a;
  checked_count("broadcast_to", shape);
  if (!broadcasts_to(a.shape(), shape)) {
    fail("broadcast_to", "the shape does not broadcast", describe(a) + " to " + describe(shape),
         "equal extents, or 1, on every axis from the last");
  }
  return make_plain<Broadcast>(shape, a.dtype(), a, to_stream(s));
}

std::vector<array> broadcast_arrays(const std::vector<array>& inputs, StreamOrDevice s) {
  Shape shape;
  for (const array& a : inputs) shape = broadcast_shapes(shape, a.shape());
  std::vector<array> out;
  for (const array& a : inputs) out.push_back(broadcast_to(a, shape, s));
  return out;
}

std::vector<array> meshgrid(const std::vector<array>& arrays, bool sparse, const std::string& indexing,
                            StreamOrDevice s) {
  if (indexing != "xy" && indexing != "ij") {
    fail("meshgrid", "unknown indexing", "\"" + indexing + "\"", "\"xy\" or \"ij\"");
  }
  int n = static_cast<int>(arrays.size());
  if (n > kMaxDims) fail("meshgrid", "too many dimensions", std::to_string(n), "at most 10");
  std::vector<array> out;
  for (int i = 0; i < n; ++i) {
    const array& a = arrays[static_cast<size_t>(i)];
    if (a.ndim() > 1) fail("meshgrid", "coordinates are not a vector", describe(a), "0 or 1 dimensions");
    // "xy": the first two axes change places.
    int axis = indexing == "xy" && n > 1 && i < 2 ? 1 - i : i;
    Shape shape(static_cast<size_t>(n), 1);
    shape[static_cast<size_t>(axis)] = static_cast<int64_t>(a.size());
    out.push_back(reshape(a, shape, s));
  }
  return sparse ? out : broadcast_arrays(out, s);
}

}  // namespace ferrule
