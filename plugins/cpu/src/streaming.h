// Stores that bypass the caches, for results too large to stay in them: each saves the read of the line it overwrites.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace ferrule::cpu {

// From this size on a result does not fit into the last-level cache beside its source.
constexpr uint64_t kStreamingBytes = uint64_t{32} << 20;
constexpr uint64_t kCacheLine = 64;

// Copies with streaming stores where dst is aligned; call stream_fence() before another thread reads the result.
inline void stream_copy(std::byte* dst, const std::byte* src, size_t bytes) {
#if defined(__SSE2__)
  size_t head = (kCacheLine - reinterpret_cast<uintptr_t>(dst) % kCacheLine) % kCacheLine;
  if (head > bytes) head = bytes;
  std::memcpy(dst, src, head);
  dst += head, src += head, bytes -= head;
  for (; bytes >= kCacheLine; bytes -= kCacheLine, dst += kCacheLine, src += kCacheLine) {
    auto* from = reinterpret_cast<const __m128i*>(src);
    auto* to = reinterpret_cast<__m128i*>(dst);
    const __m128i a = _mm_loadu_si128(from), b = _mm_loadu_si128(from + 1);
    const __m128i c = _mm_loadu_si128(from + 2), d = _mm_loadu_si128(from + 3);
    _mm_stream_si128(to, a);
    _mm_stream_si128(to + 1, b);
    _mm_stream_si128(to + 2, c);
    _mm_stream_si128(to + 3, d);
  }
#endif
  std::memcpy(dst, src, bytes);
}

// Orders streaming stores before what this thread publishes later.
inline void stream_fence() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

}  // namespace ferrule::cpu
