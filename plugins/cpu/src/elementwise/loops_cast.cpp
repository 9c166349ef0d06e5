// Inner loops that convert between dtypes by the cast table of docs/numerics.md, and those that round f32 to the values
// of a narrow dtype. Pairs without a loop of their own go through f32 (cast_via).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "elementwise/loops_cast.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include <bit>
#include <cmath>
#include <complex>
#include <limits>
#include <type_traits>

#include "elementwise/lane_map-inl.h"
#include "elementwise/loop_table.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

struct Move {
  template <class T>
  static T apply(T x) {
    return x;
  }
};

// Out of range saturates, NaN gives 0.
template <class R, class A>
HWY_INLINE R saturate(A x) {
  using Limits = std::numeric_limits<R>;
  if constexpr (sizeof(R) < 4) {
    constexpr A low = static_cast<A>(Limits::min());
    constexpr A high = static_cast<A>(Limits::max());
    const A at_least = x > low ? x : low;
    const A clamped = at_least < high ? at_least : high;
    return static_cast<R>(static_cast<int32_t>(x == x ? clamped : A{0}));
  } else {
    constexpr A end = static_cast<A>(Limits::max() / 2 + 1) * 2;  // one beyond the largest
    constexpr A low = static_cast<A>(Limits::min());
    const R inside = x > low && x < end ? static_cast<R>(x) : R{0};
    const R above = x >= end ? Limits::max() : inside;
    return x <= low ? Limits::min() : above;
  }
}

template <class R>
struct To {
  template <class A>
  static R apply(A x) {
    if constexpr (std::is_floating_point_v<A> && std::is_integral_v<R>) {
      return saturate<R>(x);
    } else {
      return static_cast<R>(x);
    }
  }
};
struct NonZero {
  template <class A>
  static uint8_t apply(A x) {
    return x != A{0};
  }
};
template <class R>
struct FromBool {
  static R apply(uint8_t x) { return static_cast<R>(x != 0); }
};

// binary16: subnormals come out of the multiplication, infinity and NaN get their exponent back.
struct FromF16 {
  static float apply(uint16_t x) {
    const uint32_t magnitude = static_cast<uint32_t>(x & 0x7fffu) << 13;
    const uint32_t scaled = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112f);
    const uint32_t special = magnitude >= 0x0f800000u ? 0x7f800000u : 0u;
    return std::bit_cast<float>(scaled | special | (static_cast<uint32_t>(x & 0x8000u) << 16));
  }
};
// Nearest, ties to even. Below 2^-14 the addition of 1/2 lets the hardware round at binary16's last place.
inline uint32_t f16_bits(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const uint32_t a = bits & 0x7fffffffu;
  const uint32_t normal = (a + 0xc8000fffu + ((a >> 13) & 1u)) >> 13;
  const uint32_t subnormal = std::bit_cast<uint32_t>(std::bit_cast<float>(a) + 0.5f) - 0x3f000000u;
  const uint32_t nan = 0x7e00u | ((a >> 13) & 0x3ffu);
  uint32_t h = a < 0x38800000u ? subnormal : normal;
  h = a >= 0x47800000u ? 0x7c00u : h;
  h = a > 0x7f800000u ? nan : h;
  return h | ((bits >> 16) & 0x8000u);
}
struct ToF16 {
  static uint16_t apply(float x) { return static_cast<uint16_t>(f16_bits(x)); }
};
struct RoundF16 {
  static float apply(float x) { return FromF16::apply(static_cast<uint16_t>(f16_bits(x))); }
};

// Targets with instructions for binary16 (F16C and its like) convert through them.
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
using hwy::float16_t;
namespace hn = hwy::HWY_NAMESPACE;

// F maps vectors; the last, partial one is padded with copies of its first element.
template <class A, class R, class F>
void convert_half(const void* in, void* result, size_t n, bool scalar, F f) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const A* a = static_cast<const A*>(in);
  R* out = static_cast<R*>(result);
  size_t i = 0;
  HWY_ALIGN A head[hn::MaxLanes(d)];
  HWY_ALIGN R tail[hn::MaxLanes(d)];
  for (size_t k = 0; scalar && k < lanes; ++k) head[k] = *a;
  for (; i + lanes <= n; i += lanes) f(d, scalar ? head : a + i, out + i);
  if (i == n) return;
  for (size_t k = 0; k < lanes; ++k) head[k] = scalar ? *a : a[i + (i + k < n ? k : 0)];
  f(d, head, tail);
  for (size_t k = 0; i + k < n; ++k) out[i + k] = tail[k];
}

void half_to_float(const void* const* in, void* result, size_t n, uint32_t scalars) {
  convert_half<float16_t, float>(in[0], result, n, (scalars & 1) != 0,
                                 [](auto d, const float16_t* from, float* to) HWY_ATTR {
                                   const hn::Rebind<float16_t, decltype(d)> dh;
                                   hn::StoreU(hn::PromoteTo(d, hn::LoadU(dh, from)), d, to);
                                 });
}
void float_to_half(const void* const* in, void* result, size_t n, uint32_t scalars) {
  convert_half<float, float16_t>(in[0], result, n, (scalars & 1) != 0,
                                 [](auto d, const float* from, float16_t* to) HWY_ATTR {
                                   const hn::Rebind<float16_t, decltype(d)> dh;
                                   hn::StoreU(hn::DemoteTo(dh, hn::LoadU(d, from)), dh, to);
                                 });
}
void round_to_half(const void* const* in, void* result, size_t n, uint32_t scalars) {
  convert_half<float, float>(in[0], result, n, (scalars & 1) != 0, [](auto d, const float* from, float* to) HWY_ATTR {
    const hn::Rebind<float16_t, decltype(d)> dh;
    hn::StoreU(hn::PromoteTo(d, hn::DemoteTo(dh, hn::LoadU(d, from))), d, to);
  });
}
#else
constexpr Loop half_to_float = lanes1<FromF16, float, uint16_t>;
constexpr Loop float_to_half = lanes1<ToF16, uint16_t, float>;
constexpr Loop round_to_half = lanes1<RoundF16, float, float>;
#endif

struct FromBF16 {
  static float apply(uint16_t x) { return std::bit_cast<float>(static_cast<uint32_t>(x) << 16); }
};
inline uint32_t bf16_bits(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const uint32_t rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
  return (bits & 0x7fffffffu) > 0x7f800000u ? bits | 0x400000u : rounded;
}
struct ToBF16 {
  static uint16_t apply(float x) { return static_cast<uint16_t>(bf16_bits(x) >> 16); }
};
struct RoundBF16 {
  static float apply(float x) { return std::bit_cast<float>(bf16_bits(x) & 0xffff0000u); }
};

struct Complex {
  float real, imag;
};
struct FromComplex {
  static float apply(Complex x) { return x.real; }
};
struct ComplexNonZero {
  static uint8_t apply(Complex x) { return (x.real != 0.0f) | (x.imag != 0.0f); }
};
struct ToComplex {
  static Complex apply(float x) { return {x, 0.0f}; }
};

// From one integer dtype: integer results depend on their width alone.
template <class A>
void add_from_integer(LoopTable& table, uint32_t from) {
  Loop* row = table.casts[from];
  row[FRL_DTYPE_BOOL] = lanes1<NonZero, uint8_t, A>;
  row[FRL_DTYPE_U8] = row[FRL_DTYPE_I8] = lanes1<To<uint8_t>, uint8_t, A>;
  row[FRL_DTYPE_U16] = row[FRL_DTYPE_I16] = lanes1<To<uint16_t>, uint16_t, A>;
  row[FRL_DTYPE_U32] = row[FRL_DTYPE_I32] = lanes1<To<uint32_t>, uint32_t, A>;
  row[FRL_DTYPE_U64] = row[FRL_DTYPE_I64] = lanes1<To<uint64_t>, uint64_t, A>;
  row[FRL_DTYPE_F32] = lanes1<To<float>, float, A>;
  row[FRL_DTYPE_F64] = lanes1<To<double>, double, A>;
}

void add_from_bool(LoopTable& table) {
  Loop* row = table.casts[FRL_DTYPE_BOOL];
  row[FRL_DTYPE_U8] = row[FRL_DTYPE_I8] = lanes1<FromBool<uint8_t>, uint8_t, uint8_t>;
  row[FRL_DTYPE_U16] = row[FRL_DTYPE_I16] = lanes1<FromBool<uint16_t>, uint16_t, uint8_t>;
  row[FRL_DTYPE_U32] = row[FRL_DTYPE_I32] = lanes1<FromBool<uint32_t>, uint32_t, uint8_t>;
  row[FRL_DTYPE_U64] = row[FRL_DTYPE_I64] = lanes1<FromBool<uint64_t>, uint64_t, uint8_t>;
  row[FRL_DTYPE_F32] = lanes1<FromBool<float>, float, uint8_t>;
  row[FRL_DTYPE_F64] = lanes1<FromBool<double>, double, uint8_t>;
}

template <class A>
void add_from_float(LoopTable& table, uint32_t from) {
  Loop* row = table.casts[from];
  row[FRL_DTYPE_BOOL] = lanes1<NonZero, uint8_t, A>;
  row[FRL_DTYPE_U8] = lanes1<To<uint8_t>, uint8_t, A>;
  row[FRL_DTYPE_U16] = lanes1<To<uint16_t>, uint16_t, A>;
  row[FRL_DTYPE_U32] = lanes1<To<uint32_t>, uint32_t, A>;
  row[FRL_DTYPE_U64] = lanes1<To<uint64_t>, uint64_t, A>;
  row[FRL_DTYPE_I8] = lanes1<To<int8_t>, int8_t, A>;
  row[FRL_DTYPE_I16] = lanes1<To<int16_t>, int16_t, A>;
  row[FRL_DTYPE_I32] = lanes1<To<int32_t>, int32_t, A>;
  row[FRL_DTYPE_I64] = lanes1<To<int64_t>, int64_t, A>;
  row[FRL_DTYPE_F32] = lanes1<To<float>, float, A>;
  row[FRL_DTYPE_F64] = lanes1<To<double>, double, A>;
}

void add_cast_for_target(LoopTable& table) {
  add_from_bool(table);
  add_from_integer<uint8_t>(table, FRL_DTYPE_U8);
  add_from_integer<uint16_t>(table, FRL_DTYPE_U16);
  add_from_integer<uint32_t>(table, FRL_DTYPE_U32);
  add_from_integer<uint64_t>(table, FRL_DTYPE_U64);
  add_from_integer<int8_t>(table, FRL_DTYPE_I8);
  add_from_integer<int16_t>(table, FRL_DTYPE_I16);
  add_from_integer<int32_t>(table, FRL_DTYPE_I32);
  add_from_integer<int64_t>(table, FRL_DTYPE_I64);
  add_from_float<float>(table, FRL_DTYPE_F32);
  add_from_float<double>(table, FRL_DTYPE_F64);
  table.casts[FRL_DTYPE_F16][FRL_DTYPE_F32] = half_to_float;
  table.casts[FRL_DTYPE_F32][FRL_DTYPE_F16] = float_to_half;
  table.casts[FRL_DTYPE_BF16][FRL_DTYPE_F32] = lanes1<FromBF16, float, uint16_t>;
  table.casts[FRL_DTYPE_F32][FRL_DTYPE_BF16] = lanes1<ToBF16, uint16_t, float>;
  table.casts[FRL_DTYPE_C64][FRL_DTYPE_F32] = lanes1<FromComplex, float, Complex>;
  table.casts[FRL_DTYPE_C64][FRL_DTYPE_BOOL] = lanes1<ComplexNonZero, uint8_t, Complex>;
  table.casts[FRL_DTYPE_F32][FRL_DTYPE_C64] = lanes1<ToComplex, Complex, float>;
  table.round_to_f16 = round_to_half;
  table.round_to_bf16 = lanes1<RoundBF16, float, float>;
  for (uint32_t dtype = 1; dtype < kDtypes; ++dtype) {
    Loop loop = lanes1<Move, uint64_t, uint64_t>;
    if (item_bytes(dtype) == 1) loop = lanes1<Move, uint8_t, uint8_t>;
    if (item_bytes(dtype) == 2) loop = lanes1<Move, uint16_t, uint16_t>;
    if (item_bytes(dtype) == 4) loop = lanes1<Move, uint32_t, uint32_t>;
    table.casts[dtype][dtype] = loop;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {
HWY_EXPORT(add_cast_for_target);
void add_cast_loops(LoopTable& table) { HWY_DYNAMIC_DISPATCH(add_cast_for_target)(table); }
}  // namespace ferrule::cpu
#endif
