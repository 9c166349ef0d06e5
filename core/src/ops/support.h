// What the op bodies share: checks and their messages, axes, broadcasting, and making nodes. Internal; any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ferrule/array.h"
#include "ferrule/ops.h"
#include "ferrule/plugin.h"
#include "ferrule/primitive.h"

namespace ferrule::detail {

// "(2, 3)", "float32 (2, 3)".
std::string describe(const Shape& shape);
std::string describe(const array& a);
std::string describe(const std::vector<int>& values);
// Throws "[op] what; got ...; expected ...".
[[noreturn]] void fail(const char* op, const std::string& what, const std::string& got, const std::string& expected);

// The axis counted from the front; throws when it is out of bounds.
int checked_axis(const char* op, int axis, int ndim);
// Bit i = axis i; throws when an axis is out of bounds or named twice.
uint32_t axis_mask(const char* op, const std::vector<int>& axes, int ndim);
inline uint32_t all_axes(int ndim) { return ndim == 0 ? 0u : (~0u >> (32 - ndim)); }
// The axes of a mask, ascending.
std::vector<int> mask_axes(uint32_t mask);
// The product of extents; throws on negative extents and overflow.
int64_t checked_count(const char* op, const Shape& shape);
Strides contiguous_strides(const Shape& shape);

inline bool is_floating(Dtype t) { return t == float32 || t == float16 || t == bfloat16 || t == float64; }
inline bool is_complex(Dtype t) { return t == complex64; }
inline bool is_inexact(Dtype t) { return is_floating(t) || is_complex(t); }
inline bool is_integer(Dtype t) { return !is_inexact(t) && t != bool_; }
// t itself when inexact, else float32.
inline Dtype at_least_float(Dtype t) { return is_inexact(t) ? t : float32; }
inline Dtype promote(Dtype a, Dtype b) { return a == b ? a : promote_types(a, b); }

// `a` as dtype; `a` itself when it is that already.
array cast(const array& a, Dtype dtype, const Stream& s);
// `a` broadcast to shape; `a` itself when it has it already.
array expand(const array& a, const Shape& shape, const Stream& s);
// The sum of a cotangent over the axes along which an operand of `shape` was broadcast.
array unbroadcast(const array& cotangent, const Shape& shape, const Stream& s);
// A scalar without a node of its own in the graph, in a dtype.
array scalar(double value, Dtype dtype);
// Conjugates complex values: gradients are conj(f') * g.
array conj(const array& a, const Stream& s);
// Transposes the last two axes and conjugates.
array adjoint(const array& a, const Stream& s);
// A view-only zero of like's shape and dtype.
array zeros_as(const array& like, const Stream& s);
// Zeros for every one of argnums: the gradient of what has none.
std::vector<array> zero_gradients(const std::vector<array>& primals, const std::vector<int>& argnums, const Stream& s);

// Axes moved to the end / back: a permutation with `axis` last.
std::vector<int> axis_last(int axis, int ndim);

// What changes nothing but the shape: the input's elements in order, or repeated.
class ShapeOnly : public Primitive {
 public:
  using Primitive::Primitive;
};

// A list of one, without the temporary copies of an initializer list.
inline std::vector<array> only(const array& a) { return std::vector<array>(1, a); }

template <typename P, typename... Args>
array make(const Shape& shape, Dtype dtype, std::vector<array> inputs, Args&&... args) {
  return array(shape, dtype, std::make_shared<P>(std::forward<Args>(args)...), std::move(inputs));
}

// The same with a primitive that has nothing but its stream: this thread's, kept for the stream used last.
template <typename P>
array make_plain(const Shape& shape, Dtype dtype, const array& input, const Stream& s) {
  thread_local std::shared_ptr<Primitive> kept;
  if (!kept || !(kept->stream() == s)) kept = std::make_shared<P>(s);
  return array(shape, dtype, kept, only(input));
}

}  // namespace ferrule::detail
