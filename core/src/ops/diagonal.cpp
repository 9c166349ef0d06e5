// Diagonals: a view of a matrix' diagonal, matrices from one, traces.
#include <fmt/format.h>

#include "ops/support.h"

namespace ferrule {

using namespace detail;

namespace {

// Of the last two axes: [.., n, m] -> [.., d].
class Diagonal final : public Primitive {
 public:
  Diagonal(Stream stream, int64_t offset) : Primitive(stream), offset_(offset) {}
  const char* name() const override { return "Diagonal"; }
  void eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) override {
    if (outputs[0].size() == 0) return evaluation.allocate(outputs[0]);
    Strides strides = evaluation.strides(inputs[0]);
    int64_t column = strides.back();
    strides.pop_back();
    int64_t row = strides.back();
    strides.back() = row + column;
    evaluation.view(outputs[0], inputs[0], strides, offset_ >= 0 ? offset_ * column : -offset_ * row);
  }
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>&, const std::vector<array>&) override {
    const Stream& s = stream();
    const array &x = primals[0], &g = cotangents[0];
    // Row i of the result holds g's entry in one column: the cotangent as a column, kept where the diagonal is.
    int64_t n = x.shape(-2), above = offset_ < 0 ? -offset_ : 0, below = n - above - g.shape(-1);
    array tall = pad(g, {-1}, {above}, {below}, scalar(0, g.dtype()), "constant", s);
    array mask = eye(static_cast<int>(n), static_cast<int>(x.shape(-1)), static_cast<int>(offset_), bool_, s);
    return {where(mask, expand_dims(tall, -1, s), scalar(0, g.dtype()), s)};
  }
  bool is_equivalent(const Primitive& other) const override {
    auto* p = dynamic_cast<const Diagonal*>(&other);
    return p && p->offset_ == offset_;
  }

 private:
  int64_t offset_;
};

}  // namespace

array diagonal(const array& a, int offset, int axis1, int axis2, StreamOrDevice where) {
  if (a.ndim() < 2) fail("diagonal", "not a matrix", describe(a), "at least 2 dimensions");
  int i = checked_axis("diagonal", axis1, a.ndim()), j = checked_axis("diagonal", axis2, a.ndim());
  if (i == j)
    fail("diagonal", "the axes are the same", fmt::format("axes {} and {}", axis1, axis2), "two different axes");
  Stream s = to_stream(where);
  std::vector<int> order;
  for (int k = 0; k < a.ndim(); ++k) {
    if (k != i && k != j) order.push_back(k);
  }
  order.push_back(i);
  order.push_back(j);
  array x = transpose(a, order, s);
  int64_t rows = x.shape(-2) - std::max(0, -offset), columns = x.shape(-1) - std::max(0, offset);
  Shape shape(x.shape().begin(), x.shape().end() - 2);
  shape.push_back(std::max<int64_t>(0, std::min(rows, columns)));
  return make<Diagonal>(shape, a.dtype(), {x}, s, offset);
}

array diag(const array& a, int k, StreamOrDevice where) {
  if (a.ndim() == 2) return diagonal(a, k, 0, 1, where);
  if (a.ndim() != 1) fail("diag", "neither a vector nor a matrix", describe(a), "1 or 2 dimensions");
  Stream s = to_stream(where);
  int64_t shift = k < 0 ? -static_cast<int64_t>(k) : k;
  array column = pad(a, {0}, {k < 0 ? shift : 0}, {k < 0 ? 0 : shift}, scalar(0, a.dtype()), "constant", s);
  int64_t n = a.shape(0) + shift;
  if (n > std::numeric_limits<int>::max()) fail("diag", "too large", describe(a), "fewer than 2^31 rows");
  array mask = eye(static_cast<int>(n), static_cast<int>(n), k, bool_, s);
  return ferrule::where(mask, expand_dims(column, -1, s), scalar(0, a.dtype()), s);
}

array trace(const array& a, int offset, int axis1, int axis2, Dtype dtype, StreamOrDevice where) {
  Stream s = to_stream(where);
  return sum(cast(diagonal(a, offset, axis1, axis2, s), dtype, s), -1, false, s);
}

array trace(const array& a, int offset, int axis1, int axis2, StreamOrDevice where) {
  // Small integers are summed in their own dtype, as in MLX.
  Dtype dtype = a.dtype() == bool_ ? int32 : a.dtype();
  return cast(trace(a, offset, axis1, axis2, dtype, where), dtype, to_stream(where));
}

array trace(const array& a, StreamOrDevice s) { return trace(a, 0, 0, 1, s); }

}  // namespace ferrule
