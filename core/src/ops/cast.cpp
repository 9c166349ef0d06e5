// Dtypes and memory: conversions, copies, reinterpretation, and nodes that only pass a value on.
#include <fmt/format.h>

#include <cstring>

#include "ops/elementwise.h"
#include "runtime/node.h"

namespace ferrule {

using namespace detail;

namespace {

template <typename T>
array convert_scalar(const Node& node, Dtype dtype) {
  T value;
  std::memcpy(&value, node.value, sizeof(T));
  return array(value, dtype);
}

// A scalar that lies in its node converts at once, without a kernel.
array cast_inline(const Node& node, Dtype dtype) {
  switch (node.dtype.val()) {
    case Dtype::Val::bool_:
      return convert_scalar<bool>(node, dtype);
    case Dtype::Val::uint8:
      return convert_scalar<uint8_t>(node, dtype);
    case Dtype::Val::uint16:
      return convert_scalar<uint16_t>(node, dtype);
    case Dtype::Val::uint32:
      return convert_scalar<uint32_t>(node, dtype);
    case Dtype::Val::uint64:
      return convert_scalar<uint64_t>(node, dtype);
    case Dtype::Val::int8:
      return convert_scalar<int8_t>(node, dtype);
    case Dtype::Val::int16:
      return convert_scalar<int16_t>(node, dtype);
    case Dtype::Val::int32:
      return convert_scalar<int32_t>(node, dtype);
    case Dtype::Val::int64:
      return convert_scalar<int64_t>(node, dtype);
    case Dtype::Val::float16:
      return convert_scalar<float16_t>(node, dtype);
    case Dtype::Val::bfloat16:
      return convert_scalar<bfloat16_t>(node, dtype);
    case Dtype::Val::float32:
      return convert_scalar<float>(node, dtype);
    case Dtype::Val::float64:
      return convert_scalar<double>(node, dtype);
    default:
      return convert_scalar<std::complex<float>>(node, dtype);
  }
}

// One input seen through the same strides: a value that only passes.
class PassThrough : public Primitive {
 public:
  using Primitive::Primitive;
  void eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) override {
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].size() == 0)
        evaluation.allocate(outputs[i]);
      else
        evaluation.view(outputs[i], inputs[i], evaluation.strides(inputs[i]), 0);
    }
  }
};

class StopGradient final : public PassThrough {
 public:
  using PassThrough::PassThrough;
  const char* name() const override { return "StopGradient"; }
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>&, const std::vector<int>& argnums,
                         const std::vector<array>&) override {
    return zero_gradients(primals, argnums, stream());
  }
  bool is_equivalent(const Primitive& other) const override { return dynamic_cast<const StopGradient*>(&other); }
};

// (inputs.., dependencies..) -> inputs.
class Depends final : public PassThrough {
 public:
  using PassThrough::PassThrough;
  const char* name() const override { return "Depends"; }
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>& argnums, const std::vector<array>&) override {
    std::vector<array> grads;
    for (int i : argnums) {
      auto k = static_cast<size_t>(i);
      grads.push_back(k < cotangents.size() ? cotangents[k] : zeros_as(primals[k], stream()));
    }
    return grads;
  }
};

class Contiguous final : public Primitive {
 public:
  using Primitive::Primitive;
  const char* name() const override { return "Contiguous"; }
  void eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) override {
    array& out = outputs[0];
    if (out.size() == 0) return evaluation.allocate(out);
    evaluation.view(out, evaluation.contiguous(inputs[0]), contiguous_strides(out.shape()), 0);
  }
  std::vector<array> vjp(const std::vector<array>&, const std::vector<array>& cotangents, const std::vector<int>&,
                         const std::vector<array>&) override {
    return {cotangents[0]};
  }
  bool is_equivalent(const Primitive& other) const override { return dynamic_cast<const Contiguous*>(&other); }
};

// The same bytes under another dtype.
class View final : public Primitive {
 public:
  using Primitive::Primitive;
  const char* name() const override { return "View"; }
  void eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) override {
    array& out = outputs[0];
    if (out.size() == 0) return evaluation.allocate(out);
    if (out.itemsize() == inputs[0].itemsize()) {
      evaluation.view(out, inputs[0], evaluation.strides(inputs[0]), 0);
    } else {
      evaluation.view(out, evaluation.contiguous(inputs[0]), contiguous_strides(out.shape()), 0);
    }
  }
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>&, const std::vector<int>& argnums,
                         const std::vector<array>&) override {
    return zero_gradients(primals, argnums, stream());
  }
  bool is_equivalent(const Primitive& other) const override { return dynamic_cast<const View*>(&other); }
};

// A view of the row-major elements; its gradient adds what several places took from one element.
class AsStrided final : public Primitive {
 public:
  AsStrided(Stream stream, const Strides& strides, int64_t offset)
      : Primitive(stream), strides_(strides), offset_(offset) {}
  const char* name() const override { return "AsStrided"; }
  void eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) override {
    if (outputs[0].size() == 0) return evaluation.allocate(outputs[0]);
    evaluation.view(outputs[0], evaluation.contiguous(inputs[0]), strides_, offset_);
  }
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>&, const std::vector<array>&) override {
    const array& g = cotangents[0];
    array index = array(offset_, int64);
    int ndim = g.ndim();
    for (int i = 0; i < ndim; ++i) {
      Shape along(static_cast<size_t>(ndim), 1);
      along[static_cast<size_t>(i)] = g.shape(i);
      array steps = multiply(arange(0.0, static_cast<double>(g.shape(i)), 1.0, int64, stream()),
                             array(strides_[static_cast<size_t>(i)], int64), stream());
      index = add(index, reshape(steps, along, stream()), stream());
    }
    array base = zeros({static_cast<int64_t>(primals[0].size())}, g.dtype(), stream());
    array updates = reshape(g, {static_cast<int64_t>(g.size()), 1}, stream());
    array flat = scatter_add(base, reshape(index, {static_cast<int64_t>(g.size())}, stream()), updates, 0, stream());
    return {reshape(flat, primals[0].shape(), stream())};
  }
  bool is_equivalent(const Primitive& other) const override {
    auto* p = dynamic_cast<const AsStrided*>(&other);
    return p && p->strides_ == strides_ && p->offset_ == offset_;
  }

 private:
  Strides strides_;
  int64_t offset_;
};

}  // namespace

array astype(array a, Dtype dtype, StreamOrDevice s) {
  if (a.dtype() == dtype) return a;
  const Node& node = *a.node();
  if (node.is_inline && !node.tracer && node.shape.empty()) return cast_inline(node, dtype);
  Shape shape = a.shape();
  return elementwise(FRL_OP_copy, shape, dtype, {std::move(a)}, to_stream(s));
}

array copy(array a, StreamOrDevice s) {
  Shape shape = a.shape();
  Dtype dtype = a.dtype();
  return elementwise(FRL_OP_copy, shape, dtype, {std::move(a)}, to_stream(s));
}

array contiguous(const array& a, bool, StreamOrDevice s) {
  return make<Contiguous>(a.shape(), a.dtype(), {a}, to_stream(s));
}

array view(const array& a, const Dtype& dtype, StreamOrDevice s) {
  if (a.dtype() == dtype) return a;
  Shape shape = a.shape();
  int64_t from = a.dtype().size(), to = dtype.size();
  if (from != to) {
    if (shape.empty() || (shape.back() * from) % to != 0) {
      fail("view", "the last axis does not hold whole elements", describe(a) + " as " + dtype_name(dtype),
           fmt::format("a last axis whose bytes {} divides", to));
    }
    shape.back() = shape.back() * from / to;
  }
  return make<View>(shape, dtype, {a}, to_stream(s));
}

array as_strided(array a, Shape shape, Strides strides, size_t offset, StreamOrDevice s) {
  if (shape.size() != strides.size()) {
    fail("as_strided", "shape and strides differ in length",
         fmt::format("{} extents and {} strides", shape.size(), strides.size()), "one stride per extent");
  }
  if (checked_count("as_strided", shape) > 0) {
    auto first = static_cast<__int128>(offset), last = first;
    for (size_t i = 0; i < shape.size(); ++i) {
      __int128 reach = static_cast<__int128>(shape[i] - 1) * strides[i];
      (reach < 0 ? first : last) += reach;
    }
    if (first < 0 || last >= static_cast<__int128>(a.size())) {
      fail(
          "as_strided", "the view leaves the array",
          fmt::format("shape {}, strides {}, offset {} on {}", describe(shape), describe(strides), offset, describe(a)),
          fmt::format("elements from 0 to {}", a.size()));
    }
  }
  Dtype dtype = a.dtype();
  return make<AsStrided>(shape, dtype, {std::move(a)}, to_stream(s), strides, static_cast<int64_t>(offset));
}

array stop_gradient(const array& a, StreamOrDevice s) {
  return make<StopGradient>(a.shape(), a.dtype(), {a}, to_stream(s));
}

std::vector<array> depends(const std::vector<array>& inputs, const std::vector<array>& dependencies) {
  if (inputs.empty()) return {};
  std::vector<array> all = inputs;
  all.insert(all.end(), dependencies.begin(), dependencies.end());
  std::vector<Shape> shapes;
  std::vector<Dtype> dtypes;
  for (const array& a : inputs) {
    shapes.push_back(a.shape());
    dtypes.push_back(a.dtype());
  }
  Stream s = inputs[0].has_primitive() ? inputs[0].primitive().stream() : to_stream({});
  return array::make_arrays(shapes, dtypes, std::make_shared<Depends>(s), all);
}

Dtype result_type(const std::vector<array>& arrays) {
  Dtype dtype = bool_;
  for (const array& a : arrays) dtype = promote(dtype, a.dtype());
  return dtype;
}

}  // namespace ferrule
