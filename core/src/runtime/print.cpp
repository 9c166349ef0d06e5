// Printing arrays as NumPy and MLX do: array([[1, 2], [3, 4]], dtype=int32), long axes abridged.
#include <cmath>
#include <ostream>
#include <sstream>

#include "ferrule/array.h"
#include "runtime/failure.h"

namespace ferrule {
namespace {

constexpr int64_t kEdge = 3;          // elements shown at each end of a long axis
constexpr int64_t kThreshold = 1000;  // arrays of more elements are abridged

template <typename T>
std::string element(T x) {
  if constexpr (std::is_same_v<T, bool>)
    return x ? "True" : "False";
  else if constexpr (std::is_integral_v<T>)
    return fmt::format("{}", x);
  else if constexpr (std::is_same_v<T, complex64_t>)
    return fmt::format("{:.6g}{:+.6g}j", x.real(), x.imag());
  else if constexpr (std::is_same_v<T, double>)
    return fmt::format("{:.6g}", x);
  else
    return fmt::format("{:.6g}", static_cast<float>(x));
}

template <typename T>
void print(std::ostream& os, const T*& at, const Shape& shape, size_t axis, bool abridge, int64_t step) {
  if (axis == shape.size()) {
    os << element(*at);
    return;
  }
  int64_t inner = shape[axis] == 0 ? 0 : step / shape[axis];
  const T* base = at;
  os << '[';
  for (int64_t i = 0; i < shape[axis]; ++i) {
    const char* gap = axis + 1 == shape.size() ? ", " : ",\n";
    if (i > 0) os << gap << (axis + 1 == shape.size() ? "" : std::string(axis + 7, ' '));
    if (abridge && shape[axis] > 2 * kEdge && i == kEdge) {
      os << "...";
      i = shape[axis] - kEdge - 1;
      continue;
    }
    at = base + i * inner;
    print(os, at, shape, axis + 1, abridge, inner);
  }
  os << ']';
}

template <typename T>
void print_all(std::ostream& os, const array& a) {
  const T* at = static_cast<const T*>(a.data());
  print(os, at, a.shape(), 0, static_cast<int64_t>(a.size()) > kThreshold, static_cast<int64_t>(a.size()));
}

}  // namespace

std::ostream& operator<<(std::ostream& os, const array& a) {
  os << "array(";
  switch (a.dtype().val()) {
    case Dtype::Val::bool_:
      print_all<bool>(os, a);
      break;
    case Dtype::Val::uint8:
      print_all<uint8_t>(os, a);
      break;
    case Dtype::Val::uint16:
      print_all<uint16_t>(os, a);
      break;
    case Dtype::Val::uint32:
      print_all<uint32_t>(os, a);
      break;
    case Dtype::Val::uint64:
      print_all<uint64_t>(os, a);
      break;
    case Dtype::Val::int8:
      print_all<int8_t>(os, a);
      break;
    case Dtype::Val::int16:
      print_all<int16_t>(os, a);
      break;
    case Dtype::Val::int32:
      print_all<int32_t>(os, a);
      break;
    case Dtype::Val::int64:
      print_all<int64_t>(os, a);
      break;
    case Dtype::Val::float16:
      print_all<float16_t>(os, a);
      break;
    case Dtype::Val::bfloat16:
      print_all<bfloat16_t>(os, a);
      break;
    case Dtype::Val::float32:
      print_all<float>(os, a);
      break;
    case Dtype::Val::float64:
      print_all<double>(os, a);
      break;
    case Dtype::Val::complex64:
      print_all<complex64_t>(os, a);
      break;
  }
  return os << ", dtype=" << a.dtype() << ')';
}

std::string to_string(const array& a) {
  std::ostringstream os;
  os << a;
  return os.str();
}

}  // namespace ferrule
