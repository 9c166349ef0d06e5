// What the random_bits kernel gets.
#pragma once

#include <cstdint>

namespace ferrule::gpu {

class CommandList;

struct RandomBits {
  const uint32_t* keys;
  int64_t key_stride, word_stride;  // between keys, and between the two words of a key; in words
  void* out;                        // rows without gaps
  uint64_t rows, row_bytes;
};

void launch_random_bits(CommandList& commands, const RandomBits& args);

}  // namespace ferrule::gpu
