// The widest unit, 1 to 16 bytes, in which data can be moved whose addresses, runs and strides are known; and a call with
// a type of that size.
#pragma once

#include <cstdint>

#include "device/gpu.h"

namespace ferrule::gpu {

class UnitSize {
 public:
  void include(int64_t bytes) { bits_ |= static_cast<uint64_t>(bytes); }
  void include(const void* address) { bits_ |= reinterpret_cast<uint64_t>(address); }
  int64_t bytes() const { return static_cast<int64_t>(bits_ & (~bits_ + 1)); }

 private:
  uint64_t bits_ = 16;
};

// f(static_cast<U*>(nullptr)) with an unsigned type of `bytes`: 1, 2, 4 or 8.
template <typename F>
void visit_item(int64_t bytes, F&& f) {
  switch (bytes) {
    case 1:
      return f(static_cast<uint8_t*>(nullptr));
    case 2:
      return f(static_cast<uint16_t*>(nullptr));
    case 4:
      return f(static_cast<uint32_t*>(nullptr));
    default:
      return f(static_cast<uint64_t*>(nullptr));
  }
}
// The same, or with a vector of 16.
template <typename F>
void visit_unit(int64_t bytes, F&& f) {
  if (bytes == 16) return f(static_cast<Vec<uint64_t, 2>*>(nullptr));
  visit_item(bytes, f);
}

}  // namespace ferrule::gpu
