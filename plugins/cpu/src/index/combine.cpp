#include "index/combine.h"

#include <cstring>

#include "index/offsets.h"
#include "value.h"

namespace ferrule::cpu {
namespace {

template <typename T>
void assign(std::byte* x, int64_t x_stride, const std::byte* update, int64_t update_stride, int64_t n) {
  auto* to = reinterpret_cast<T*>(x);
  const auto* from = reinterpret_cast<const T*>(update);
  if (n > 8 && x_stride == 1 && update_stride == 1)
    std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
  else
    for (int64_t i = 0; i < n; ++i) to[i * x_stride] = from[i * update_stride];
}

// Unsigned arithmetic, so that integers wrap; at least 32 bits wide, so that nothing promotes to a signed type.
template <typename V>
V multiply_wrapping(V a, V b) {
  using Wide = std::conditional_t<sizeof(V) < 4, uint32_t, std::make_unsigned_t<V>>;
  return static_cast<V>(static_cast<Wide>(a) * static_cast<Wide>(b));
}

struct Sum {
  template <typename T, typename V>
  static FERRULE_INLINE V apply(V a, V b) {
    if constexpr (std::is_same_v<T, Bool>)
      return a | b;
    else if constexpr (std::is_same_v<V, Complex>)
      return {a.re + b.re, a.im + b.im};
    else if constexpr (std::is_integral_v<V>)
      return static_cast<V>(static_cast<std::make_unsigned_t<V>>(a) + static_cast<std::make_unsigned_t<V>>(b));
    else
      return a + b;
  }
};
struct Prod {
  template <typename T, typename V>
  static FERRULE_INLINE V apply(V a, V b) {
    if constexpr (std::is_same_v<T, Bool>)
      return a & b;
    else if constexpr (std::is_same_v<V, Complex>)
      return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
    else if constexpr (std::is_integral_v<V>)
      return multiply_wrapping(a, b);
    else
      return a * b;
  }
};
struct Max {
  template <typename T, typename V>
  static FERRULE_INLINE V apply(V a, V b) {
    return is_nan(b) || (!is_nan(a) && less(a, b)) ? b : a;
  }
};
struct Min {
  template <typename T, typename V>
  static FERRULE_INLINE V apply(V a, V b) {
    return is_nan(b) || (!is_nan(a) && less(b, a)) ? b : a;
  }
};

template <typename T, typename Op>
void combine(std::byte* x, int64_t x_stride, const std::byte* update, int64_t update_stride, int64_t n) {
  auto* to = reinterpret_cast<T*>(x);
  const auto* from = reinterpret_cast<const T*>(update);
  if (x_stride == 1 && update_stride == 1)
    for (int64_t i = 0; i < n; ++i) to[i] = narrow<T>(Op::template apply<T>(widen(to[i]), widen(from[i])));
  else
    for (int64_t i = 0; i < n; ++i)
      to[i * x_stride] = narrow<T>(Op::template apply<T>(widen(to[i * x_stride]), widen(from[i * update_stride])));
}

}  // namespace

CombineFn combine_fn(uint32_t dtype, uint32_t mode) {
  CombineFn fn = nullptr;
  if (mode == FRL_SCATTER_ASSIGN) {
    if (item_size(dtype) != 0) visit_item(item_size(dtype), [&](auto type) { fn = assign<decltype(type)>; });
    return fn;
  }
  visit_any(dtype, [&](auto type) {
    using T = decltype(type);
    switch (mode) {
      case FRL_SCATTER_SUM:
        fn = combine<T, Sum>;
        break;
      case FRL_SCATTER_PROD:
        fn = combine<T, Prod>;
        break;
      case FRL_SCATTER_MAX:
        fn = combine<T, Max>;
        break;
      case FRL_SCATTER_MIN:
        fn = combine<T, Min>;
        break;
      default:
        break;
    }
  });
  return fn;
}

}  // namespace ferrule::cpu
