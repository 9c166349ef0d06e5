// random_bits: threefry2x32-20 in the layout of op_attrs.h; every thread encrypts four counters of a row, so that both
// halves of its output are 16 bytes. Source: Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011).
#include "device/gpu.h"
#include "host/command_list.h"
#include "host/launch.h"
#include "kernels/random/random.h"
#include "kernels/tuning.h"

namespace ferrule::gpu {
namespace {

constexpr uint32_t kBlocks = 4;  // per thread

GPU_DEVICE uint32_t rotate_left(uint32_t x, uint32_t bits) { return (x << bits) | (x >> (32 - bits)); }

GPU_DEVICE void threefry(uint32_t key0, uint32_t key1, uint32_t& x0, uint32_t& x1) {
  constexpr uint32_t kRotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
  const uint32_t keys[3] = {key0, key1, key0 ^ key1 ^ 0x1bd11bdau};
  x0 += keys[0];
  x1 += keys[1];
  GPU_UNROLL
  for (uint32_t group = 0; group < 5; ++group) {
    GPU_UNROLL
    for (uint32_t r = 0; r < 4; ++r) {
      x0 += x1;
      x1 = rotate_left(x1, kRotations[group % 2][r]) ^ x0;
    }
    x0 += keys[(group + 1) % 3];
    x1 += keys[(group + 2) % 3] + group + 1;
  }
}

// Stores kBlocks words at word `at` of a row of `bytes` bytes, of which only the words below `end` are wanted.
GPU_DEVICE void store_words(unsigned char* row, uint64_t bytes, uint64_t at, uint64_t end,
                            const Vec<uint32_t, kBlocks>& words) {
  unsigned char* to = row + at * 4;
  if (at + kBlocks <= end && (at + kBlocks) * 4 <= bytes && reinterpret_cast<uint64_t>(to) % 16 == 0) {
    store_wide(to, words);
    return;
  }
  const bool whole_words = reinterpret_cast<uint64_t>(to) % 4 == 0;
  GPU_UNROLL
  for (uint32_t i = 0; i < kBlocks; ++i) {
    if (at + i >= end) continue;
    if (whole_words && (at + i + 1) * 4 <= bytes) {
      reinterpret_cast<uint32_t*>(to)[i] = words[i];
      continue;
    }
    GPU_UNROLL
    for (uint32_t b = 0; b < 4; ++b) {
      if ((at + i) * 4 + b < bytes) to[i * 4 + b] = static_cast<unsigned char>(words[i] >> (8 * b));
    }
  }
}

GPU_KERNEL GPU_LAUNCH_BOUNDS(tuning::kElementwiseThreads) random_bits(RandomBits args) {
  begin_kernel();
  const uint64_t words = (args.row_bytes + 3) / 4, half = (words + 1) / 2;
  for (uint64_t row = block_y(); row < args.rows; row += blocks_y()) {
    const uint32_t* key = args.keys + static_cast<int64_t>(row) * args.key_stride;
    const uint32_t key0 = key[0], key1 = key[args.word_stride];
    unsigned char* out = static_cast<unsigned char*>(args.out) + row * args.row_bytes;
    for (uint64_t first = global_thread() * kBlocks; first < half; first += global_threads() * kBlocks) {
      Vec<uint32_t, kBlocks> low, high;
      GPU_UNROLL
      for (uint32_t i = 0; i < kBlocks; ++i) {
        const uint64_t j = first + i;
        low[i] = static_cast<uint32_t>(j);
        high[i] = half + j < words ? static_cast<uint32_t>(half + j) : 0;
        threefry(key0, key1, low[i], high[i]);
      }
      store_words(out, args.row_bytes, first, half, low);
      store_words(out, args.row_bytes, half + first, words, high);
    }
  }
}

}  // namespace

void launch_random_bits(CommandList& commands, const RandomBits& args) {
  const uint64_t half = ((args.row_bytes + 3) / 4 + 1) / 2;
  vendor::LaunchShape shape = grid_for(ceil_div(half, kBlocks), tuning::kElementwiseThreads, 1u << 20);
  shape.grid[1] = static_cast<uint32_t>(args.rows < 65535 ? args.rows : 65535);
  commands.launch<&random_bits>(shape, args);
}

}  // namespace ferrule::gpu
