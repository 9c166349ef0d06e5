// The threefry2x32-20 block function over many counters. Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers:
// As Easy as 1, 2, 3", SC 2011.
#pragma once

#include <cstdint>

namespace ferrule::cpu {

struct ThreefryKey {
  uint32_t k0, k1;
};

// first[i], second[i] = the block of counter (begin + i, begin + i + second_offset), modulo 2^32, for i < count.
void threefry_blocks(ThreefryKey key, uint32_t begin, uint32_t second_offset, int64_t count, uint32_t* first,
                     uint32_t* second);
// One block with a counter of its own.
void threefry_block(ThreefryKey key, uint32_t counter0, uint32_t counter1, uint32_t* first, uint32_t* second);

}  // namespace ferrule::cpu
