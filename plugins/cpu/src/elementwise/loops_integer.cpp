// Inner loops of integers and bool. Arithmetic wraps modulo 2^bits and nothing traps (docs/numerics.md).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "elementwise/loops_integer.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include <limits>
#include <type_traits>

#include "elementwise/lane_map-inl.h"
#include "elementwise/loop_table.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

// Unsigned arithmetic at least as wide as unsigned int: no promotion to signed, so no overflow.
template <class T>
using Wrap = std::common_type_t<std::make_unsigned_t<T>, unsigned>;
template <class T>
constexpr Wrap<T> wide(T x) {
  return static_cast<Wrap<T>>(x);
}
template <class T>
inline constexpr int kBits = static_cast<int>(sizeof(T) * 8);

struct Identity {
  template <class T>
  static T apply(T x) {
    return x;
  }
};
struct AbsInt {
  template <class T>
  static T apply(T x) {
    if constexpr (std::is_signed_v<T>) return x < 0 ? static_cast<T>(0 - wide(x)) : x;
    return x;
  }
};
struct NegativeInt {
  template <class T>
  static T apply(T x) {
    return static_cast<T>(0 - wide(x));
  }
};
struct SignInt {
  template <class T>
  static T apply(T x) {
    if constexpr (std::is_signed_v<T>) return static_cast<T>((x > 0) - (x < 0));
    return static_cast<T>(x != 0);
  }
};
struct SquareInt {
  template <class T>
  static T apply(T x) {
    return static_cast<T>(wide(x) * wide(x));
  }
};
struct InvertInt {
  template <class T>
  static T apply(T x) {
    return static_cast<T>(~wide(x));
  }
};
struct AddInt {
  template <class T>
  static T apply(T x, T y) {
    return static_cast<T>(wide(x) + wide(y));
  }
};
struct SubtractInt {
  template <class T>
  static T apply(T x, T y) {
    return static_cast<T>(wide(x) - wide(y));
  }
};
struct MultiplyInt {
  template <class T>
  static T apply(T x, T y) {
    return static_cast<T>(wide(x) * wide(y));
  }
};
struct MaximumInt {
  template <class T>
  static T apply(T x, T y) {
    return x > y ? x : y;
  }
};
struct MinimumInt {
  template <class T>
  static T apply(T x, T y) {
    return x < y ? x : y;
  }
};
struct FloorDivideInt {
  template <class T>
  static T apply(T x, T y) {
    if (y == 0) return 0;
    if constexpr (std::is_signed_v<T>) {
      if (y == -1) return static_cast<T>(0 - wide(x));
      const T q = static_cast<T>(x / y);
      return static_cast<T>(q - ((x % y != 0) && ((x < 0) != (y < 0))));
    }
    return static_cast<T>(x / y);
  }
};
struct RemainderInt {
  template <class T>
  static T apply(T x, T y) {
    if (y == 0) return x;
    if constexpr (std::is_signed_v<T>) {
      if (y == -1) return 0;
      const T r = static_cast<T>(x % y);
      return static_cast<T>(r != 0 && ((r < 0) != (y < 0)) ? r + y : r);
    }
    return static_cast<T>(x % y);
  }
};
struct PowerInt {
  template <class T>
  static T apply(T x, T y) {
    if constexpr (std::is_signed_v<T>) {
      if (y < 0) return 0;
    }
    Wrap<T> result = 1;
    Wrap<T> base = wide(x);
    for (auto e = static_cast<std::make_unsigned_t<T>>(y); e != 0; e = static_cast<decltype(e)>(e >> 1)) {
      if ((e & 1) != 0) result *= base;
      base *= base;
    }
    return static_cast<T>(result);
  }
};
struct AndInt {
  template <class T>
  static T apply(T x, T y) {
    return static_cast<T>(x & y);
  }
};
struct OrInt {
  template <class T>
  static T apply(T x, T y) {
    return static_cast<T>(x | y);
  }
};
struct XorInt {
  template <class T>
  static T apply(T x, T y) {
    return static_cast<T>(x ^ y);
  }
};
// A negative amount is a huge one seen as unsigned.
struct LeftShiftInt {
  template <class T>
  static T apply(T x, T y) {
    const auto amount = static_cast<std::make_unsigned_t<T>>(y);
    const Wrap<T> shifted = wide(x) << (amount & static_cast<unsigned>(kBits<T> - 1));
    return amount < kBits<T> ? static_cast<T>(shifted) : T{0};
  }
};
struct RightShiftInt {
  template <class T>
  static T apply(T x, T y) {
    const auto amount = static_cast<std::make_unsigned_t<T>>(y);
    if constexpr (std::is_signed_v<T>) {
      const unsigned clamped = amount < kBits<T> ? static_cast<unsigned>(amount) : static_cast<unsigned>(kBits<T> - 1);
      return static_cast<T>(x >> clamped);
    }
    const T shifted = static_cast<T>(x >> (amount & static_cast<unsigned>(kBits<T> - 1)));
    return amount < kBits<T> ? shifted : T{0};
  }
};

template <class T>
void add_integer(LoopTable& table, uint32_t dtype) {
  const auto add = [&](uint32_t op, Loop loop) { table.ops[op][dtype] = loop; };
  add(FRL_OP_abs, lanes1<AbsInt, T, T>);
  add(FRL_OP_negative, lanes1<NegativeInt, T, T>);
  add(FRL_OP_sign, lanes1<SignInt, T, T>);
  add(FRL_OP_ceil, lanes1<Identity, T, T>);
  add(FRL_OP_floor, lanes1<Identity, T, T>);
  add(FRL_OP_round, lanes1<Identity, T, T>);
  add(FRL_OP_square, lanes1<SquareInt, T, T>);
  add(FRL_OP_bitwise_invert, lanes1<InvertInt, T, T>);
  add(FRL_OP_add, lanes2<AddInt, T, T>);
  add(FRL_OP_subtract, lanes2<SubtractInt, T, T>);
  add(FRL_OP_multiply, lanes2<MultiplyInt, T, T>);
  add(FRL_OP_floor_divide, lanes2<FloorDivideInt, T, T>);
  add(FRL_OP_remainder, lanes2<RemainderInt, T, T>);
  add(FRL_OP_power, lanes2<PowerInt, T, T>);
  add(FRL_OP_maximum, lanes2<MaximumInt, T, T>);
  add(FRL_OP_minimum, lanes2<MinimumInt, T, T>);
  add(FRL_OP_bitwise_and, lanes2<AndInt, T, T>);
  add(FRL_OP_bitwise_or, lanes2<OrInt, T, T>);
  add(FRL_OP_bitwise_xor, lanes2<XorInt, T, T>);
  add(FRL_OP_left_shift, lanes2<LeftShiftInt, T, T>);
  add(FRL_OP_right_shift, lanes2<RightShiftInt, T, T>);
}

void add_integer_for_target(LoopTable& table) {
  add_integer<uint8_t>(table, FRL_DTYPE_U8);
  add_integer<uint16_t>(table, FRL_DTYPE_U16);
  add_integer<uint32_t>(table, FRL_DTYPE_U32);
  add_integer<uint64_t>(table, FRL_DTYPE_U64);
  add_integer<int8_t>(table, FRL_DTYPE_I8);
  add_integer<int16_t>(table, FRL_DTYPE_I16);
  add_integer<int32_t>(table, FRL_DTYPE_I32);
  add_integer<int64_t>(table, FRL_DTYPE_I64);
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {
HWY_EXPORT(add_integer_for_target);
void add_integer_loops(LoopTable& table) { HWY_DYNAMIC_DISPATCH(add_integer_for_target)(table); }
}  // namespace ferrule::cpu
#endif
