// What a graph node does. A primitive knows its stream, how to run (kernel calls of the plugin ABI, or a new view of an
// input), its gradient, and how to be expressed by other ops where a backend has no kernel. Primitives are immutable
// and shared; eval is called with the evaluator's lock held, the rest from any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "ferrule/array.h"
#include "ferrule/device.h"

#pragma GCC visibility push(default)
namespace ferrule {

namespace detail {

// What a primitive's eval may do. Inputs are evaluated arrays on the stream's device; outputs are allocated here.
class Evaluation {
 public:
  virtual ~Evaluation() = default;
  // Runs op `code` of ops.def (newest version). Outputs without storage are allocated, or take a dying input's storage
  // where the kernel allows it. Throws error(unsupported) when the backend has no kernel for this call.
  virtual void launch(uint32_t code, std::span<const std::byte> attributes, const std::vector<array>& inputs,
                      std::vector<array>& outputs) = 0;
  // Gives `out` fresh row-contiguous storage.
  virtual void allocate(array& out) = 0;
  // Makes `out` a view: `in`'s storage seen with out's shape, these strides and an offset (both in elements of out's
  // dtype), relative to in's first element.
  virtual void view(array& out, const array& in, const Strides& strides, int64_t offset) = 0;
  // Makes `out` take over `in`'s storage when nobody else needs it and the layout is row-contiguous; false if not.
  virtual bool donate(array& out, const array& in) = 0;
  // Copies src (converting) into the part of `out` that these strides and offset (in elements) describe; src's shape.
  virtual void copy_to(array& out, const array& src, const Strides& strides, int64_t offset) = 0;
  // The internal layout of an evaluated array.
  virtual const Strides& strides(const array& a) const = 0;
  // `a` itself when its layout is row-contiguous, else a row-contiguous copy.
  virtual array contiguous(const array& a) = 0;
};

}  // namespace detail

class Primitive {
 public:
  explicit Primitive(Stream stream) : stream_(stream) {}
  virtual ~Primitive() = default;
  Primitive(const Primitive&) = delete;
  Primitive& operator=(const Primitive&) = delete;

  const Stream& stream() const { return stream_; }
  const Device& device() const { return stream_.device; }

  // "Add", as printed in graphs and errors.
  virtual const char* name() const = 0;
  // Gives every output storage and submits the work that fills it.
  virtual void eval(detail::Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) = 0;
  // The gradient: for each of argnums (positions in primals), the cotangent of that primal. Every cotangent has its
  // output's shape and dtype. The default throws.
  virtual std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                                 const std::vector<int>& argnums, const std::vector<array>& outputs);
  // The outputs expressed by other ops, for backends without a kernel; empty = there is no such expression.
  virtual std::vector<array> decompose(const std::vector<array>& inputs) const;
  // Same kind and attributes (inputs aside): lets compile() merge equal nodes.
  virtual bool is_equivalent(const Primitive& other) const;
  // The shapes and dtypes of the outputs for other inputs of the same kind are not derived from primitives: ops do
  // that.

 private:
  Stream stream_;
};

namespace detail {

// A primitive that is exactly one op of ops.def. `code` is FRL_OP_<name>.
class KernelPrimitive : public Primitive {
 public:
  KernelPrimitive(Stream stream, uint32_t code) : Primitive(stream), code_(code) {}
  uint32_t code() const { return code_; }
  virtual std::span<const std::byte> attributes() const { return {}; }
  const char* name() const override;  // the op's name in ops.def
  void eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) final;
  bool is_equivalent(const Primitive& other) const override;  // same type, code and attribute bytes

 private:
  uint32_t code_;
};

// The same with an attribute struct of op_attrs.h (zero-initialise it, so that padding compares equal).
template <typename Attributes>
class AttributedPrimitive : public KernelPrimitive {
 public:
  AttributedPrimitive(Stream stream, uint32_t code, const Attributes& attributes)
      : KernelPrimitive(stream, code), attributes_(attributes) {}
  std::span<const std::byte> attributes() const override { return std::as_bytes(std::span(&attributes_, 1)); }
  const Attributes& attrs() const { return attributes_; }

 private:
  Attributes attributes_;
};

}  // namespace detail
}  // namespace ferrule
#pragma GCC visibility pop
