// Tiles, boxes and slots of convolutions.
#include "box.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <thread>

#include "../matmul/element.h"
#include "../matmul/gemv_kernel.h"
#include "../parallel.h"

namespace ferrule::cpu {
namespace {

constexpr int64_t kBoxBytes = 192 << 10;
constexpr int64_t kLeastRow = 24;  // outputs of the innermost dimension that a tile keeps

// The input index that dilated, padded coordinate `at` of dimension d shows, or -1 for a zero.
int64_t input_index(const ConvProblem& p, int d, int64_t at) {
  if (at < 0) return -1;
  const int64_t index = at / p.input_dilation[d];
  return index * p.input_dilation[d] == at && index < p.in[d] ? index : -1;
}

}  // namespace

Tiling choose_tiling(const ConvProblem& p, int64_t item, int64_t bytes_per_pixel, int64_t slack) {
  Tiling t{};
  for (int d = 0; d < 3; ++d) t.tile[d] = p.out[d];
  const auto measure = [&] {
    for (int d = 0; d < 3; ++d) t.box[d] = p.window(d, t.tile[d]);
    t.box_elements = (t.box[0] * t.box[1] * t.box[2] + slack * p.stride[2]) * p.channels();
    return t.box_elements * item + t.tile_pixels() * bytes_per_pixel;
  };
  while (measure() > kBoxBytes) {
    const int d = t.tile[0] > 1 ? 0 : t.tile[1] > 1 ? 1 : 2;
    if (d == 2 && t.tile[2] <= kLeastRow) break;
    t.tile[d] = (t.tile[d] + 1) / 2;
    if (d == 2) t.tile[2] = (t.tile[2] + kLeastRow - 1) / kLeastRow * kLeastRow;
  }
  for (int d = 0; d < 3; ++d) t.count[d] = (p.out[d] + t.tile[d] - 1) / t.tile[d];
  return t;
}

TilePlace place_of(const ConvProblem& p, const Tiling& tiling, int64_t index) {
  TilePlace place{};
  for (int d = 2; d >= 0; --d) {
    place.first[d] = index % tiling.count[d] * tiling.tile[d];
    place.extent[d] = std::min(tiling.tile[d], p.out[d] - place.first[d]);
    index /= tiling.count[d];
  }
  place.image = index;
  return place;
}

template <typename T>
void fill_box(const ConvProblem& p, const Tiling& tiling, const TilePlace& place, const std::byte* x, T* box) {
  const int64_t bytes = element_bytes(p.dtype), channels = p.channels();
  const int64_t row = tiling.box[2] * channels, plane = tiling.box[1] * row;
  int64_t start[3], extent[3];
  for (int d = 0; d < 3; ++d) {
    start[d] = place.first[d] * p.stride[d] - p.pad[d];
    extent[d] = p.window(d, place.extent[d]);
  }
  const auto zero = [](T* out, int64_t count) { std::memset(out, 0, static_cast<size_t>(count) * sizeof(T)); };
  for (int64_t b0 = 0; b0 < extent[0]; ++b0, box += plane) {
    const int64_t i0 = input_index(p, 0, start[0] + b0);
    if (i0 < 0) {
      zero(box, extent[1] * row);
      continue;
    }
    T* out = box;
    for (int64_t b1 = 0; b1 < extent[1]; ++b1, out += row) {
      const int64_t i1 = input_index(p, 1, start[1] + b1);
      if (i1 < 0) {
        zero(out, row);
        continue;
      }
      const std::byte* line = x + (place.image * p.x_batch + i0 * p.x_spatial[0] + i1 * p.x_spatial[1]) * bytes;
      if (p.input_dilation[2] > 1) {
        for (int64_t b2 = 0; b2 < extent[2]; ++b2) {
          const int64_t i2 = input_index(p, 2, start[2] + b2);
          if (i2 < 0) {
            zero(out + b2 * channels, channels);
          } else {
            widen_vector(p.dtype, line + i2 * p.x_spatial[2] * bytes, p.x_channel, channels, out + b2 * channels);
          }
        }
        continue;
      }
      const int64_t low = std::clamp<int64_t>(-start[2], 0, extent[2]);
      const int64_t high = std::clamp<int64_t>(p.in[2] - start[2], low, extent[2]);
      zero(out, low * channels);
      const std::byte* source = line + (start[2] + low) * p.x_spatial[2] * bytes;
      if (high == low) {
      } else if (channels == 1) {
        widen_vector(p.dtype, source, p.x_spatial[2], high - low, out + low);
      } else if (p.x_channel == 1 && p.x_spatial[2] == channels) {
        widen_vector(p.dtype, source, 1, (high - low) * channels, out + low * channels);
      } else {
        for (int64_t b2 = low; b2 < high; ++b2, source += p.x_spatial[2] * bytes) {
          widen_vector(p.dtype, source, p.x_channel, channels, out + b2 * channels);
        }
      }
      zero(out + high * channels, (extent[2] - high) * channels);
    }
  }
}
template void fill_box<float>(const ConvProblem&, const Tiling&, const TilePlace&, const std::byte*, float*);
template void fill_box<double>(const ConvProblem&, const Tiling&, const TilePlace&, const std::byte*, double*);

void tap_offsets(const ConvProblem& p, const Tiling& tiling, int64_t per_tap, int64_t* offsets) {
  for (int64_t k0 = 0; k0 < p.kernel[0]; ++k0) {
    for (int64_t k1 = 0; k1 < p.kernel[1]; ++k1) {
      for (int64_t k2 = 0; k2 < p.kernel[2]; ++k2) {
        const int64_t line = k0 * p.kernel_dilation[0] * tiling.box[1] + k1 * p.kernel_dilation[1];
        const int64_t tap = (line * tiling.box[2] + k2 * p.kernel_dilation[2]) * p.channels();
        for (int64_t c = 0; c < per_tap; ++c) *offsets++ = tap + c;
      }
    }
  }
}

int64_t Slots::count() { return std::min<int64_t>(thread_count(), kWords * 64); }

int64_t Slots::acquire() {
  const int64_t total = count();
  for (;;) {
    for (int64_t word = 0; word * 64 < total; ++word) {
      const int64_t in_word = std::min<int64_t>(64, total - word * 64);
      const uint64_t all = in_word == 64 ? ~uint64_t{0} : (uint64_t{1} << in_word) - 1;
      uint64_t seen = busy_[word].load(std::memory_order_relaxed);
      while ((seen & all) != all) {
        const int bit = std::countr_one(seen);
        if (busy_[word].compare_exchange_weak(seen, seen | uint64_t{1} << bit, std::memory_order_acquire)) {
          return word * 64 + bit;
        }
      }
    }
    std::this_thread::yield();
  }
}

void Slots::release(int64_t slot) {
  busy_[slot / 64].fetch_and(~(uint64_t{1} << slot % 64), std::memory_order_release);
}

}  // namespace ferrule::cpu
