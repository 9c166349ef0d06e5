#include "ops/cotangent.h"

#include <cmath>
#include <optional>

#include "runtime/host_cast.h"
#include "runtime/node.h"

namespace ferrule::detail {
namespace {

// The value of a scalar that lies in its node, of a real floating dtype.
std::optional<double> known_value(const array& a) {
  const Node& node = *a.node();
  if (!node.is_inline || node.storage || node.tracer || !node.shape.empty() || !is_floating(node.dtype)) return {};
  double value;
  host_cast(node.value, node.dtype, &value, float64, 1);
  return value;
}

// As kernels round: halves are computed in float32.
array rounded_product(double a, double b, Dtype dtype) {
  if (dtype == float64) return array(a * b, dtype);
  return array(static_cast<float>(a) * static_cast<float>(b), dtype);
}

}  // namespace

const array& repeated_element(const array& a) {
  const array* element = &a;
  while (element->has_primitive() && dynamic_cast<const ShapeOnly*>(&element->primitive())) {
    const array& from = element->inputs()[0];
    if (from.size() != 1 || from.ndim() > a.ndim()) break;
    element = &from;
  }
  return *element;
}

array product(const array& a, const array& b, const Stream& s) {
  const std::optional<double> x = known_value(a), y = known_value(b);
  if (x && y && a.dtype() == b.dtype()) return rounded_product(*x, *y, a.dtype());
  if (x == 1.0 && a.dtype() == b.dtype()) return b;
  if (y == 1.0 && a.dtype() == b.dtype()) return a;
  return multiply(a, b, s);
}

array negated(const array& a, const Stream& s) {
  if (const std::optional<double> x = known_value(a)) return array(-*x, a.dtype());
  return negative(a, s);
}

array difference(const array& a, const array& b, const Stream& s) {
  const std::optional<double> y = known_value(b);
  const bool zero = y == 0.0 && !std::signbit(*y);  // minus zero would turn a minus zero around
  return zero && a.dtype() == b.dtype() ? a : subtract(a, b, s);
}

}  // namespace ferrule::detail
