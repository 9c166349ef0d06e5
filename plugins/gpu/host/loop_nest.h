// The loops over the elements of several operands of one shape: dimensions of extent 1 are dropped, the rest are ordered
// by the strides of one operand and merged where every operand allows. Elementwise kernels, copies and fused expressions
// are launched over it. A value type; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "ferrule/plugin.h"

namespace ferrule::gpu {

class LoopNest {
 public:
  static constexpr uint32_t kMaxOperands = 40;

  // Innermost dimension first, once simplified.
  uint32_t ndim = 0;
  uint32_t operands = 0;
  int64_t extent[FRL_MAX_DIMS];
  int64_t stride[FRL_MAX_DIMS][kMaxOperands];  // in elements
  int64_t offset[kMaxOperands];                // of the first element, in elements

  LoopNest(uint32_t ndim, const int64_t* shape);
  // Strides in the tensor's order; nullptr is an operand of one element (all strides 0).
  void add(const int64_t* strides);
  // Orders and merges the dimensions. The innermost is the one in which `leader` has its smallest stride.
  void simplify(uint32_t leader);

  int64_t size() const;
  // The stride of an operand between neighbours; 0 where the nest has a single element.
  int64_t inner_stride(uint32_t operand) const { return ndim == 0 ? 0 : stride[0][operand]; }
  // Whether operand is 0 in every stride.
  bool is_scalar(uint32_t operand) const;
  // Whether the innermost loop can go by vectors: its extent is a multiple of `lanes` (any extent where it is the only
  // loop) and every operand has inner stride 1, outer strides and address at multiples of `lanes`, or inner stride 0.
  // addresses[k] is operand k's first element, item_sizes[k] its size.
  bool vectorises(uint32_t lanes, std::span<const void* const> addresses, std::span<const uint32_t> item_sizes) const;

  // Numbers of elements and offsets stay below 2^31.
  bool fits_32_bits() const;
  // Cuts the nest into pieces that fit, and calls f(piece) for each.
  template <typename F>
  void for_each_piece(F&& f) const {
    if (fits_32_bits()) return f(*this);
    LoopNest low = *this, high = *this;
    halve(low, high);
    low.for_each_piece(f);
    high.for_each_piece(f);
  }

  // Bytes of Layout32<operands> of device/index.h.
  static constexpr size_t packed_bytes(uint32_t operands) { return 4 + FRL_MAX_DIMS * (12 + size_t{4} * operands); }
  // Writes them. lanes > 1: the number counts vectors along the innermost dimension.
  void pack(std::byte* to, uint32_t lanes) const;

 private:
  void halve(LoopNest& low, LoopNest& high) const;
};

}  // namespace ferrule::gpu
