#include "ops/elementwise.h"

#include <array>

#include "ops/cotangent.h"

namespace ferrule::detail {
namespace {

const ElementwiseRule& rule(uint32_t code) {
  return code < FRL_OP_add && code != FRL_OP_select ? unary_rule(code) : binary_rule(code);
}

class Elementwise final : public KernelPrimitive {
 public:
  using KernelPrimitive::KernelPrimitive;

  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) override {
    const ElementwiseRule& r = rule(code());
    Arrays grads;
    grads.reserve(argnums.size());
    // A rule is elementwise, so one element stands for a cotangent that repeats it.
    const array& cotangent = repeated_element(cotangents[0]);
    for (int i : argnums) {
      const array& primal = primals[static_cast<size_t>(i)];
      if (!r.vjp) {
        grads.push_back(zeros_as(primal, stream()));
        continue;
      }
      array g = expand(r.vjp(i, primals, outputs[0], cotangent, stream()), outputs[0].shape(), stream());
      grads.push_back(unbroadcast(g, primal.shape(), stream()));
    }
    return grads;
  }

  Arrays decompose(const Arrays& inputs) const override {
    const ElementwiseRule& r = rule(code());
    if (!r.decompose || (r.floating_only && !is_floating(inputs[0].dtype()))) return {};
    return {r.decompose(inputs, stream())};
  }
};

// Keeps this thread's primitives of one stream.
const std::shared_ptr<Primitive>& shared_primitive(uint32_t code, const Stream& s) {
  constexpr uint32_t kCodes = FRL_OP_reduce_sum;  // elementwise codes come first in ops.def
  struct Cache {
    Stream stream;
    std::array<std::shared_ptr<Primitive>, kCodes> primitives;
  };
  thread_local std::unique_ptr<Cache> cache;
  if (!cache || !(cache->stream == s)) cache.reset(new Cache{s, {}});
  std::shared_ptr<Primitive>& p = cache->primitives[code];
  if (!p) p = std::make_shared<Elementwise>(s, code);
  return p;
}

// Without the temporary copies of an initializer list.
Arrays pair_of(const array& a, const array& b) {
  Arrays in;
  in.reserve(2);
  in.push_back(a);
  in.push_back(b);
  return in;
}

}  // namespace

array elementwise(uint32_t code, const Shape& shape, Dtype dtype, Arrays inputs, const Stream& s) {
  return array(shape, dtype, shared_primitive(code, s), std::move(inputs));
}

array binary(const char* name, uint32_t code, const array& a, const array& b, Dtype dtype, Dtype out, const Stream& s) {
  if (a.dtype() == dtype && b.dtype() == dtype) {
    if (a.shape() == b.shape() || (b.size() == 1 && b.ndim() <= a.ndim())) {
      return elementwise(code, a.shape(), out, pair_of(a, b), s);
    }
    if (a.size() == 1 && a.ndim() <= b.ndim()) return elementwise(code, b.shape(), out, pair_of(a, b), s);
  }
  Shape shape;
  try {
    shape = broadcast_shapes(a.shape(), b.shape());
  } catch (const error&) {
    fail(name, "shapes do not broadcast", describe(a) + " and " + describe(b),
         "equal extents, or 1, on every axis from the last");
  }
  array x = cast(a, dtype, s);
  array y = cast(b, dtype, s);
  if (x.size() != 1) x = expand(x, shape, s);
  if (y.size() != 1) y = expand(y, shape, s);
  return elementwise(code, shape, out, pair_of(x, y), s);
}

}  // namespace ferrule::detail
