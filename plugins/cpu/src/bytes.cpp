// Tiles are multiples of the page size, so that threads touch disjoint pages.
#include "bytes.h"

#include <cstring>

#include "parallel.h"

namespace ferrule::cpu {
namespace {

constexpr int64_t kTile = int64_t{1} << 18;

// Widens the pattern to 8 bytes, so that one loop serves all widths.
uint64_t widen(uint64_t pattern, uint32_t width) {
  if (width == 1) pattern = (pattern & 0xff) * 0x0101010101010101u;
  if (width == 2) pattern = (pattern & 0xffff) * 0x0001000100010001u;
  if (width == 4) pattern = (pattern & 0xffffffff) * 0x0000000100000001u;
  return pattern;
}

}  // namespace

void copy_bytes(std::byte* dst, const std::byte* src, uint64_t bytes) {
  parallel_for(static_cast<int64_t>(bytes), kTile, [&](int64_t begin, int64_t end) {
    std::memcpy(dst + begin, src + begin, static_cast<size_t>(end - begin));
  });
}

void fill_bytes(std::byte* dst, uint64_t bytes, uint64_t pattern, uint32_t width) {
  pattern = widen(pattern, width);
  parallel_for(static_cast<int64_t>(bytes), kTile, [&](int64_t begin, int64_t end) {
    std::byte* at = dst + begin;
    auto count = static_cast<size_t>(end - begin);
    for (; count >= sizeof pattern; count -= sizeof pattern, at += sizeof pattern) {
      std::memcpy(at, &pattern, sizeof pattern);
    }
    std::memcpy(at, &pattern, count);
  });
}

}  // namespace ferrule::cpu
