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
constexpr int64_t kBlockBytes = 16384;
constexpr int64_t kAhead = 32;  // rows of the source to prefetch
constexpr int64_t kMaxRowElements = 128;
constexpr int64_t kBlocksAcross = 4;  // of a panel
constexpr int64_t kPanelElements = 65536;

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

// block[r][c] = src[c * column_stride + r * row_stride], rows of `pitch` bytes. `next` is where the next block begins.
template <typename T>
void load_block(const std::byte* src, const std::byte* next, int64_t row_stride, int64_t column_stride, int64_t rows,
                int64_t columns, std::byte* block, int64_t pitch) {
  constexpr int64_t N = Square<T>::N;
  constexpr int64_t kItem = sizeof(T);
  const int64_t square_rows = row_stride == kItem ? rows / N * N : 0;
  const int64_t square_columns = square_rows == 0 ? 0 : columns / N * N;
  for (int64_t c = 0; c < square_columns; c += N) {
    // The processor's prefetchers do not follow so many rows.
    for (int64_t ahead = c + kAhead; ahead < c + kAhead + N; ++ahead) {
      const std::byte* from = ahead < columns ? src + ahead * column_stride : next + (ahead - columns) * column_stride;
      for (int64_t r = 0; r < square_rows * kItem; r += 64) __builtin_prefetch(from + r, 0, 2);
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

using LoadBlockFn = void (*)(const std::byte*, const std::byte*, int64_t, int64_t, int64_t, int64_t, std::byte*,
                             int64_t);

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

// The plane of the two axes and how it is cut: blocks that fit into the first-level cache inside panels that fit into
// the second, so that a cache line that two blocks share is still there for the second.
class Transposer {
 public:
  Transposer(const CopyLayout& layout, int axis, uint32_t src_item, uint32_t dst_item, CastRowFn row)
      : layout_(layout),
        axis_(axis),
        inner_(static_cast<int>(layout.ndim) - 1),
        src_item_(src_item),
        dst_item_(dst_item),
        row_(row),
        load_(load_block_of(src_item)) {
    const int64_t height = layout.shape[axis_], width = layout.shape[inner_];
    columns_ = std::min<int64_t>(width, std::max(64u, 128 / src_item));
    rows_ = std::min(height, std::max<int64_t>(kBlockBytes / (columns_ * src_item), 1));
    panel_width_ = std::min(width, columns_ * kBlocksAcross);
    panel_height_ = std::min(height, rows_ * std::max<int64_t>(1, kPanelElements / (rows_ * panel_width_)));
    panels_down_ = (height - 1) / panel_height_ + 1;
    panels_across_ = (width - 1) / panel_width_ + 1;
    int64_t bytes = dst_item, misaligned = reinterpret_cast<intptr_t>(layout.dst);
    for (int i = 0; i <= inner_; ++i) {
      bytes *= layout.shape[i];
      if (i != axis_ && i != inner_) planes_ *= layout.shape[i];
      if (i != inner_) misaligned |= layout.dst_stride[i];
    }
    const bool contiguous = layout.dst_stride[inner_] == dst_item;
    streaming_ = contiguous && static_cast<uint64_t>(bytes) >= kStreamingBytes && misaligned % int64_t{kCacheLine} == 0;
  }

  void run() const {
    const int64_t grain = std::max<int64_t>(1, kPanelElements / (panel_height_ * panel_width_));
    parallel_for(planes_ * panels_down_ * panels_across_, grain, [this](int64_t begin, int64_t end) {
      for (int64_t panel = begin; panel < end; ++panel) copy_panel(panel);
      if (streaming_) stream_fence();
    });
  }

 private:
  void copy_panel(int64_t panel) const {
    const int64_t top = panel % panels_down_ * panel_height_,
                  left = panel / panels_down_ % panels_across_ * panel_width_;
    const std::byte* src = layout_.src;
    std::byte* dst = layout_.dst;
    int64_t plane = panel / (panels_down_ * panels_across_);
    for (int i = inner_; i-- > 0;) {
      if (i == axis_) continue;
      const int64_t at = plane % layout_.shape[i];
      plane /= layout_.shape[i];
      src += at * layout_.src_stride[i];
      dst += at * layout_.dst_stride[i];
    }
    const int64_t bottom = std::min(top + panel_height_, layout_.shape[axis_]);
    const int64_t right = std::min(left + panel_width_, layout_.shape[inner_]);
    for (int64_t c = left; c < right; c += columns_) {
      for (int64_t r = top; r < bottom; r += rows_) {
        copy_block(src + r * layout_.src_stride[axis_] + c * layout_.src_stride[inner_],
                   dst + r * layout_.dst_stride[axis_] + c * layout_.dst_stride[inner_], std::min(rows_, bottom - r),
                   std::min(columns_, right - c));
      }
    }
  }

  void copy_block(const std::byte* src, std::byte* dst, int64_t height, int64_t width) const {
    alignas(kCacheLine) std::byte block[kBlockBytes];
    alignas(kCacheLine) std::byte line[kMaxRowElements * sizeof(uint64_t)];
    const int64_t pitch = columns_ * src_item_;
    const std::byte* next = src + rows_ * layout_.src_stride[axis_];  // only prefetched; may lie beyond the source
    load_(src, next, layout_.src_stride[axis_], layout_.src_stride[inner_], height, width, block, pitch);
    for (int64_t i = 0; i < height; ++i) {
      const std::byte* ready = block + i * pitch;
      std::byte* out = dst + i * layout_.dst_stride[axis_];
      if (row_ != nullptr && !streaming_) {
        row_(ready, src_item_, out, layout_.dst_stride[inner_], width);
        continue;
      }
      if (row_ != nullptr) {
        row_(ready, src_item_, line, dst_item_, width);
        ready = line;
      }
      const auto bytes = static_cast<size_t>(width * dst_item_);
      if (streaming_) {
        stream_copy(out, ready, bytes);
      } else {
        std::memcpy(out, ready, bytes);
      }
    }
  }

  const CopyLayout& layout_;
  const int axis_, inner_;  // rows of the block run along inner_
  const int64_t src_item_, dst_item_;
  const CastRowFn row_;
  const LoadBlockFn load_;
  int64_t rows_, columns_;              // of a block
  int64_t panel_height_, panel_width_;  // multiples of a block
  int64_t panels_down_, panels_across_, planes_ = 1;
  bool streaming_;  // aligned, contiguous and large
};

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

void copy_transposed(const CopyLayout& layout, int axis, uint32_t src_item, uint32_t dst_item, CastRowFn row) {
  Transposer(layout, axis, src_item, dst_item, row).run();
}

}  // namespace ferrule::cpu
