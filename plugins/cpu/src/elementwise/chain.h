// A chain: steps of f32 arithmetic, each of which takes the value of the one before, computed on a few vectors at a time
// that stay in registers from the first step to the last. May be called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ferrule::cpu {

// Whether a step of this op code may be part of a chain.
bool has_link(uint32_t op);

// op(value), op(value, other) or, swapped, op(other, value).
struct Link {
  uint32_t op;
  bool swapped;
  bool scalar;         // other is one element that stands for all
  const float* other;  // of binary ops
};

// to[i] = the links applied to from[i], in order. `to` may be the memory of `from` or of any other operand.
// streams: with stores past the caches where `to` is aligned; the caller fences (streaming.h).
using Chain = void (*)(const float* from, std::span<const Link> links, float* to, size_t n, bool streams);
// For the best instruction set that Highway presently allows.
Chain find_chain();

}  // namespace ferrule::cpu
