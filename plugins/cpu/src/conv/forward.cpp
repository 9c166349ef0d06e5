// Forward convolution (and, by problem.cpp's mapping, the input gradient).
#include <algorithm>
#include <cstring>

#include "../matmul/element.h"
#include "../matmul/gemv_kernel.h"
#include "../matmul/pack.h"
#include "../parallel.h"
#include "box.h"
#include "conv_kernel.h"
#include "engine.h"

namespace ferrule::cpu {
namespace {

constexpr int64_t kMaxDepth = 768, kDepth = 512;  // longer sums are cut: for the caches and for accuracy
constexpr int64_t kTaskWork = 1 << 18;            // multiply-adds worth handing to a thread

uint64_t align(int64_t bytes) { return static_cast<uint64_t>((bytes + 63) / 64 * 64); }

struct Layout {
  int64_t item, nr, panels;  // panels of output channels per group
  Tiling tiling;
  bool direct;  // sums may be kept in the output
  uint64_t weight_bytes, offset_bytes, box_bytes, acc_bytes;

  uint64_t slot_bytes() const { return box_bytes + acc_bytes; }
  uint64_t scratch() const {
    return weight_bytes + offset_bytes + slot_bytes() * static_cast<uint64_t>(Slots::count());
  }
};

Layout make_layout(const ConvProblem& p) {
  Layout l{};
  const bool f64 = p.dtype == FRL_DTYPE_F64;
  l.item = f64 ? 8 : 4;
  l.direct = element_bytes(p.dtype) == l.item;
  l.nr = f64 ? conv_kernel<double>().nr : conv_kernel<float>().nr;
  l.panels = (p.out_channels + l.nr - 1) / l.nr;
  const int64_t rows = f64 ? conv_kernel<double>().rows : conv_kernel<float>().rows;
  l.tiling = choose_tiling(p, l.item, l.direct ? 0 : p.outputs() * l.item, rows);
  const int64_t weights = p.depthwise() ? p.taps() * p.channels() : p.groups * l.panels * l.nr * p.depth();
  l.weight_bytes = align(weights * l.item);
  l.offset_bytes = align(p.depth() * 8);
  l.box_bytes = align(l.tiling.box_elements * l.item);
  l.acc_bytes = l.direct ? 0 : align(l.tiling.tile_pixels() * p.outputs() * l.item);
  return l;
}

template <typename T>
class Forward {
 public:
  Forward(const ConvProblem& p, const std::byte* x, const std::byte* w, std::byte* y, std::byte* scratch)
      : p_(p), l_(make_layout(p)), x_(x), w_(w), y_(y), scratch_(scratch), bytes_(element_bytes(p.dtype)) {}

  // False when padding would meet weights that are not finite; then nothing was computed.
  bool run() {
    pack_weights();
    if (p_.meets_padding() && !all_finite(weights(), static_cast<int64_t>(l_.weight_bytes) / l_.item)) return false;
    tap_offsets(p_, l_.tiling, p_.in_channels, offsets());
    const int64_t tiles = p_.n * l_.tiling.tiles();
    const int64_t work = l_.tiling.tile_pixels() * p_.outputs() * p_.depth();
    parallel_for(tiles, std::max<int64_t>(1, kTaskWork / work), [this](int64_t begin, int64_t end) {
      const SlotLease slot(slots_);
      for (int64_t t = begin; t < end; ++t) run_tile(place_of(p_, l_.tiling, t), slot.index());
    });
    return true;
  }

 private:
  T* weights() const { return reinterpret_cast<T*>(scratch_); }
  int64_t* offsets() const { return reinterpret_cast<int64_t*>(scratch_ + l_.weight_bytes); }
  T* box(int64_t slot) const {
    return reinterpret_cast<T*>(scratch_ + l_.weight_bytes + l_.offset_bytes +
                                static_cast<uint64_t>(slot) * l_.slot_bytes());
  }
  T* acc(int64_t slot) const { return box(slot) + l_.box_bytes / sizeof(T); }

  // The weights of tap t, first channel, of one group; flip reads the kernel backwards.
  const std::byte* tap_weights(int64_t group, int64_t tap) const {
    int64_t offset = group * p_.w_group;
    for (int d = 2; d >= 0; --d) {
      const int64_t k = tap % p_.kernel[d];
      tap /= p_.kernel[d];
      offset += (p_.flip ? p_.kernel[d] - 1 - k : k) * p_.w_spatial[d];
    }
    return w_ + offset * bytes_;
  }

  void pack_weights() const {
    // The slack of the rounded size is scanned with the rest.
    if (l_.weight_bytes >= 64) std::memset(scratch_ + l_.weight_bytes - 64, 0, 64);
    if (p_.depthwise()) {
      for (int64_t tap = 0; tap < p_.taps(); ++tap) {
        widen_vector(p_.dtype, tap_weights(0, tap), p_.w_group, p_.groups, weights() + tap * p_.groups);
      }
      return;
    }
    const int64_t panel = l_.nr * p_.depth();
    parallel_for(p_.groups * l_.panels, std::max<int64_t>(1, (1 << 15) / panel), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t group = i / l_.panels, first = i % l_.panels * l_.nr;
        const int64_t lanes = std::min(l_.nr, p_.out_channels - first);
        for (int64_t tap = 0; tap < p_.taps(); ++tap) {
          pack_panels({tap_weights(group, tap) + first * p_.w_out * bytes_, p_.dtype, false, p_.w_out, p_.w_in, lanes,
                       p_.in_channels, l_.nr, weights() + i * panel + tap * p_.in_channels * l_.nr});
        }
      }
    });
  }

  void run_tile(const TilePlace& place, int64_t slot) const {
    fill_box(p_, l_.tiling, place, x_, box(slot));
    // Where the tile's first output lies, and the distances between its lines, in elements.
    const int64_t channels = p_.outputs();
    const int64_t first =
        ((place.image * p_.out[0] + place.first[0]) * p_.out[1] + place.first[1]) * p_.out[2] + place.first[2];
    T* out = l_.direct ? reinterpret_cast<T*>(y_) + first * channels : acc(slot);
    const int64_t line = (l_.direct ? p_.out[2] : place.extent[2]) * channels;
    const int64_t plane = (l_.direct ? p_.out[1] : place.extent[1]) * line;
    if (p_.depthwise()) {
      run_depthwise(place, box(slot), out, plane, line);
    } else {
      run_groups(place, box(slot), out, plane, line);
    }
    if (l_.direct) return;
    for (int64_t i0 = 0; i0 < place.extent[0]; ++i0) {
      for (int64_t i1 = 0; i1 < place.extent[1]; ++i1) {
        finish_tile({p_.dtype, 1, line, out + i0 * plane + i1 * line, 0, 1.0f, 0.0f, nullptr, 0, 0,
                     y_ + (first + (i0 * p_.out[1] + i1) * p_.out[2]) * channels * bytes_, 0});
      }
    }
  }

  const T* box_line(const T* box, int64_t i0, int64_t i1) const {
    return box + (i0 * p_.stride[0] * l_.tiling.box[1] + i1 * p_.stride[1]) * l_.tiling.box[2] * p_.channels();
  }

  void run_groups(const TilePlace& place, const T* box, T* out, int64_t plane, int64_t line) const {
    const int64_t depth = p_.depth(), step = depth <= kMaxDepth ? depth : kDepth;
    for (int64_t i = 0; i < p_.groups * l_.panels; ++i) {
      const int64_t group = i / l_.panels, first = i % l_.panels * l_.nr;
      const int64_t cols = std::min(l_.nr, p_.out_channels - first);
      for (int64_t k = 0; k < depth; k += step) {
        for (int64_t i0 = 0; i0 < place.extent[0]; ++i0) {
          for (int64_t i1 = 0; i1 < place.extent[1]; ++i1) {
            conv_kernel<T>().pixel_row({box_line(box, i0, i1) + group * p_.in_channels, p_.stride[2] * p_.channels(),
                                        offsets() + k, weights() + (i * depth + k) * l_.nr, std::min(step, depth - k),
                                        out + i0 * plane + i1 * line + group * p_.out_channels + first, p_.outputs(),
                                        place.extent[2], cols, k > 0});
          }
        }
      }
    }
  }

  void run_depthwise(const TilePlace& place, const T* box, T* out, int64_t plane, int64_t line) const {
    for (int64_t i0 = 0; i0 < place.extent[0]; ++i0) {
      for (int64_t i1 = 0; i1 < place.extent[1]; ++i1) {
        conv_kernel<T>().depthwise_row({box_line(box, i0, i1), p_.stride[2] * p_.channels(), offsets(), weights(),
                                        p_.taps(), p_.channels(), place.extent[2], out + i0 * plane + i1 * line,
                                        p_.outputs()});
      }
    }
  }

  const ConvProblem& p_;
  const Layout l_;
  const std::byte *x_, *w_;
  std::byte *y_, *scratch_;
  const int64_t bytes_;
  mutable Slots slots_;
};

}  // namespace

uint64_t conv_forward_scratch_bytes(const ConvProblem& p) { return p.depth() == 0 ? 0 : make_layout(p).scratch(); }

void conv_forward(const ConvProblem& p, const std::byte* x, const std::byte* w, std::byte* y, std::byte* scratch) {
  if (p.depth() == 0) {
    std::memset(y, 0, static_cast<size_t>(p.n * p.out_pixels() * p.outputs() * element_bytes(p.dtype)));
    return;
  }
  const bool done =
      p.dtype == FRL_DTYPE_F64 ? Forward<double>(p, x, w, y, scratch).run() : Forward<float>(p, x, w, y, scratch).run();
  if (!done) conv_forward_exact(p, x, w, y);
}

}  // namespace ferrule::cpu
