// Judging results element by element by the rules of docs/numerics.md §9. Pure functions; never one norm for a tensor.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tensor.h"

namespace ferrule::conformance {

// What one output element must be.
struct Want {
  Value value{};               // the reference, not rounded
  Real ulps = 0;               // allowed distance in ulps of the output at `value` (at `scale`, if given)
  Real slack = 0;              // absolute allowance on top; both 0: the correctly rounded value, bit for bit
  Real scale = 0;              // > 0: ulps are measured at this magnitude
  bool any_zero_sign = false;  // +0 and -0 are the same here
  bool not_finite = false;     // complex specials: any value with an inf or NaN part
  bool bitwise = false;        // data movement: exactly `bits`
  uint64_t bits = 0;
  bool ignored = false;  // nothing is promised here

  static Want exact(const Value& v) { return Want{.value = v}; }
  static Want exact(Real v) { return Want{.value = Value{v, 0}}; }
  static Want moved(uint64_t raw) { return Want{.bitwise = true, .bits = raw}; }
};

struct Verdict {
  int64_t wrong = 0;
  std::string first;  // describes the first wrong element
  Real max_ulps = 0;  // largest distance seen from a finite reference, in ulps of the output
};

// Empty when `got` is right, else what is wrong. error_ulps (optional) receives the distance.
std::string judge_element(uint32_t dtype, const std::byte* got, const Want& want, bool flushes_subnormals = false,
                          Real* error_ulps = nullptr);
Verdict judge(const Tensor& got, const std::vector<Want>& want, bool flushes_subnormals = false);

}  // namespace ferrule::conformance
