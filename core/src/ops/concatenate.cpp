// Joining and repeating arrays.
#include <fmt/format.h>

#include "ops/slice.h"

namespace ferrule {

using namespace detail;

namespace {

class Concatenate final : public Primitive {
 public:
  Concatenate(Stream stream, int axis) : Primitive(stream), axis_(axis) {}
  const char* name() const override { return "Concatenate"; }
  void eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) override {
    array& out = outputs[0];
    evaluation.allocate(out);
    if (out.size() == 0) return;
    Strides strides = contiguous_strides(out.shape());
    int64_t at = 0;
    for (const array& in : inputs) {
      if (in.size() == 0) continue;
      evaluation.copy_to(out, in, strides, at * strides[static_cast<size_t>(axis_)]);
      at += in.shape(axis_);
    }
  }
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>& argnums, const std::vector<array>&) override {
    std::vector<int64_t> starts{0};
    for (const array& a : primals) starts.push_back(starts.back() + a.shape(axis_));
    std::vector<array> grads;
    for (int i : argnums) {
      auto k = static_cast<size_t>(i);
      grads.push_back(slice_axis(cotangents[0], axis_, starts[k], starts[k + 1], stream()));
    }
    return grads;
  }
  bool is_equivalent(const Primitive& other) const override {
    auto* p = dynamic_cast<const Concatenate*>(&other);
    return p && p->axis_ == axis_;
  }

 private:
  int axis_;
};

}  // namespace

array concatenate(std::vector<array> arrays, int axis, StreamOrDevice where) {
  if (arrays.empty()) fail("concatenate", "nothing to join", "0 arrays", "at least one");
  Stream s = to_stream(where);
  int at = checked_axis("concatenate", axis, arrays[0].ndim());
  Shape shape = arrays[0].shape();
  Dtype dtype = arrays[0].dtype();
  for (size_t i = 1; i < arrays.size(); ++i) {
    const Shape& other = arrays[i].shape();
    bool fits = other.size() == shape.size();
    for (size_t k = 0; fits && k < shape.size(); ++k) fits = other[k] == shape[k] || k == static_cast<size_t>(at);
    if (!fits) {
      fail("concatenate", "shapes differ off the axis",
           fmt::format("{} and {} along axis {}", describe(arrays[0]), describe(arrays[i]), at),
           "equal extents on every other axis");
    }
    shape[static_cast<size_t>(at)] += other[static_cast<size_t>(at)];
    dtype = promote(dtype, arrays[i].dtype());
  }
  checked_count("concatenate", shape);
  if (arrays.size() == 1) return arrays[0];
  for (array& a : arrays) a = cast(a, dtype, s);
  return make<Concatenate>(shape, dtype, std::move(arrays), s, at);
}

array concatenate(std::vector<array> arrays, StreamOrDevice s) {
  for (array& a : arrays) a = flatten(a, s);
  return concatenate(std::move(arrays), 0, s);
}

array stack(const std::vector<array>& arrays, int axis, StreamOrDevice s) {
  if (arrays.empty()) fail("stack", "nothing to join", "0 arrays", "at least one");
  int at = checked_axis("stack", axis, arrays[0].ndim() + 1);
  std::vector<array> parts;
  for (const array& a : arrays) {
    if (a.shape() != arrays[0].shape()) {
      fail("stack", "shapes differ", describe(arrays[0]) + " and " + describe(a), "one shape");
    }
    parts.push_back(expand_dims(a, at, s));
  }
  return concatenate(std::move(parts), at, s);
}

array stack(const std::vector<array>& arrays, StreamOrDevice s) { return stack(arrays, 0, s); }

std::vector<array> split(const array& a, const Shape& indices, int axis, StreamOrDevice where) {
  Stream s = to_stream(where);
  int at = checked_axis("split", axis, a.ndim());
  std::vector<array> parts;
  int64_t from = 0;
  for (int64_t to : indices) {
    parts.push_back(slice_axis(a, at, from, to, s));
    from = to;
  }
  parts.push_back(slice_axis(a, at, from, a.shape(at), s));
  return parts;
}

std::vector<array> split(const array& a, const Shape& indices, StreamOrDevice s) { return split(a, indices, 0, s); }

std::vector<array> split(const array& a, int num_splits, int axis, StreamOrDevice where) {
  Stream s = to_stream(where);
  int at = checked_axis("split", axis, a.ndim());
  if (num_splits <= 0 || a.shape(at) % num_splits != 0) {
    fail("split", "parts are not equal", fmt::format("{} parts of axis {} of {}", num_splits, at, describe(a)),
         "a positive number that divides the extent");
  }
  int64_t step = a.shape(at) / num_splits;
  std::vector<array> parts;
  for (int64_t i = 0; i < num_splits; ++i) parts.push_back(slice_axis(a, at, i * step, (i + 1) * step, s));
  return parts;
}

std::vector<array> split(const array& a, int num_splits, StreamOrDevice s) { return split(a, num_splits, 0, s); }

std::vector<array> unstack(const array& a, int axis, StreamOrDevice where) {
  Stream s = to_stream(where);
  int at = checked_axis("unstack", axis, a.ndim());
  std::vector<array> parts;
  for (int64_t i = 0; i < a.shape(at); ++i) parts.push_back(squeeze(slice_axis(a, at, i, i + 1, s), at, s));
  return parts;
}

std::vector<array> unstack(const array& a, StreamOrDevice s) { return unstack(a, 0, s); }

array repeat(const array& arr, int repeats, int axis, StreamOrDevice where) {
  Stream s = to_stream(where);
  int at = checked_axis("repeat", axis, arr.ndim());
  if (repeats < 0) fail("repeat", "negative count", std::to_string(repeats), "at least 0");
  Shape shape = arr.shape();
  shape[static_cast<size_t>(at)] *= repeats;
  checked_count("repeat", shape);
  // Around the axis the extents merge, so that the rank limit does not matter.
  int64_t before = 1, after = 1;
  for (int i = 0; i <= at; ++i) before *= arr.shape(i);
  for (int i = at + 1; i < arr.ndim(); ++i) after *= arr.shape(i);
  array spread = reshape(arr, {before, 1, after}, s);
  return reshape(expand(spread, {before, repeats, after}, s), shape, s);
}

array repeat(const array& arr, int repeats, StreamOrDevice s) { return repeat(flatten(arr, s), repeats, 0, s); }

array tile(const array& arr, std::vector<int> reps, StreamOrDevice where) {
  Stream s = to_stream(where);
  Shape shape = arr.shape();
  while (shape.size() < reps.size()) shape.insert(shape.begin(), 1);
  while (reps.size() < shape.size()) reps.insert(reps.begin(), 1);
  array out = reshape(arr, shape, s);
  for (size_t i = 0; i < reps.size(); ++i) {
    if (reps[i] < 0) fail("tile", "negative count", describe(reps), "counts of at least 0");
    if (reps[i] == 1) continue;
    // One axis at a time, with the others merged, stays within the rank limit.
    int64_t before = 1, after = 1;
    for (size_t k = 0; k < i; ++k) before *= shape[k];
    for (size_t k = i; k < shape.size(); ++k) after *= shape[k];
    array spread = reshape(out, {before, 1, after}, s);
    shape[i] *= reps[i];
    checked_count("tile", shape);
    out = reshape(expand(spread, {before, reps[i], after}, s), shape, s);
  }
  return out;
}

}  // namespace ferrule
