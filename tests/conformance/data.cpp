#include "data.h"

#include <cmath>
#include <limits>

namespace ferrule::conformance {

Random::Random(std::string_view seed) : state_(0xcbf29ce484222325u) {
  for (char c : seed) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
}

// SplitMix64: Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators" (OOPSLA 2014).
uint64_t Random::bits() {
  uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

Real Random::uniform(Real low, Real high) {
  return low + (high - low) * std::ldexp(static_cast<Real>(bits() >> 11), -53);
}

std::vector<Value> special_values(uint32_t code) {
  std::vector<Value> list;
  const auto add = [&](Real x) { list.push_back({x, 0}); };
  if (is_bool(code)) {
    add(0);
    add(1);
  } else if (is_integer(code)) {
    const Real width = static_cast<Real>(dtype(code).bytes) * 8;
    for (Real x : {Real{0}, Real{1}, Real{2}, Real{3}, Real{7}, width - 1, width, width + 1, Real{100}, int_max(code),
                   int_max(code) - 1, std::floor(int_max(code) / 2)})
      add(x);
    if (is_signed_int(code))
      for (Real x : {Real{-1}, Real{-2}, Real{-3}, Real{-7}, int_min(code), int_min(code) + 1}) add(x);
  } else {
    const uint32_t p = part(code);
    const Real tiny = ulp(p, 0), eps = ulp(p, 1);
    for (Real x : {Real{0},
                   tiny,
                   min_normal(p) - tiny,
                   min_normal(p),
                   Real{0.25L},
                   Real{0.5L},
                   1 - eps / 2,
                   Real{1},
                   1 + eps,
                   Real{1.5L},
                   Real{2},
                   Real{2.5L},
                   Real{3},
                   round_to(p, 3.14159265358979323846L),
                   round_to(p, 1.57079632679489661923L),
                   Real{10},
                   Real{88},
                   Real{1000},
                   round_to(p, 65504.0L),
                   max_finite(p),
                   std::numeric_limits<Real>::infinity()}) {
      add(x);
      add(-x);
    }
    add(std::numeric_limits<Real>::quiet_NaN());
    if (is_complex(code)) {
      const std::vector<Value> parts = list;
      for (size_t i = 0; i < parts.size(); ++i) list[i].im = parts[(i * 7 + 3) % parts.size()].re;
    }
  }
  return list;
}

void fill_moderate(Tensor& t, Random& random, Real low, Real high) {
  for (int64_t i = 0; i < t.size(); ++i) {
    const Real x = random.uniform(low, high), y = random.uniform(low, high);
    if (is_bool(t.dtype))
      t.set(i, static_cast<Real>(random.bits() & 1));
    else if (is_signed_int(t.dtype))
      t.set(i, std::max(int_min(t.dtype), std::min(int_max(t.dtype), std::rint(x))));
    else if (is_integer(t.dtype))
      t.set(i, std::min(int_max(t.dtype), std::rint(std::fabs(x))));
    else
      t.set(i, Value{round_to(part(t.dtype), x), round_to(part(t.dtype), y)});
  }
}

void fill_bits(Tensor& t, Random& random, bool odd_bools) {
  for (int64_t i = 0; i < t.size(); ++i) {
    const uint64_t bits = random.bits();
    for (size_t b = 0; b < t.itemsize(); ++b) t.address(i)[b] = static_cast<std::byte>(bits >> (8 * b));
    if (is_bool(t.dtype)) {
      if (!odd_bools)
        t.address(i)[0] &= std::byte{1};
      else if (bits & 0x100)
        t.address(i)[0] = std::byte{0};
    }
    // A signaling NaN may be made quiet by a move through a register, so there are none.
    if (is_inexact(t.dtype) && has_nan(t.dtype, t.at(i))) t.set(i, t.at(i));
  }
}

void fill_mixed(Tensor& t, Random& random, Real low, Real high) {
  const std::vector<Value> special = special_values(t.dtype);
  fill_bits(t, random);
  Tensor some(t.dtype, t.shape);
  fill_moderate(some, random, low, high);
  for (int64_t i = 0; i < t.size(); ++i) {
    const int64_t pick = random.below(8);
    if (pick < 2)
      t.set(i, special[static_cast<size_t>(random.below(static_cast<int64_t>(special.size())))]);
    else if (pick < 6)
      t.set(i, some.at(i));
  }
}

Tensor mixed(uint32_t code, const Shape& shape, Random& random, Real low, Real high) {
  Tensor t(code, shape);
  fill_mixed(t, random, low, high);
  return t;
}

Tensor moderate(uint32_t code, const Shape& shape, Random& random, Real low, Real high) {
  Tensor t(code, shape);
  fill_moderate(t, random, low, high);
  return t;
}

}  // namespace ferrule::conformance
