// random_bits: the layout of op_attrs.h over threefry blocks, cut into tiles of blocks.
#include <algorithm>
#include <cstring>

#include "common/contract.h"
#include "kernel.h"
#include "parallel.h"
#include "random/threefry.h"
#include "value.h"

namespace ferrule::cpu {
namespace {

using namespace plugin;

constexpr int64_t kTile = 256;         // blocks made at a time
constexpr int64_t kTaskBlocks = 8192;  // blocks per task

// One row of words, of which only `bytes` bytes exist.
struct Row {
  std::byte* out;
  int64_t bytes, words, half;

  void write(int64_t word, const uint32_t* values, int64_t count) const {
    const int64_t at = word * 4;
    if (count > 0 && at < bytes) std::memcpy(out + at, values, static_cast<size_t>(std::min(count * 4, bytes - at)));
  }

  void make(ThreefryKey key, int64_t begin, int64_t end) const {
    uint32_t first[kTile], second[kTile];
    for (; begin < end; begin += kTile) {
      const int64_t count = std::min(kTile, end - begin);
      threefry_blocks(key, static_cast<uint32_t>(begin), static_cast<uint32_t>(half), count, first, second);
      const bool lone = words % 2 == 1 && begin + count == half;  // the last block has no second word
      if (lone) {
        uint32_t unused;
        threefry_block(key, static_cast<uint32_t>(half - 1), 0, &first[count - 1], &unused);
      }
      write(begin, first, count);
      write(half + begin, second, lone ? count - 1 : count);
    }
  }
};

const char* query_random_bits(const frl_call& call, frl_requirements& out, std::span<char> reason) {
  if (const char* bad = check_random_bits(call, reason)) return bad;
  return support(out, 1);
}

void run_random_bits(const Call& call) {
  const Tensor& out = call.outputs[0];
  const auto* keys = call.inputs[0].as<const uint32_t>();
  const int64_t bytes = out.shape[1] * static_cast<int64_t>(item_size(out.dtype));
  const int64_t words = (bytes + 3) / 4, half = (words + 1) / 2;
  if (half == 0) return;
  const int64_t per_task = std::min(half, kTaskBlocks);
  const int64_t tasks = (half + per_task - 1) / per_task;  // per row
  parallel_for(out.shape[0] * tasks, std::max<int64_t>(1, kTaskBlocks / per_task), [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t r = task / tasks, first = task % tasks * per_task;
      const Row row{out.data + r * bytes, bytes, words, half};
      row.make({keys[2 * r], keys[2 * r + 1]}, first, std::min(half, first + per_task));
    }
  });
}

}  // namespace

std::span<const Kernel> random_kernels() {
  static constexpr Kernel kKernels[] = {{"random_bits", 1, query_random_bits, run_random_bits}};
  return kKernels;
}

}  // namespace ferrule::cpu
