// Data types and promotion. Names and lattice follow mlx.core; the codes are those of the plugin ABI (dtypes.def).
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <type_traits>

#include "ferrule/half.h"

#pragma GCC visibility push(default)
namespace ferrule {

class Dtype {
 public:
  enum class Val : uint8_t {
    bool_ = 1,
    uint8 = 2,
    uint16 = 3,
    uint32 = 4,
    uint64 = 5,
    int8 = 6,
    int16 = 7,
    int32 = 8,
    int64 = 9,
    float16 = 10,
    bfloat16 = 11,
    float32 = 12,
    float64 = 13,
    complex64 = 14,
  };
  enum class Category : uint8_t {
    complexfloating,
    floating,
    inexact,
    signedinteger,
    unsignedinteger,
    integer,
    number,
    generic,
  };

  constexpr Dtype(Val val) : val_(val) {}  // NOLINT(google-explicit-constructor)
  constexpr Val val() const { return val_; }
  constexpr operator Val() const { return val_; }  // NOLINT(google-explicit-constructor)
  // Bytes of one element.
  constexpr uint8_t size() const {
    constexpr uint8_t kSizes[] = {0, 1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8, 8};
    return kSizes[static_cast<uint8_t>(val_)];
  }
  // The dtype code of the plugin ABI.
  constexpr uint32_t code() const { return static_cast<uint32_t>(val_); }

 private:
  Val val_;
};

inline constexpr Dtype bool_{Dtype::Val::bool_};
inline constexpr Dtype uint8{Dtype::Val::uint8};
inline constexpr Dtype uint16{Dtype::Val::uint16};
inline constexpr Dtype uint32{Dtype::Val::uint32};
inline constexpr Dtype uint64{Dtype::Val::uint64};
inline constexpr Dtype int8{Dtype::Val::int8};
inline constexpr Dtype int16{Dtype::Val::int16};
inline constexpr Dtype int32{Dtype::Val::int32};
inline constexpr Dtype int64{Dtype::Val::int64};
inline constexpr Dtype float16{Dtype::Val::float16};
inline constexpr Dtype bfloat16{Dtype::Val::bfloat16};
inline constexpr Dtype float32{Dtype::Val::float32};
inline constexpr Dtype float64{Dtype::Val::float64};
inline constexpr Dtype complex64{Dtype::Val::complex64};

inline constexpr Dtype::Category complexfloating = Dtype::Category::complexfloating;
inline constexpr Dtype::Category floating = Dtype::Category::floating;
inline constexpr Dtype::Category inexact = Dtype::Category::inexact;
inline constexpr Dtype::Category signedinteger = Dtype::Category::signedinteger;
inline constexpr Dtype::Category unsignedinteger = Dtype::Category::unsignedinteger;
inline constexpr Dtype::Category integer = Dtype::Category::integer;
inline constexpr Dtype::Category number = Dtype::Category::number;
inline constexpr Dtype::Category generic = Dtype::Category::generic;

// True when every value of the first is one of the second in the hierarchy of NumPy's abstract types.
bool issubdtype(Dtype a, Dtype b);
bool issubdtype(Dtype a, Dtype::Category b);
bool issubdtype(Dtype::Category a, Dtype::Category b);

// The dtype of a binary op on `a` and `b`, as in mlx.core (float16 with bfloat16 gives float32; integers with a float
// give that float; uint64 with a signed integer gives float32).
Dtype promote_types(Dtype a, Dtype b);

// "float32"; the reverse throws for unknown names.
std::string dtype_name(Dtype dtype);
Dtype dtype_from_name(const std::string& name);
std::ostream& operator<<(std::ostream& os, Dtype dtype);

// The dtype that an array made from host values of type T has. double gives float32, as in MLX: say float64 to keep it.
template <typename T>
constexpr Dtype dtype_of() {
  if constexpr (std::is_same_v<T, bool>)
    return bool_;
  else if constexpr (std::is_same_v<T, float16_t>)
    return float16;
  else if constexpr (std::is_same_v<T, bfloat16_t>)
    return bfloat16;
  else if constexpr (std::is_floating_point_v<T>)
    return float32;
  else if constexpr (std::is_same_v<T, std::complex<float>>)
    return complex64;
  else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
    return sizeof(T) == 1 ? int8 : sizeof(T) == 2 ? int16 : sizeof(T) == 4 ? int32 : int64;
  } else {
    static_assert(std::is_integral_v<T>, "no dtype for this type");
    return sizeof(T) == 1 ? uint8 : sizeof(T) == 2 ? uint16 : sizeof(T) == 4 ? uint32 : uint64;
  }
}

template <typename T>
struct TypeToDtype {
  constexpr operator Dtype() const { return dtype_of<T>(); }  // NOLINT(google-explicit-constructor)
};

}  // namespace ferrule
#pragma GCC visibility pop
