// Deterministic test data: special values, random bit patterns and moderate numbers, from a seed given by the case's
// id.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tensor.h"

namespace ferrule::conformance {

class Random {
 public:
  explicit Random(std::string_view seed);
  uint64_t bits();
  int64_t below(int64_t n) { return static_cast<int64_t>(bits() % static_cast<uint64_t>(n)); }
  Real uniform(Real low, Real high);

 private:
  uint64_t state_;
};

// The awkward values of a dtype: zeros, ends, subnormals, infinities, NaN, halves, powers of two, shift amounts.
std::vector<Value> special_values(uint32_t dtype);

// Special values, random bit patterns and numbers in [low, high], mixed.
void fill_mixed(Tensor& tensor, Random& random, Real low = -8, Real high = 8);
// Numbers in [low, high] only (integers: in the dtype's range; unsigned: abs).
void fill_moderate(Tensor& tensor, Random& random, Real low = -4, Real high = 4);
// Any bits, except that a NaN is made quiet; bool: any byte when `odd_bools`.
void fill_bits(Tensor& tensor, Random& random, bool odd_bools = false);

Tensor mixed(uint32_t dtype, const Shape& shape, Random& random, Real low = -8, Real high = 8);
Tensor moderate(uint32_t dtype, const Shape& shape, Random& random, Real low = -4, Real high = 4);

}  // namespace ferrule::conformance
