#include "dtypes.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

namespace ferrule::conformance {
namespace {

constexpr std::array kDtypes = {
#define FRL_DTYPE(code, NAME, name, bytes, kind) Dtype{code, #name, #name, bytes, Kind::kind},
#include "ferrule/dtypes.def"
#undef FRL_DTYPE
};

constexpr const char* kShort[] = {"",    "bool", "u8",  "u16",  "u32", "u64", "i8", "i16",
                                  "i32", "i64",  "f16", "bf16", "f32", "f64", "c64"};

struct Format {
  int precision, min_exponent, max_exponent;  // of 1.xxx * 2^e
};

Format format(uint32_t code) {
  switch (part(code)) {
    case FRL_DTYPE_F16:
      return {11, -14, 15};
    case FRL_DTYPE_BF16:
      return {8, -126, 127};
    case FRL_DTYPE_F32:
      return {24, -126, 127};
    default:
      return {53, -1022, 1023};
  }
}

template <typename T>
T read(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
template <typename T>
void write(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

Real load_small_float(uint32_t code, uint16_t bits) {
  const Format f = format(code);
  const int mantissa_bits = f.precision - 1;
  const int exponent_mask = code == FRL_DTYPE_F16 ? 0x1f : 0xff;
  const int exponent = (bits >> mantissa_bits) & exponent_mask;
  const int mantissa = bits & ((1 << mantissa_bits) - 1);
  Real magnitude;
  if (exponent == exponent_mask)
    magnitude = mantissa ? std::numeric_limits<Real>::quiet_NaN() : std::numeric_limits<Real>::infinity();
  else if (exponent == 0)
    magnitude = std::ldexp(static_cast<Real>(mantissa), f.min_exponent - mantissa_bits);
  else
    magnitude =
        std::ldexp(static_cast<Real>(mantissa | (1 << mantissa_bits)), exponent - 1 + f.min_exponent - mantissa_bits);
  return bits & 0x8000 ? -magnitude : magnitude;
}

uint16_t store_small_float(uint32_t code, Real x) {
  const Format f = format(code);
  const int mantissa_bits = f.precision - 1;
  const int exponent_mask = code == FRL_DTYPE_F16 ? 0x1f : 0xff;
  const int sign = std::signbit(x) ? 0x8000 : 0;
  if (std::isnan(x)) return static_cast<uint16_t>((exponent_mask << mantissa_bits) | (1 << (mantissa_bits - 1)));
  const Real r = std::fabs(round_to(code, x));
  if (std::isinf(r)) return static_cast<uint16_t>(sign | (exponent_mask << mantissa_bits));
  if (r == 0) return static_cast<uint16_t>(sign);
  const int e = std::max(std::ilogb(r), f.min_exponent);
  const int scaled = static_cast<int>(std::ldexp(r, mantissa_bits - e));  // exact
  // A normal number carries its hidden bit into the exponent field; a subnormal has none.
  return static_cast<uint16_t>(sign | (scaled + ((e - f.min_exponent) << mantissa_bits)));
}

Value saturate(uint32_t to, Real x) {
  if (std::isnan(x)) return {0, 0};
  const Real t = std::trunc(x);
  if (t <= int_min(to)) return {int_min(to), 0};
  if (t >= int_max(to)) return {int_max(to), 0};
  return {t == 0 ? Real{0} : t, 0};
}

}  // namespace

std::span<const Dtype> all_dtypes() {
  static const auto named = [] {
    auto list = kDtypes;
    for (Dtype& d : list)
      if (d.code < std::size(kShort)) d.short_name = kShort[d.code];
    return list;
  }();
  return named;
}

const Dtype& dtype(uint32_t code) {
  for (const Dtype& d : all_dtypes())
    if (d.code == code) return d;
  static const Dtype none{FRL_NONE, "none", "none", 0, Kind::BOOL};
  return none;
}

uint32_t part(uint32_t code) { return code == FRL_DTYPE_C64 ? static_cast<uint32_t>(FRL_DTYPE_F32) : code; }
int precision(uint32_t code) { return format(code).precision; }

Real ulp(uint32_t code, Real x) {
  const Format f = format(code);
  const int e = x == 0 || !std::isfinite(x) ? f.min_exponent : std::ilogb(x);
  return std::ldexp(Real{1}, std::min(std::max(e, f.min_exponent), f.max_exponent) - f.precision + 1);
}

Real max_finite(uint32_t code) {
  const Format f = format(code);
  return std::ldexp(2 - std::ldexp(Real{1}, 1 - f.precision), f.max_exponent);
}

Real min_normal(uint32_t code) { return std::ldexp(Real{1}, format(code).min_exponent); }

Real unit_roundoff(uint32_t code) { return std::ldexp(Real{1}, part(code) == FRL_DTYPE_F64 ? -53 : -24); }

Real round_to(uint32_t code, Real x) {
  if (x == 0 || !std::isfinite(x)) return x;
  const Format f = format(code);
  const int e = std::max(std::ilogb(x), f.min_exponent) - f.precision + 1;
  const Real r = std::ldexp(std::rint(std::ldexp(x, -e)), e);
  if (std::fabs(r) > max_finite(code)) return std::copysign(std::numeric_limits<Real>::infinity(), x);
  return r == 0 ? std::copysign(Real{0}, x) : r;
}

Real int_min(uint32_t code) {
  return is_signed_int(code) ? -std::ldexp(Real{1}, static_cast<int>(dtype(code).bytes) * 8 - 1) : Real{0};
}

Real int_max(uint32_t code) {
  if (is_bool(code)) return 1;
  const int width = static_cast<int>(dtype(code).bytes) * 8;
  return std::ldexp(Real{1}, is_signed_int(code) ? width - 1 : width) - 1;
}

Real wrap(uint32_t code, __int128 x) {
  const int width = static_cast<int>(dtype(code).bytes) * 8;
  const auto low = static_cast<uint64_t>(static_cast<unsigned __int128>(x));
  const uint64_t masked = width == 64 ? low : low & ((uint64_t{1} << width) - 1);
  if (!is_signed_int(code)) return static_cast<Real>(masked);
  const int unused = 64 - width;
  return static_cast<Real>(static_cast<int64_t>(masked << unused) >> unused);
}

Value load(uint32_t code, const std::byte* from) {
  switch (code) {
    case FRL_DTYPE_BOOL:
      return {read<uint8_t>(from) ? Real{1} : Real{0}, 0};
    case FRL_DTYPE_U8:
      return {static_cast<Real>(read<uint8_t>(from)), 0};
    case FRL_DTYPE_U16:
      return {static_cast<Real>(read<uint16_t>(from)), 0};
    case FRL_DTYPE_U32:
      return {static_cast<Real>(read<uint32_t>(from)), 0};
    case FRL_DTYPE_U64:
      return {static_cast<Real>(read<uint64_t>(from)), 0};
    case FRL_DTYPE_I8:
      return {static_cast<Real>(read<int8_t>(from)), 0};
    case FRL_DTYPE_I16:
      return {static_cast<Real>(read<int16_t>(from)), 0};
    case FRL_DTYPE_I32:
      return {static_cast<Real>(read<int32_t>(from)), 0};
    case FRL_DTYPE_I64:
      return {static_cast<Real>(read<int64_t>(from)), 0};
    case FRL_DTYPE_F16:
    case FRL_DTYPE_BF16:
      return {load_small_float(code, read<uint16_t>(from)), 0};
    case FRL_DTYPE_F32:
      return {static_cast<Real>(read<float>(from)), 0};
    case FRL_DTYPE_F64:
      return {static_cast<Real>(read<double>(from)), 0};
    default:
      return {static_cast<Real>(read<float>(from)), static_cast<Real>(read<float>(from + 4))};
  }
}

void store(uint32_t code, const Value& v, std::byte* to) {
  switch (code) {
    case FRL_DTYPE_BOOL:
      return write(to, static_cast<uint8_t>(v.re != 0));
    case FRL_DTYPE_U8:
      return write(to, static_cast<uint8_t>(v.re));
    case FRL_DTYPE_U16:
      return write(to, static_cast<uint16_t>(v.re));
    case FRL_DTYPE_U32:
      return write(to, static_cast<uint32_t>(v.re));
    case FRL_DTYPE_U64:
      return write(to, static_cast<uint64_t>(v.re));
    case FRL_DTYPE_I8:
      return write(to, static_cast<int8_t>(v.re));
    case FRL_DTYPE_I16:
      return write(to, static_cast<int16_t>(v.re));
    case FRL_DTYPE_I32:
      return write(to, static_cast<int32_t>(v.re));
    case FRL_DTYPE_I64:
      return write(to, static_cast<int64_t>(v.re));
    case FRL_DTYPE_F16:
    case FRL_DTYPE_BF16:
      return write(to, store_small_float(code, v.re));
    case FRL_DTYPE_F32:
      return write(to, static_cast<float>(v.re));
    case FRL_DTYPE_F64:
      return write(to, static_cast<double>(v.re));
    default:
      write(to, static_cast<float>(v.re));
      write(to + 4, static_cast<float>(v.im));
  }
}

uint64_t load_bits(uint32_t code, const std::byte* from) {
  uint64_t bits = 0;
  std::memcpy(&bits, from, dtype(code).bytes);
  return bits;
}

bool has_nan(uint32_t code, const Value& v) {
  return is_inexact(code) && (std::isnan(v.re) || (is_complex(code) && std::isnan(v.im)));
}

std::string to_text(uint32_t code, const Value& v) {
  if (is_complex(code)) return fmt::format("({:.9g}, {:.9g})", static_cast<double>(v.re), static_cast<double>(v.im));
  if (!is_float(code)) return fmt::format("{:.0f}", v.re);
  if (code == FRL_DTYPE_F64) return fmt::format("{:.17g}", static_cast<double>(v.re));
  return fmt::format("{:.9g}", static_cast<double>(v.re));
}

Value cast(uint32_t from, uint32_t to, const Value& v) {
  if (from == to) return v;
  if (is_bool(to)) return {v.re != 0 || (is_complex(from) && v.im != 0) ? Real{1} : Real{0}, 0};
  if (is_complex(to)) return {round_to(FRL_DTYPE_F32, v.re), is_complex(from) ? v.im : Real{0}};
  if (is_float(to)) {
    const bool twice = is_half(to) && (is_integer(from) || from == FRL_DTYPE_F64);
    return {round_to(to, twice ? round_to(FRL_DTYPE_F32, v.re) : v.re), 0};
  }
  if (is_inexact(from)) return saturate(to, v.re);
  return {wrap(to, static_cast<__int128>(v.re)), 0};
}

}  // namespace ferrule::conformance
