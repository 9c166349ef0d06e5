// memcpy and pattern fill over all threads, for ranges that do not overlap. Stream threads only.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ferrule::cpu {

void copy_bytes(std::byte* dst, const std::byte* src, uint64_t bytes);

// Repeats the low `width` (1, 2, 4, 8) bytes of `pattern`; `bytes` is a multiple of width.
void fill_bytes(std::byte* dst, uint64_t bytes, uint64_t pattern, uint32_t width);

}  // namespace ferrule::cpu
