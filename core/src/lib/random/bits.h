// The primitive behind random::bits.
#pragma once

#include "ferrule/primitive.h"

namespace ferrule::detail {

// keys: uint32 [n, 2] -> [n, count] of `dtype` (uint8, uint16 or uint32).
class RandomBits : public KernelPrimitive {
 public:
  RandomBits(Stream stream, int64_t count, Dtype dtype);
  // By integer arithmetic on counters, for backends without the kernel.
  std::vector<array> decompose(const std::vector<array>& inputs) const override;
  bool is_equivalent(const Primitive& other) const override;

 private:
  int64_t count_;
  Dtype dtype_;
};

}  // namespace ferrule::detail
