// Reference of sort, argsort and searchsorted.
#include <algorithm>
#include <numeric>

#include "lines.h"
#include "reference.h"

namespace ferrule::conformance {
namespace {

std::vector<int64_t> order_of(const Tensor& x, int64_t first, int64_t step, int64_t n) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return sorts_before(x.dtype, x.at(first + a * step), x.at(first + b * step));
  });
  return order;
}

}  // namespace

Wants want_sort(const Tensor& x, int axis) {
  Wants wants(static_cast<size_t>(x.size()));
  for_each_line(x.shape, axis, [&](int64_t first, int64_t step, int64_t n, int64_t) {
    const auto order = order_of(x, first, step, n);
    for (int64_t i = 0; i < n; ++i) {
      Want& w = wants[static_cast<size_t>(first + i * step)];
      w = Want::exact(x.at(first + order[static_cast<size_t>(i)] * step));
      w.any_zero_sign = true;
    }
  });
  return wants;
}

Wants want_argsort(const Tensor& x, int axis) {
  Wants wants(static_cast<size_t>(x.size()));
  for_each_line(x.shape, axis, [&](int64_t first, int64_t step, int64_t n, int64_t) {
    const auto order = order_of(x, first, step, n);
    for (int64_t i = 0; i < n; ++i)
      wants[static_cast<size_t>(first + i * step)] = Want::exact(static_cast<Real>(order[static_cast<size_t>(i)]));
  });
  return wants;
}

Wants want_searchsorted(const Tensor& a, const Tensor& v, bool right) {
  Wants wants;
  for (int64_t k = 0; k < v.size(); ++k) {
    const Value x = v.at(k);
    int64_t i = 0;
    while (i < a.size() && (right ? !sorts_before(a.dtype, x, a.at(i)) : sorts_before(a.dtype, a.at(i), x))) ++i;
    wants.push_back(Want::exact(static_cast<Real>(i)));
  }
  return wants;
}

}  // namespace ferrule::conformance
