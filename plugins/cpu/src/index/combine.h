// How a scatter update meets the element it lands on.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ferrule::cpu {

// x[i * x_stride] takes in update[i * update_stride], for n elements; strides in elements.
using CombineFn = void (*)(std::byte* x, int64_t x_stride, const std::byte* update, int64_t update_stride, int64_t n);

// mode: FRL_SCATTER_*; nullptr for an unknown dtype or mode.
CombineFn combine_fn(uint32_t dtype, uint32_t mode);

}  // namespace ferrule::cpu
