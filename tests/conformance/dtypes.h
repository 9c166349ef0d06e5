// The data types of the ABI as the suite sees them: names, widths, float formats, and exact conversion between stored
// bytes and Value. A Value holds every element of every dtype exactly (a long double has 64 bits of mantissa).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "ferrule/plugin.h"

namespace ferrule::conformance {

using Real = long double;
struct Value {
  Real re = 0, im = 0;
};

enum class Kind { BOOL, UNSIGNED, SIGNED, FLOAT, COMPLEX };

struct Dtype {
  uint32_t code;
  const char* name;        // of dtypes.def: "float32"
  const char* short_name;  // as in case ids: "f32"
  uint32_t bytes;
  Kind kind;
};

std::span<const Dtype> all_dtypes();
const Dtype& dtype(uint32_t code);  // code is one of dtypes.def

inline bool is_float(uint32_t code) { return dtype(code).kind == Kind::FLOAT; }
inline bool is_complex(uint32_t code) { return dtype(code).kind == Kind::COMPLEX; }
inline bool is_inexact(uint32_t code) { return is_float(code) || is_complex(code); }
inline bool is_bool(uint32_t code) { return code == FRL_DTYPE_BOOL; }
inline bool is_signed_int(uint32_t code) { return dtype(code).kind == Kind::SIGNED; }
inline bool is_integer(uint32_t code) { return is_signed_int(code) || dtype(code).kind == Kind::UNSIGNED; }
inline bool is_half(uint32_t code) { return code == FRL_DTYPE_F16 || code == FRL_DTYPE_BF16; }

// The float format of a float or complex dtype (of a part).
uint32_t part(uint32_t code);     // c64 -> f32, else the dtype itself
int precision(uint32_t code);     // significant bits
Real ulp(uint32_t code, Real x);  // spacing at |x|, the subnormal spacing near 0
Real max_finite(uint32_t code);
Real min_normal(uint32_t code);
Real unit_roundoff(uint32_t code);     // of the accumulation type: 2^-53 for f64, 2^-24 for all other floats
Real round_to(uint32_t code, Real x);  // nearest even, overflow to infinity

// Ends of an integer dtype (bool: 0 and 1).
Real int_min(uint32_t code);
Real int_max(uint32_t code);
// The integer congruent to `x` modulo 2^width in the dtype's range.
Real wrap(uint32_t code, __int128 x);

Value load(uint32_t code, const std::byte* from);
void store(uint32_t code, const Value& value, std::byte* to);  // floats round; integers and bool must fit
uint64_t load_bits(uint32_t code, const std::byte* from);
bool has_nan(uint32_t code, const Value& value);
std::string to_text(uint32_t code, const Value& value);

// The cast table of docs/numerics.md.
Value cast(uint32_t from, uint32_t to, const Value& value);

}  // namespace ferrule::conformance
