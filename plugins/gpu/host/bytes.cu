// The kernels of bytes.h. Every address is covered by the 16-byte word it lies in: whole words by one wide access, the two
// at the ends byte by byte.
#include "host/bytes.h"

#include <cstring>

#include "device/gpu.h"
#include "host/launch.h"

namespace ferrule::gpu {
namespace {

constexpr uint32_t kThreads = 256;
constexpr uint32_t kUnroll = 4;           // words in flight per thread
constexpr uint64_t kMaxBlocks = 1 << 16;  // threads loop beyond

// `pattern` is repeated to 8 bytes, and byte i of it goes to the addresses that are i modulo 8.
GPU_KERNEL fill_kernel(uint64_t begin, uint64_t end, uint64_t pattern) {
  begin_kernel();
  const uint64_t first = begin / 16, last = (end + 15) / 16;
  Vec<uint64_t, 2> word;
  word[0] = word[1] = pattern;
  const uint64_t step = global_threads();
  for (uint64_t w = first + global_thread(); w < last; w += step) {
    const uint64_t at = w * 16;
    if (at >= begin && at + 16 <= end) {
      store_wide(reinterpret_cast<void*>(at), word);
      continue;
    }
    for (uint64_t b = at < begin ? begin : at; b < end && b < at + 16; ++b) {
      *reinterpret_cast<uint8_t*>(b) = static_cast<uint8_t>(pattern >> (8 * (b % 8)));
    }
  }
}

template <uint32_t kWidth>
struct WordOf;
template <>
struct WordOf<1> {
  using type = Vec<uint8_t, 1>;
};
template <>
struct WordOf<2> {
  using type = Vec<uint16_t, 1>;
};
template <>
struct WordOf<4> {
  using type = Vec<uint32_t, 1>;
};
template <>
struct WordOf<8> {
  using type = Vec<uint64_t, 1>;
};
template <>
struct WordOf<16> {
  using type = Vec<uint64_t, 2>;
};

// `to` and `from` are equal modulo kWidth. Word w begins at to - head + w * kWidth, where head = to modulo kWidth.
template <uint32_t kWidth>
GPU_KERNEL copy_kernel(uint64_t to, uint64_t from, uint64_t bytes) {
  begin_kernel();
  using Word = typename WordOf<kWidth>::type;
  const uint64_t head = to % kWidth;
  const uint64_t words = (head + bytes + kWidth - 1) / kWidth;
  const uint64_t to_word = to - head, from_word = from - head;
  const uint64_t step = global_threads();
  const uint64_t inner = (head + bytes) / kWidth;  // words that end within the range
  uint64_t w = global_thread();
  if (w == 0 && head != 0) {
    for (uint64_t b = head; b < kWidth && b < head + bytes; ++b) {
      *reinterpret_cast<uint8_t*>(to_word + b) = *reinterpret_cast<const uint8_t*>(from_word + b);
    }
    w += step;
  }
  for (; w + (kUnroll - 1) * step < inner; w += kUnroll * step) {
    Word value[kUnroll];
    GPU_UNROLL
    for (uint32_t i = 0; i < kUnroll; ++i) {
      value[i] = load_wide<Word>(reinterpret_cast<const void*>(from_word + (w + i * step) * kWidth));
    }
    GPU_UNROLL
    for (uint32_t i = 0; i < kUnroll; ++i) {
      store_wide(reinterpret_cast<void*>(to_word + (w + i * step) * kWidth), value[i]);
    }
  }
  for (; w < words; w += step) {
    const uint64_t at = w * kWidth;
    if (w < inner) {
      store_wide(reinterpret_cast<void*>(to_word + at), load_wide<Word>(reinterpret_cast<const void*>(from_word + at)));
      continue;
    }
    for (uint64_t b = at; b < head + bytes; ++b) {
      *reinterpret_cast<uint8_t*>(to_word + b) = *reinterpret_cast<const uint8_t*>(from_word + b);
    }
  }
}

template <uint32_t kBytes>
struct alignas(16) Payload {
  uint32_t words[kBytes / 4];
};

template <uint32_t kBytes>
GPU_KERNEL put_kernel(uint8_t* to, uint32_t bytes, const Payload<kBytes> payload) {
  begin_kernel();
  for (uint32_t i = thread_x(); i < bytes; i += threads_x()) {
    to[i] = static_cast<uint8_t>(payload.words[i / 4] >> (8 * (i % 4)));
  }
}

template <uint32_t kWidth>
void launch_copy(CommandList& commands, uint64_t to, uint64_t from, uint64_t bytes) {
  const uint64_t words = ceil_div(bytes, kWidth) + 1;
  commands.launch<&copy_kernel<kWidth>>(grid_for(ceil_div(words, kUnroll), kThreads, kMaxBlocks), to, from, bytes);
}

template <uint32_t kBytes>
void launch_put(CommandList& commands, void* to, const void* from, uint64_t bytes) {
  Payload<kBytes> payload{};
  std::memcpy(payload.words, from, bytes);
  commands.launch<&put_kernel<kBytes>>({{1, 1, 1}, {bytes <= 64 ? 64u : kThreads, 1, 1}, 0}, static_cast<uint8_t*>(to),
                                       static_cast<uint32_t>(bytes), payload);
}

}  // namespace

void fill_bytes(CommandList& commands, void* to, uint64_t bytes, uint64_t pattern, uint32_t pattern_bytes) {
  for (uint32_t width = pattern_bytes; width < 8; width *= 2) {
    const uint32_t bits = 8 * width;
    pattern = (pattern & ((uint64_t{1} << bits) - 1)) * ((uint64_t{1} << bits) + 1);
  }
  const auto begin = reinterpret_cast<uint64_t>(to);
  const uint64_t words = (begin + bytes + 15) / 16 - begin / 16;
  commands.launch<&fill_kernel>(grid_for(words, kThreads, kMaxBlocks), begin, begin + bytes, pattern);
}

void copy_bytes(CommandList& commands, void* to, const void* from, uint64_t bytes) {
  const auto a = reinterpret_cast<uint64_t>(to), b = reinterpret_cast<uint64_t>(from);
  const uint64_t apart = a ^ b;
  if (apart % 16 == 0) return launch_copy<16>(commands, a, b, bytes);
  if (apart % 8 == 0) return launch_copy<8>(commands, a, b, bytes);
  if (apart % 4 == 0) return launch_copy<4>(commands, a, b, bytes);
  if (apart % 2 == 0) return launch_copy<2>(commands, a, b, bytes);
  launch_copy<1>(commands, a, b, bytes);
}

void put_bytes(CommandList& commands, void* to, const void* from, uint64_t bytes) {
  if (bytes <= 64) return launch_put<64>(commands, to, from, bytes);
  if (bytes <= 256) return launch_put<256>(commands, to, from, bytes);
  launch_put<kMaxPutBytes>(commands, to, from, bytes);
}

}  // namespace ferrule::gpu
