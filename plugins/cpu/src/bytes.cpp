// Tiles are multiples of the page size, so that threads touch disjoint pages.
#include "bytes.h"

#include <algorithm>
#include <cstring>

#include "parallel.h"
#include "streaming.h"

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
  const bool streaming = bytes >= kStreamingBytes;
  parallel_for(static_cast<int64_t>(bytes), kTile, [&](int64_t begin, int64_t end) {
    const auto count = static_cast<size_t>(end - begin);
    if (streaming) {
      stream_copy(dst + begin, src + begin, count);
      stream_fence();
    } else {
      std::memcpy(dst + begin, src + begin, count);
    }
  });
}

void fill_bytes(std::byte* dst, uint64_t bytes, uint64_t pattern, uint32_t width) {
  pattern = widen(pattern, width);
  const bool streaming = bytes >= kStreamingBytes;
  parallel_for(static_cast<int64_t>(bytes), kTile, [&](int64_t begin, int64_t end) {
    // A block of the pattern is copied again and again; tiles begin at multiples of 8 bytes.
    uint64_t block[512];
    std::fill_n(block, std::size(block), pattern);
    for (int64_t at = begin; at < end; at += int64_t{sizeof block}) {
      const auto count = static_cast<size_t>(std::min<int64_t>(end - at, sizeof block));
      auto* source = reinterpret_cast<const std::byte*>(block);
      if (streaming) {
        stream_copy(dst + at, source, count);
      } else {
        std::memcpy(dst + at, source, count);
      }
    }
    stream_fence();
  });
}

}  // namespace ferrule::cpu
