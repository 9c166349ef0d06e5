// Gradient of a convolution's weights: for each weight a sum over all images and outputs. Images and tiles are cut into
// a fixed number of chunks; each sums into its own copy of the gradient, and the copies are added in order.
#include <algorithm>
#include <cstring>

#include "../matmul/element.h"
#include "../matmul/gemv_kernel.h"
#include "../parallel.h"
#include "box.h"
#include "conv_kernel.h"
#include "engine.h"

namespace ferrule::cpu {
namespace {

constexpr int64_t kTaskWork = 1 << 21;  // multiply-adds worth a chunk of its own
constexpr int64_t kMaxChunks = 16;
constexpr int64_t kCopiesBytes = 32 << 20;  // of all chunks' copies of the gradient
constexpr int64_t kPixelsAtOnce = 1024;     // the longest sum kept in registers
constexpr int64_t kGradSlack = 64;          // elements that kernels may read beyond a row's end
constexpr int64_t kMaxRows = 16;            // lanes of a kernel's block

uint64_t align(int64_t bytes) { return static_cast<uint64_t>((bytes + 63) / 64 * 64); }
int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

struct Layout {
  int64_t item, nr, rows;
  Tiling tiling;
  int64_t lanes, lane_blocks;  // weights per output channel of a group, and their blocks
  int64_t chunks, parts;       // parts: blocks of (group, lanes) are spread over several tasks of one chunk
  int64_t copy_elements;
  uint64_t copy_bytes, lane_bytes, box_bytes, grad_bytes, row_bytes;

  uint64_t slot_bytes() const { return box_bytes + grad_bytes + row_bytes; }
  uint64_t scratch() const {
    return copy_bytes * static_cast<uint64_t>(chunks) + lane_bytes +
           slot_bytes() * static_cast<uint64_t>(Slots::count());
  }
};

Layout make_layout(const ConvProblem& p) {
  Layout l{};
  const bool f64 = p.dtype == FRL_DTYPE_F64;
  l.item = f64 ? 8 : 4;
  l.nr = f64 ? conv_kernel<double>().nr : conv_kernel<float>().nr;
  l.rows = f64 ? conv_kernel<double>().rows : conv_kernel<float>().rows;
  l.tiling = choose_tiling(p, l.item, p.outputs() * l.item, 0);
  l.lanes = p.depth();
  l.lane_blocks = ceil_div(l.lanes, l.rows);
  l.copy_elements = p.outputs() * p.depth();
  l.copy_bytes = align(l.copy_elements * l.item);
  const int64_t tiles = p.n * l.tiling.tiles();
  const int64_t work = p.n * p.out_pixels() * l.copy_elements / kTaskWork + 1;
  const int64_t fitting = std::max<int64_t>(1, kCopiesBytes / static_cast<int64_t>(l.copy_bytes));
  l.chunks = std::max<int64_t>(1, std::min({tiles, work, fitting, kMaxChunks}));
  l.parts = p.depthwise()
                ? 1
                : std::max<int64_t>(1, std::min({p.groups * l.lane_blocks, work / l.chunks, kMaxChunks / l.chunks}));
  l.lane_bytes = align((l.lanes + kMaxRows) * 8);
  l.box_bytes = align(l.tiling.box_elements * l.item);
  l.grad_bytes = align((l.tiling.tile_pixels() * p.outputs() + kGradSlack) * l.item);
  l.row_bytes = align(2 * 8 * l.tiling.tile[0] * l.tiling.tile[1]);
  return l;
}

template <typename T>
class WeightGrad {
 public:
  WeightGrad(const ConvProblem& p, const std::byte* x, const std::byte* y, std::byte* w, std::byte* scratch)
      : p_(p), l_(make_layout(p)), x_(x), y_(y), w_(w), scratch_(scratch), bytes_(element_bytes(p.dtype)) {}

  // False when padding may have met a gradient that is not finite.
  bool run() {
    tap_offsets(p_, l_.tiling, p_.in_channels, lanes());
    std::fill(lanes() + l_.lanes, lanes() + l_.lanes + kMaxRows, lanes()[0]);
    parallel_for(l_.chunks, 1, [this](int64_t begin, int64_t end) {
      std::memset(copy(begin), 0, static_cast<size_t>(end - begin) * l_.copy_bytes);
    });
    parallel_for(l_.chunks * l_.parts, 1, [this](int64_t begin, int64_t end) {
      const SlotLease slot(slots_);
      for (int64_t i = begin; i < end; ++i) run_chunk(i / l_.parts, i % l_.parts, slot.index());
    });
    parallel_for(l_.copy_elements, 1 << 14, [this](int64_t begin, int64_t end) {
      T* sum = copy(0);
      for (int64_t c = 1; c < l_.chunks; ++c) {
        const T* part = copy(c);
        for (int64_t i = begin; i < end; ++i) sum[i] += part[i];
      }
    });
    // A gradient that is not finite makes every sum it enters not finite, over padding too: seen in the result.
    if (p_.meets_padding() && !all_finite(copy(0), l_.copy_elements)) return false;
    parallel_for(p_.outputs(), std::max<int64_t>(1, (1 << 14) / l_.lanes),
                 [this](int64_t begin, int64_t end) { write(begin, end); });
    return true;
  }

 private:
  // A copy is [group][tap and channel][output]; depthwise: [tap][channel].
  T* copy(int64_t chunk) const { return reinterpret_cast<T*>(scratch_ + static_cast<uint64_t>(chunk) * l_.copy_bytes); }
  std::byte* after_copies() const { return scratch_ + static_cast<uint64_t>(l_.chunks) * l_.copy_bytes; }
  int64_t* lanes() const { return reinterpret_cast<int64_t*>(after_copies()); }
  std::byte* slot_base(int64_t slot) const {
    return after_copies() + l_.lane_bytes + static_cast<uint64_t>(slot) * l_.slot_bytes();
  }

  void run_chunk(int64_t chunk, int64_t part, int64_t slot) {
    T* box = reinterpret_cast<T*>(slot_base(slot));
    T* grad = reinterpret_cast<T*>(slot_base(slot) + l_.box_bytes);
    const int64_t tiles = p_.n * l_.tiling.tiles();
    for (int64_t t = tiles * chunk / l_.chunks; t < tiles * (chunk + 1) / l_.chunks; ++t) {
      const TilePlace place = place_of(p_, l_.tiling, t);
      fill_box(p_, l_.tiling, place, x_, box);
      fill_grad(place, grad);
      if (p_.depthwise()) {
        add_depthwise(place, box, grad, copy(chunk));
      } else {
        add_tile(place, box, grad, part, slot, copy(chunk));
      }
    }
  }

  // The tile's output gradient, dense, in the accumulation type.
  void fill_grad(const TilePlace& place, T* grad) const {
    const int64_t channels = p_.outputs(), row = place.extent[2] * channels;
    T* out = grad;
    for (int64_t i0 = 0; i0 < place.extent[0]; ++i0) {
      for (int64_t i1 = 0; i1 < place.extent[1]; ++i1, out += row) {
        const std::byte* line = y_ + (place.image * p_.y_batch + (place.first[0] + i0) * p_.y_spatial[0] +
                                      (place.first[1] + i1) * p_.y_spatial[1] + place.first[2] * p_.y_spatial[2]) *
                                         bytes_;
        if (p_.y_channel == 1 && p_.y_spatial[2] == channels) {
          widen_vector(p_.dtype, line, 1, row, out);
          continue;
        }
        for (int64_t i2 = 0; i2 < place.extent[2]; ++i2, line += p_.y_spatial[2] * bytes_) {
          widen_vector(p_.dtype, line, p_.y_channel, channels, out + i2 * channels);
        }
      }
    }
    std::fill(out, out + kGradSlack, T{0});
  }

  int64_t box_line(int64_t i0, int64_t i1) const {
    return (i0 * p_.stride[0] * l_.tiling.box[1] + i1 * p_.stride[1]) * l_.tiling.box[2] * p_.channels();
  }

  void add_tile(const TilePlace& place, const T* box, const T* grad, int64_t part, int64_t slot, T* sum) const {
    const int64_t n_rows = place.extent[0] * place.extent[1];
    int64_t* box_rows = reinterpret_cast<int64_t*>(slot_base(slot) + l_.box_bytes + l_.grad_bytes);
    int64_t* grad_rows = box_rows + n_rows;
    for (int64_t r = 0; r < n_rows; ++r) {
      box_rows[r] = box_line(r / place.extent[1], r % place.extent[1]);
      grad_rows[r] = r * place.extent[2] * p_.outputs();
    }
    const int64_t rows_at_once = std::max<int64_t>(1, kPixelsAtOnce / place.extent[2]);
    const int64_t blocks = p_.groups * l_.lane_blocks;
    for (int64_t b = blocks * part / l_.parts; b < blocks * (part + 1) / l_.parts; ++b) {
      const int64_t group = b / l_.lane_blocks, lane = b % l_.lane_blocks * l_.rows;
      for (int64_t r = 0; r < n_rows; r += rows_at_once) {
        for (int64_t j = 0; j < p_.out_channels; j += l_.nr) {
          conv_kernel<T>().lane_block({box + group * p_.in_channels, grad + group * p_.out_channels + j, box_rows + r,
                                       grad_rows + r, std::min(rows_at_once, n_rows - r), place.extent[2],
                                       p_.stride[2] * p_.channels(), p_.outputs(), lanes() + lane,
                                       std::min(l_.rows, l_.lanes - lane), std::min(l_.nr, p_.out_channels - j),
                                       sum + (group * l_.lanes + lane) * p_.out_channels + j, p_.out_channels});
        }
      }
    }
  }

  void add_depthwise(const TilePlace& place, const T* box, const T* grad, T* sum) const {
    const int64_t channels = p_.channels();
    for (int64_t r = 0; r < place.extent[0] * place.extent[1]; ++r) {
      const T* line = box + box_line(r / place.extent[1], r % place.extent[1]);
      for (int64_t tap = 0; tap < p_.taps(); ++tap) {
        conv_kernel<T>().depthwise_tap({line + lanes()[tap], grad + r * place.extent[2] * channels,
                                        p_.stride[2] * channels, channels, place.extent[2], channels,
                                        sum + tap * channels});
      }
    }
  }

  // Output channels [begin, end) of the gradient, from the first copy's order into the weights'.
  void write(int64_t begin, int64_t end) const {
    if constexpr (sizeof(T) == 4) {
      if (p_.dtype == FRL_DTYPE_F16) return write_as<F16>(begin, end);
      if (p_.dtype == FRL_DTYPE_BF16) return write_as<Bf16>(begin, end);
    }
    write_as<T>(begin, end);
  }
  template <typename S>
  void write_as(int64_t begin, int64_t end) const {
    const T* sum = copy(0);
    for (int64_t tap = 0; tap < p_.taps(); ++tap) {
      const int64_t place = p_.flip ? p_.taps() - 1 - tap : tap;
      for (int64_t c = 0; c < p_.in_channels; ++c) {
        const int64_t lane = tap * p_.in_channels + c;
        for (int64_t o = begin; o < end; ++o) {
          const int64_t group = o / p_.out_channels, j = o % p_.out_channels;
          const T value =
              p_.depthwise() ? sum[tap * p_.groups + o] : sum[(group * l_.lanes + lane) * p_.out_channels + j];
          reinterpret_cast<S*>(w_)[o * l_.lanes + place * p_.in_channels + c] = from_real<S>(value);
        }
      }
    }
  }

  const ConvProblem& p_;
  const Layout l_;
  const std::byte *x_, *y_;
  std::byte *w_, *scratch_;
  const int64_t bytes_;
  Slots slots_;
};

}  // namespace

uint64_t conv_weight_grad_scratch_bytes(const ConvProblem& p) {
  return p.depth() == 0 || p.n * p.out_pixels() == 0 ? 0 : make_layout(p).scratch();
}

void conv_weight_grad(const ConvProblem& p, const std::byte* x, const std::byte* y, std::byte* w, std::byte* scratch) {
  if (p.n * p.out_pixels() == 0) {
    std::memset(w, 0, static_cast<size_t>(p.outputs() * p.depth() * element_bytes(p.dtype)));
    return;
  }
  const bool done = p.dtype == FRL_DTYPE_F64 ? WeightGrad<double>(p, x, y, w, scratch).run()
                                             : WeightGrad<float>(p, x, y, w, scratch).run();
  if (!done) conv_weight_grad_exact(p, x, y, w);
}

}  // namespace ferrule::cpu
