// Operators on arrays, as in mlx.core. A C++ scalar operand takes part with its dtype (int: int32, double: float32) and
// is rounded only once, to the dtype of the result. `a += b` is `a = a + b`: other handles to a's node keep their
// value.
#pragma once

#include "ferrule/ops.h"

#pragma GCC visibility push(default)
namespace ferrule {

namespace detail {
template <typename T>
concept Scalar = std::is_arithmetic_v<T> || std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t> ||
    std::is_same_v<T, std::complex<float>>;

// The scalar as an operand beside `other`, already in the dtype that the two promote to.
template <Scalar T>
array operand(T value, const array& other) {
  constexpr Dtype own = dtype_of<T>();
  Dtype dtype = other.dtype();
  return array(value, dtype == own ? own : promote_types(own, dtype));
}
}  // namespace detail

#define FERRULE_BINARY_OPERATOR(symbol, name)                                         \
  inline array operator symbol(const array& a, const array& b) { return name(a, b); } \
  template <detail::Scalar T>                                                         \
  array operator symbol(T a, const array& b) {                                        \
    return name(detail::operand(a, b), b);                                            \
  }                                                                                   \
  template <detail::Scalar T>                                                         \
  array operator symbol(const array& a, T b) {                                        \
    return name(a, detail::operand(b, a));                                            \
  }
FERRULE_BINARY_OPERATOR(+, add)
FERRULE_BINARY_OPERATOR(-, subtract)
FERRULE_BINARY_OPERATOR(*, multiply)
FERRULE_BINARY_OPERATOR(%, remainder)
FERRULE_BINARY_OPERATOR(==, equal)
FERRULE_BINARY_OPERATOR(!=, not_equal)
FERRULE_BINARY_OPERATOR(<, less)
FERRULE_BINARY_OPERATOR(<=, less_equal)
FERRULE_BINARY_OPERATOR(>, greater)
FERRULE_BINARY_OPERATOR(>=, greater_equal)
FERRULE_BINARY_OPERATOR(&, bitwise_and)
FERRULE_BINARY_OPERATOR(|, bitwise_or)
FERRULE_BINARY_OPERATOR(^, bitwise_xor)
FERRULE_BINARY_OPERATOR(>>, right_shift)
#undef FERRULE_BINARY_OPERATOR

// Division by or of a scalar takes it as floating: x / 2 of integers is float32.
inline array operator/(const array& a, const array& b) { return divide(a, b); }
inline array operator/(double a, const array& b) { return divide(detail::operand(a, b), b); }
inline array operator/(const array& a, double b) { return divide(a, detail::operand(b, a)); }

// No scalar form on the left: `stream << array` prints.
inline array operator<<(const array& a, const array& b) { return left_shift(a, b); }
inline array operator<<(const array& a, int b) { return left_shift(a, detail::operand(b, a)); }
inline array operator&&(const array& a, const array& b) { return logical_and(a, b); }
inline array operator||(const array& a, const array& b) { return logical_or(a, b); }
inline array operator-(const array& a) { return negative(a); }
inline array operator+(const array& a) { return positive(a); }
inline array operator!(const array& a) { return logical_not(a); }
inline array operator~(const array& a) { return bitwise_invert(a); }

#define FERRULE_ASSIGN_OPERATOR(symbol)                        \
  inline array& operator symbol##=(array& a, const array& b) { \
    a = a symbol b;                                            \
    return a;                                                  \
  }                                                            \
  template <detail::Scalar T>                                  \
  array& operator symbol##=(array& a, T b) {                   \
    a = a symbol b;                                            \
    return a;                                                  \
  }
FERRULE_ASSIGN_OPERATOR(+)
FERRULE_ASSIGN_OPERATOR(-)
FERRULE_ASSIGN_OPERATOR(*)
FERRULE_ASSIGN_OPERATOR(/)
FERRULE_ASSIGN_OPERATOR(%)
FERRULE_ASSIGN_OPERATOR(&)
FERRULE_ASSIGN_OPERATOR(|)
FERRULE_ASSIGN_OPERATOR(^)
#undef FERRULE_ASSIGN_OPERATOR

}  // namespace ferrule
#pragma GCC visibility pop
