// Transposition through shared memory: a tile is read along the input's neighbours and written along the output's, both
// by vectors of 16 bytes where addresses allow.
#include "device/gpu.h"
#include "device/index.h"
#include "host/launch.h"
#include "kernels/copy/copy.h"

namespace ferrule::gpu::copy {
namespace {

constexpr uint32_t kThreads = 256;

// Rows of a tile: at least 128 bytes of each, and at most 16 KiB in all.
template <typename T>
constexpr uint32_t kTile = sizeof(T) == 1   ? 128
                           : sizeof(T) == 8 ? 32
                                            : 64;
// An odd number of words between rows, so that a column lies in many banks.
template <typename T>
constexpr uint32_t kPitch = kTile<T> + (sizeof(T) < 4 ? 4 / sizeof(T) : 1);

// Dimension x holds the output's neighbours, y the input's; `batch` counts (input, output) offsets of the others.
struct Tiles {
  const void* in;
  void* out;
  uint32_t extent_x, extent_y;
  int64_t in_stride_x, out_stride_y;
  uint32_t tiles_x, tiles_y;
  bool wide_in, wide_out;
};

template <typename T>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads) transpose_tiles(Tiles args, Layout32<2> batch) {
  begin_kernel();
  constexpr uint32_t kLanes = kWide<T>, kSide = kTile<T>, kAcross = kSide / kLanes;
  constexpr uint32_t kRows = kThreads / kAcross, kSteps = kSide / kRows;
  GPU_SHARED(T, tile, kSide * kPitch<T>);
  const uint32_t per_batch = args.tiles_x * args.tiles_y;
  const uint32_t b = block_x() / per_batch, t = block_x() - b * per_batch;
  const uint32_t x0 = t / args.tiles_y * kSide, y0 = t % args.tiles_y * kSide;
  int64_t start[2];
  batch.offsets(b, start);
  const T* in = static_cast<const T*>(args.in) + start[0];
  T* out = static_cast<T*>(args.out) + start[1];
  const uint32_t across = thread_x() % kAcross * kLanes, row = thread_x() / kAcross;

  Vec<T, kLanes> v[kSteps];
  const uint32_t y = y0 + across;
  GPU_UNROLL
  for (uint32_t s = 0; s < kSteps; ++s) {
    const uint32_t x = x0 + row + s * kRows;
    if (x >= args.extent_x) continue;
    const T* from = in + x * args.in_stride_x + y;
    if (args.wide_in && y + kLanes <= args.extent_y) {
      v[s] = load_wide<Vec<T, kLanes>>(from);
    } else {
      GPU_UNROLL
      for (uint32_t e = 0; e < kLanes; ++e) {
        if (y + e < args.extent_y) v[s][e] = from[e];
      }
    }
  }
  GPU_UNROLL
  for (uint32_t s = 0; s < kSteps; ++s) {
    GPU_UNROLL
    for (uint32_t e = 0; e < kLanes; ++e) tile[(across + e) * kPitch<T> + row + s * kRows] = v[s][e];
  }
  sync();
  const uint32_t x = x0 + across;
  GPU_UNROLL
  for (uint32_t s = 0; s < kSteps; ++s) {
    const uint32_t line = row + s * kRows;
    if (y0 + line >= args.extent_y) continue;
    T* to = out + (y0 + line) * args.out_stride_y + x;
    Vec<T, kLanes> w;
    GPU_UNROLL
    for (uint32_t e = 0; e < kLanes; ++e) w[e] = tile[line * kPitch<T> + across + e];
    if (args.wide_out && x + kLanes <= args.extent_x) {
      store_wide(to, w);
    } else {
      GPU_UNROLL
      for (uint32_t e = 0; e < kLanes; ++e) {
        if (x + e < args.extent_x) to[e] = w[e];
      }
    }
  }
}

// Whether every row along a dimension starts at a multiple of 16 bytes.
bool aligned(const void* base, const LoopNest& nest, uint32_t operand, uint32_t unit_dim, uint32_t item_bytes) {
  if (reinterpret_cast<uintptr_t>(base) % 16 != 0) return false;
  for (uint32_t d = 0; d < nest.ndim; ++d) {
    if (d != unit_dim && nest.stride[d][operand] * item_bytes % 16 != 0) return false;
  }
  return true;
}

template <typename T>
void launch_piece(CommandList& commands, const LoopNest& nest, uint32_t y, const void* in, void* out) {
  Tiles args{};
  args.in = static_cast<const T*>(in) + nest.offset[0];
  args.out = static_cast<T*>(out) + nest.offset[1];
  args.extent_x = static_cast<uint32_t>(nest.extent[0]);
  args.extent_y = static_cast<uint32_t>(nest.extent[y]);
  args.in_stride_x = nest.stride[0][0];
  args.out_stride_y = nest.stride[y][1];
  args.tiles_x = static_cast<uint32_t>(ceil_div(args.extent_x, kTile<T>));
  args.tiles_y = static_cast<uint32_t>(ceil_div(args.extent_y, kTile<T>));
  args.wide_in = aligned(args.in, nest, 0, y, sizeof(T));
  args.wide_out = aligned(args.out, nest, 1, 0, sizeof(T));
  LoopNest others = nest;
  others.ndim = 0;
  for (uint32_t d = 1; d < nest.ndim; ++d) {
    if (d == y) continue;
    others.extent[others.ndim] = nest.extent[d];
    for (uint32_t k = 0; k < 2; ++k) others.stride[others.ndim][k] = nest.stride[d][k];
    ++others.ndim;
  }
  std::byte layout[LoopNest::packed_bytes(2)];
  others.pack(layout, 1);
  const uint64_t blocks = uint64_t{args.tiles_x} * args.tiles_y * static_cast<uint64_t>(others.size());
  const void* arguments[] = {&args, layout};
  const uint32_t sizes[] = {sizeof args, sizeof layout};
  commands.launch(vendor::function_of<&transpose_tiles<T>>(),
                  {{static_cast<uint32_t>(blocks), 1, 1}, {kThreads, 1, 1}, 0}, arguments, sizes);
}

}  // namespace

bool transpose(CommandList& commands, const LoopNest& nest, const void* in, void* out, uint32_t item_bytes) {
  constexpr int64_t kLeast = 16;  // narrower ones gain nothing over single elements
  if (in == nullptr || nest.ndim < 2 || nest.stride[0][1] != 1 || nest.stride[0][0] == 0 || nest.extent[0] < kLeast)
    return false;
  uint32_t y = 0;
  for (uint32_t d = 1; d < nest.ndim; ++d) {
    if (nest.stride[d][0] == 1 && nest.extent[d] >= kLeast) y = d;
  }
  if (y == 0 || nest.stride[0][0] == 1) return false;
  nest.for_each_piece([&](const LoopNest& piece) {
    switch (item_bytes) {
      case 1:
        return launch_piece<uint8_t>(commands, piece, y, in, out);
      case 2:
        return launch_piece<uint16_t>(commands, piece, y, in, out);
      case 4:
        return launch_piece<uint32_t>(commands, piece, y, in, out);
      default:
        return launch_piece<uint64_t>(commands, piece, y, in, out);
    }
  });
  return true;
}

}  // namespace ferrule::gpu::copy
