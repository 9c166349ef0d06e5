// Order along an axis: sort, partition, their index forms, topk, searchsorted.
#include <fmt/format.h>

#include "ops/slice.h"

namespace ferrule {

using namespace detail;

namespace {

// Sends each output's cotangent back to the input element it came from: the same rank in sorted order.
array unsort(const array& x, const array& y, const array& g, int axis, bool sorted, const Stream& s) {
  array from = argsort(x, axis, s);
  array moved = sorted ? g : take_along_axis(g, argsort(y, axis, s), axis, s);
  return scatter_add_axis(zeros_as(x, s), from, moved, axis, s);
}

class Sort final : public AttributedPrimitive<frl_axis_attrs> {
 public:
  using AttributedPrimitive::AttributedPrimitive;
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>& argnums, const std::vector<array>& outputs) override {
    if (code() == FRL_OP_argsort) return zero_gradients(primals, argnums, stream());
    return {unsort(primals[0], outputs[0], cotangents[0], attrs().axis, true, stream())};
  }
  std::vector<array> decompose(const std::vector<array>& inputs) const override {
    if (code() == FRL_OP_argsort) return {};
    return {take_along_axis(inputs[0], argsort(inputs[0], attrs().axis, stream()), attrs().axis, stream())};
  }
};

class Partition final : public AttributedPrimitive<frl_partition_attrs> {
 public:
  using AttributedPrimitive::AttributedPrimitive;
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>& argnums, const std::vector<array>& outputs) override {
    if (code() == FRL_OP_argpartition) return zero_gradients(primals, argnums, stream());
    return {unsort(primals[0], outputs[0], cotangents[0], attrs().axis, false, stream())};
  }
  // A full sort is a partition at every element.
  std::vector<array> decompose(const std::vector<array>& inputs) const override {
    bool indices = code() == FRL_OP_argpartition;
    return {indices ? argsort(inputs[0], attrs().axis, stream()) : sort(inputs[0], attrs().axis, stream())};
  }
};

class SearchSorted final : public AttributedPrimitive<frl_searchsorted_attrs> {
 public:
  using AttributedPrimitive::AttributedPrimitive;
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>&, const std::vector<int>& argnums,
                         const std::vector<array>&) override {
    return zero_gradients(primals, argnums, stream());
  }
};

// Lexicographic: a stable sort by the imaginary parts, then one by the real parts.
array argsort_complex(const array& a, int axis, const Stream& s) {
  array by_imag = argsort(imag(a, s), axis, s);
  array by_real = argsort(take_along_axis(real(a, s), by_imag, axis, s), axis, s);
  return take_along_axis(by_imag, by_real, axis, s);
}

int64_t checked_kth(const char* op, const array& a, int kth, int axis) {
  int64_t n = a.shape(axis), k = kth < 0 ? kth + n : kth;
  if (k < 0 || k >= n) {
    fail(op, "kth is out of bounds", fmt::format("kth {} on axis {} of {}", kth, axis, describe(a)),
         fmt::format("from {} to {}", -n, n - 1));
  }
  return k;
}

array partition_node(const char* op, uint32_t code, const array& a, int kth, int axis, const Stream& s) {
  int at = checked_axis(op, axis, a.ndim());
  int64_t k = checked_kth(op, a, kth, at);
  bool indices = code == FRL_OP_argpartition;
  if (is_complex(a.dtype())) return indices ? argsort(a, at, s) : sort(a, at, s);
  return make<Partition>(a.shape(), indices ? uint32 : a.dtype(), {a}, s, code, frl_partition_attrs{at, 0, k});
}

}  // namespace

array sort(const array& a, int axis, StreamOrDevice where) {
  int at = checked_axis("sort", axis, a.ndim());
  Stream s = to_stream(where);
  if (is_complex(a.dtype())) return take_along_axis(a, argsort_complex(a, at, s), at, s);
  return make<Sort>(a.shape(), a.dtype(), {a}, s, FRL_OP_sort, frl_axis_attrs{at, 0});
}

array argsort(const array& a, int axis, StreamOrDevice where) {
  int at = checked_axis("argsort", axis, a.ndim());
  Stream s = to_stream(where);
  if (is_complex(a.dtype())) return argsort_complex(a, at, s);
  return make<Sort>(a.shape(), uint32, {a}, s, FRL_OP_argsort, frl_axis_attrs{at, 0});
}

array sort(const array& a, StreamOrDevice s) { return sort(flatten(a, s), 0, s); }
array argsort(const array& a, StreamOrDevice s) { return argsort(flatten(a, s), 0, s); }

array partition(const array& a, int kth, int axis, StreamOrDevice s) {
  return partition_node("partition", FRL_OP_partition, a, kth, axis, to_stream(s));
}

array argpartition(const array& a, int kth, int axis, StreamOrDevice s) {
  return partition_node("argpartition", FRL_OP_argpartition, a, kth, axis, to_stream(s));
}

array partition(const array& a, int kth, StreamOrDevice s) { return partition(flatten(a, s), kth, 0, s); }
array argpartition(const array& a, int kth, StreamOrDevice s) { return argpartition(flatten(a, s), kth, 0, s); }

array topk(const array& a, int k, int axis, StreamOrDevice where) {
  int at = checked_axis("topk", axis, a.ndim());
  Stream s = to_stream(where);
  int64_t n = a.shape(at);
  if (k < 0 || k > n) {
    fail("topk", "k is out of bounds", fmt::format("k {} on axis {} of {}", k, at, describe(a)),
         fmt::format("from 0 to {}", n));
  }
  if (k == n) return a;
  if (k == 0) return slice_axis(a, at, 0, 0, s);
  return slice_axis(partition(a, static_cast<int>(n - k), at, s), at, n - k, n, s);
}

array topk(const array& a, int k, StreamOrDevice s) { return topk(flatten(a, s), k, 0, s); }

array searchsorted(const array& sorted_sequence, const array& values, const std::string& side, StreamOrDevice where) {
  if (side != "left" && side != "right") {
    fail("searchsorted", "unknown side", "\"" + side + "\"", "\"left\" or \"right\"");
  }
  if (sorted_sequence.ndim() != 1) fail("searchsorted", "not a vector", describe(sorted_sequence), "1 dimension");
  Stream s = to_stream(where);
  Dtype dtype = promote(sorted_sequence.dtype(), values.dtype());
  if (is_complex(dtype)) fail("searchsorted", "complex values are not supported", "complex64", "real dtypes");
  return make<SearchSorted>(values.shape(), uint32, {cast(sorted_sequence, dtype, s), cast(values, dtype, s)}, s,
                            FRL_OP_searchsorted, frl_searchsorted_attrs{side == "right", 0});
}

}  // namespace ferrule
