// A block of a few KiB is read line by line from the source, transposed into a local buffer in registers of 16 bytes,
// and written out row by row. Reading and writing whole cache lines once makes power-of-two strides harmless.
#include "copy/transpose.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "parallel.h"
#include "streaming.h"

namespace ferrule::cpu {
namespace {

// Measured on transposes of power-of-two matrices, the worst case for caches.
constexpr int64_t kBlockBytes = 8192;
constexpr int64_t kAhead = 16;  // rows of the source to prefetch
constexpr int64_t kMaxRowElements = 128;
constexpr int64_t kBlocksPerTile = 32;

// Rows of 16 bytes of T: an N x N block is transposed by log2(N) rounds that interleave row i with row i + N/2.
template <typename T>
struct Square {
  static constexpr int N = 16 / sizeof(T);
  typedef T Vector __attribute__((vector_size(16)));

  template <int kFirst, int... kIndex>
  static Vector interleave(Vector a, Vector b, std::integer_sequence<int, kIndex...>) {
    return __builtin_shufflevector(a, b, (kFirst + kIndex / 2 + (kIndex % 2) * N)...);
  }

  static void transpose(const std::byte* src, int64_t src_stride, std::byte* dst, int64_t dst_stride) {
    using Indices = std::make_integer_sequence<int, N>;
    Vector a[N], b[N];
    for (int i = 0; i < N; ++i) std::memcpy(&a[i], src + i * src_stride, 16);
    for (int round = 1; round < N; round *= 2) {
      for (int i = 0; i < N / 2; ++i) {
        b[2 * i] = interleave<0>(a[i], a[i + N / 2], Indices{});
        b[2 * i + 1] = interleave<N / 2>(a[i], a[i + N / 2], Indices{});
      }
      std::copy_n(b, N, a);
    }
    for (int i = 0; i < N; ++i) std::memcpy(dst + i * dst_stride, &a[i], 16);
  }
};

// block[r][c] = src[c * column_stride + r * row_stride], rows of `pitch` bytes.
template <typename T>
void load_block(const std::byte* src, int64_t row_stride, int64_t column_stride, int64_t rows, int64_t columns,
                std::byte* block, int64_t pitch) {
  constexpr int64_t N = Square<T>::N;
  constexpr int64_t kItem = sizeof(T);
  const int64_t square_rows = row_stride == kItem ? rows / N * N : 0;
  const int64_t square_columns = square_rows == 0 ? 0 : columns / N * N;
  for (int64_t c = 0; c < square_columns; c += N) {
    // The processor's prefetchers do not follow so many rows.
    for (int64_t ahead = c + kAhead; ahead < std::min(c + kAhead + N, square_columns); ++ahead) {
      for (int64_t r = 0; r < square_rows * kItem; r += 64) __builtin_prefetch(src + ahead * column_stride + r);
    }
    for (int64_t r = 0; r < square_rows; r += N) {
      Square<T>::transpose(src + c * column_stride + r * kItem, column_stride, block + r * pitch + c * kItem, pitch);
    }
  }
  for (int64_t c = 0; c < columns; ++c) {
    for (int64_t r = c < square_columns ? square_rows : 0; r < rows; ++r) {
      std::memcpy(block + r * pitch + c * kItem, src + c * column_stride + r * row_stride, sizeof(T));
    }
  }
}

using LoadBlockFn = void (*)(const std::byte*, int64_t, int64_t, int64_t, int64_t, std::byte*, int64_t);

LoadBlockFn load_block_of(uint32_t item) {
  switch (item) {
    case 1:
      return load_block<uint8_t>;
    case 2:
      return load_block<uint16_t>;
    case 4:
      return load_block<uint32_t>;
    default:
      return load_block<uint64_t>;
  }
}

int64_t blocks_in(int64_t extent, int64_t block) { return (extent + block - 1) / block; }

}  // namespace

int find_source_axis(const CopyLayout& layout) {
  if (layout.ndim < 2) return -1;
  const auto inner = static_cast<int>(layout.ndim) - 1;
  int best = inner;
  for (int i = 0; i < inner; ++i) {
    const int64_t stride = std::abs(layout.src_stride[i]);
    if (stride != 0 && stride < std::abs(layout.src_stride[best])) best = i;
  }
  return best == inner ? -1 : best;
}

void copy_transposed(const CopyLayout& layout, int axis, uint32_t item, uint32_t dst_item, CastRowFn row) {
  const auto inner = static_cast<int>(layout.ndim) - 1;
  const int64_t columns = std::min<int64_t>(layout.shape[inner], std::max(32u, 128 / item));
  const int64_t rows = std::min(layout.shape[axis], std::max<int64_t>(kBlockBytes / (columns * item), 1));
  const int64_t blocks_down = blocks_in(layout.shape[axis], rows),
                blocks_across = blocks_in(layout.shape[inner], columns);
  int64_t outer = 1, bytes = item;
  for (int i = 0; i <= inner; ++i) {
    bytes *= layout.shape[i];
    if (i != axis && i != inner) outer *= layout.shape[i];
  }
  const bool contiguous = layout.dst_stride[inner] == dst_item;
  const LoadBlockFn load = load_block_of(item);
  const bool streaming = static_cast<uint64_t>(bytes) >= kStreamingBytes;

  parallel_for(outer * blocks_down * blocks_across, kBlocksPerTile, [&](int64_t begin, int64_t end) {
    alignas(kCacheLine) std::byte block[kBlockBytes];
    alignas(kCacheLine) std::byte line[kMaxRowElements * sizeof(uint64_t)];
    for (int64_t tile = begin; tile < end; ++tile) {
      // Neighbouring tiles follow the source's rows.
      const int64_t r = tile % blocks_down * rows, c = tile / blocks_down % blocks_across * columns;
      int64_t index = tile / (blocks_down * blocks_across);
      const std::byte* src = layout.src + r * layout.src_stride[axis] + c * layout.src_stride[inner];
      std::byte* dst = layout.dst + r * layout.dst_stride[axis] + c * layout.dst_stride[inner];
      for (int i = inner; i-- > 0;) {
        if (i == axis) continue;
        const int64_t at = index % layout.shape[i];
        index /= layout.shape[i];
        src += at * layout.src_stride[i];
        dst += at * layout.dst_stride[i];
      }
      const int64_t height = std::min(rows, layout.shape[axis] - r), width = std::min(columns, layout.shape[inner] - c);
      const int64_t pitch = columns * item;
      load(src, layout.src_stride[axis], layout.src_stride[inner], height, width, block, pitch);
      for (int64_t i = 0; i < height; ++i) {
        std::byte* out = dst + i * layout.dst_stride[axis];
        const std::byte* ready = block + i * pitch;
        if (row != nullptr && contiguous) {
          row(ready, item, line, dst_item, width);
          ready = line;
        } else if (row != nullptr) {
          row(ready, item, out, layout.dst_stride[inner], width);
          continue;
        }
        if (streaming) {
          stream_copy(out, ready, static_cast<size_t>(width * dst_item));
        } else {
          std::memcpy(out, ready, static_cast<size_t>(width * dst_item));
        }
      }
    }
    if (streaming) stream_fence();
  });
}

}  // namespace ferrule::cpu
