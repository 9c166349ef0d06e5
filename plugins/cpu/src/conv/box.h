// Cutting a convolution's output into tiles and copying the input each one looks at into a dense box in the
// accumulation type, with padding and gaps as zeros. Boxes live in slots of the call's scratch, one per thread that can
// run at once.
#pragma once

#include <atomic>
#include <cstdint>

#include "common/conv.h"

namespace ferrule::cpu {

using plugin::ConvProblem;

struct Tiling {
  int64_t tile[3];       // output extents of one tile
  int64_t count[3];      // tiles per dimension
  int64_t box[3];        // input extents of a full tile's box
  int64_t box_elements;  // channels, and the slack that kernels may read beyond, included

  int64_t tiles() const { return count[0] * count[1] * count[2]; }
  int64_t tile_pixels() const { return tile[0] * tile[1] * tile[2]; }
};

// Tiles whose box, plus `bytes_per_pixel` for every output pixel, fits the L2 cache where possible. `slack` is in
// pixels.
Tiling choose_tiling(const ConvProblem& p, int64_t item, int64_t bytes_per_pixel, int64_t slack);

// Tile number `index` (batch-major) as its image, its first output and its extents.
struct TilePlace {
  int64_t image;
  int64_t first[3], extent[3];
};
TilePlace place_of(const ConvProblem& p, const Tiling& tiling, int64_t index);

// Fills the box of a tile; T is the accumulation type of p.dtype.
template <typename T>
void fill_box(const ConvProblem& p, const Tiling& tiling, const TilePlace& place, const std::byte* x, T* box);

// offsets[t * per_tap + c] = where tap t, channel c lies in a box, relative to the first tap of the same output.
void tap_offsets(const ConvProblem& p, const Tiling& tiling, int64_t per_tap, int64_t* offsets);

// Hands out slots to the threads of one parallel_for; there are as many as threads, so acquiring never waits long.
class Slots {
 public:
  static int64_t count();
  int64_t acquire();
  void release(int64_t slot);

 private:
  static constexpr int64_t kWords = 16;
  std::atomic<uint64_t> busy_[kWords] = {};
};

class SlotLease {
 public:
  explicit SlotLease(Slots& slots) : slots_(slots), index_(slots.acquire()) {}
  ~SlotLease() { slots_.release(index_); }
  SlotLease(const SlotLease&) = delete;
  SlotLease& operator=(const SlotLease&) = delete;
  int64_t index() const { return index_; }

 private:
  Slots& slots_;
  int64_t index_;
};

}  // namespace ferrule::cpu
