// masked_scatter: the true elements of a mask take the elements of a source, in row-major order.
#include "ops/indexing/indexing.h"

namespace ferrule {

using namespace detail;

namespace {

// For every element, the number of true elements before it; the length of the source where it takes none.
array source_positions(const array& mask, const array& source, const Stream& s) {
  array flat = flatten(mask, s);
  array n = array(source.shape(0), int64);
  array before = cumsum(cast(flat, int64, s), 0, false, false, s);
  return reshape(where(flat, minimum(before, n, s), n, s), mask.shape(), s);
}

class MaskedScatter final : public KernelPrimitive {
 public:
  using KernelPrimitive::KernelPrimitive;
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>& argnums, const std::vector<array>&) override {
    const Stream& s = stream();
    const array& g = cotangents[0];
    array position = source_positions(primals[1], primals[2], s);
    array taken = less(position, array(primals[2].shape(0), int64), s);
    std::vector<array> grads;
    for (int i : argnums) {
      if (i == 0) {
        grads.push_back(where(taken, scalar(0, g.dtype()), g, s));
      } else if (i == 1) {
        grads.push_back(zeros_as(primals[1], s));
      } else {
        // Positions at the source's length lie outside and are dropped.
        array updates = reshape(g, {static_cast<int64_t>(g.size()), 1}, s);
        grads.push_back(scatter_add(zeros_as(primals[2], s), flatten(position, s), updates, 0, s));
      }
    }
    return grads;
  }
  std::vector<array> decompose(const std::vector<array>& in) const override {
    const Stream& s = stream();
    if (in[2].size() == 0) return {in[0]};
    array position = source_positions(in[1], in[2], s);
    array taken = less(position, array(in[2].shape(0), int64), s);
    return {where(taken, take(in[2], position, 0, s), in[0], s)};
  }
};

}  // namespace

array masked_scatter(const array& a, const array& mask, const array& src, StreamOrDevice where) {
  if (mask.dtype() != bool_) fail("masked_scatter", "the mask is not boolean", describe(mask), "bool");
  Stream s = to_stream(where);
  array full_mask = mask;
  try {
    full_mask = broadcast_to(mask, a.shape(), s);
  } catch (const error&) {
    fail("masked_scatter", "the mask does not broadcast", describe(mask) + " for " + describe(a), "the array's shape");
  }
  array source = flatten(cast(src, a.dtype(), s), s);
  return make<MaskedScatter>(a.shape(), a.dtype(), {a, full_mask, source}, s, FRL_OP_masked_scatter);
}

}  // namespace ferrule
