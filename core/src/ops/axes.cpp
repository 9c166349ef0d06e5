#include "ops/axes.h"

namespace ferrule::detail {

Shape kept_shape(const Shape& shape, uint32_t mask) {
  Shape out = shape;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (mask >> i & 1u) out[i] = 1;
  }
  return out;
}

Shape dropped_shape(const Shape& shape, uint32_t mask) {
  Shape out;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!(mask >> i & 1u)) out.push_back(shape[i]);
  }
  return out;
}

MergedAxes::MergedAxes(const array& a, uint32_t mask, const Stream& s) : merged(a) {
  std::vector<int> reduced;
  for (int i = 0; i < a.ndim(); ++i) (mask >> i & 1u ? reduced : order).push_back(i);
  order.insert(order.end(), reduced.begin(), reduced.end());
  for (int i : order) permuted.push_back(a.shape(i));
  Shape flat = dropped_shape(a.shape(), mask);
  int64_t count = 1;
  for (int i : reduced) count *= a.shape(i);
  flat.push_back(count);
  merged = reshape(transpose(a, order, s), flat, s);
}

array MergedAxes::restore(const array& result, const Stream& s) const {
  std::vector<int> inverse(order.size());
  for (size_t i = 0; i < order.size(); ++i) inverse[static_cast<size_t>(order[i])] = static_cast<int>(i);
  return transpose(reshape(result, permuted, s), inverse, s);
}

}  // namespace ferrule::detail
