#include "runtime/host_cast.h"

#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <type_traits>

namespace ferrule::detail {
namespace {

template <typename Visit>
void visit(Dtype dtype, Visit&& with) {
  switch (dtype.val()) {
    case Dtype::Val::bool_:
      return with(bool{});
    case Dtype::Val::uint8:
      return with(uint8_t{});
    case Dtype::Val::uint16:
      return with(uint16_t{});
    case Dtype::Val::uint32:
      return with(uint32_t{});
    case Dtype::Val::uint64:
      return with(uint64_t{});
    case Dtype::Val::int8:
      return with(int8_t{});
    case Dtype::Val::int16:
      return with(int16_t{});
    case Dtype::Val::int32:
      return with(int32_t{});
    case Dtype::Val::int64:
      return with(int64_t{});
    case Dtype::Val::float16:
      return with(float16_t{});
    case Dtype::Val::bfloat16:
      return with(bfloat16_t{});
    case Dtype::Val::float32:
      return with(float{});
    case Dtype::Val::float64:
      return with(double{});
    case Dtype::Val::complex64:
      return with(complex64_t{});
  }
}

template <typename T>
constexpr bool kIsHalf = std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>;
template <typename T>
constexpr bool kIsFloat = std::is_floating_point_v<T> || kIsHalf<T>;

// Float to integer truncates and saturates; NaN gives 0.
template <typename To>
To saturate(double x) {
  if (std::isnan(x)) return 0;
  x = std::trunc(x);
  if (x <= static_cast<double>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
  // the greatest value may round up to 2^bits as a double
  if (x >= static_cast<double>(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
  return static_cast<To>(x);
}

template <typename To, typename From>
To convert(From x) {
  if constexpr (std::is_same_v<To, From>) {
    return x;
  } else if constexpr (std::is_same_v<To, bool>) {
    if constexpr (kIsHalf<From>)
      return static_cast<float>(x) != 0.0f;
    else
      return x != From{};
  } else if constexpr (std::is_same_v<To, complex64_t>) {
    return complex64_t(convert<float>(x), 0.0f);
  } else if constexpr (std::is_same_v<From, complex64_t>) {
    return convert<To>(x.real());
  } else if constexpr (kIsHalf<To>) {
    return To(static_cast<float>(x));
  } else if constexpr (kIsHalf<From>) {
    return convert<To>(static_cast<float>(x));
  } else if constexpr (kIsFloat<From> && std::is_integral_v<To>) {
    return saturate<To>(static_cast<double>(x));
  } else {
    return static_cast<To>(x);
  }
}

}  // namespace

void host_cast(const void* src, Dtype from, void* dst, Dtype to, uint64_t n) {
  if (from == to) {
    if (n != 0) std::memcpy(dst, src, n * from.size());
    return;
  }
  visit(from, [&](auto source) {
    using From = decltype(source);
    visit(to, [&](auto target) {
      using To = decltype(target);
      const From* in = static_cast<const From*>(src);
      To* out = static_cast<To*>(dst);
      for (uint64_t i = 0; i < n; ++i) out[i] = convert<To>(in[i]);
    });
  });
}

}  // namespace ferrule::detail
