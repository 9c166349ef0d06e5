// masked_scatter: the true elements of each chunk of the mask are counted, the counts summed, and each chunk is written
// with its elements' places in the source.
#include "host/launch.h"
#include "kernels/index/axes.h"
#include "kernels/index/index.h"
#include "kernels/index/unit.h"
#include "kernels/tuning.h"

namespace ferrule::gpu::index {
namespace {

constexpr uint32_t kThreads = tuning::kIndexThreads;
constexpr uint32_t kEach = 8;  // neighbouring elements of a thread
constexpr uint32_t kTile = kThreads * kEach;
constexpr uint64_t kMaxChunks = 16384;

// Elements of a chunk: a multiple of the tile.
uint64_t chunk_of(uint64_t size) { return ceil_div(ceil_div(size, kMaxChunks), kTile) * kTile; }

struct Add {
  GPU_DEVICE uint64_t operator()(uint64_t a, uint64_t b) const { return a + b; }
};

// The bytes of the mask from i on as bits.
GPU_DEVICE uint32_t load_mask(const uint8_t* mask, uint64_t i, uint64_t size, bool aligned) {
  uint32_t bits = 0;
  if (aligned && i + kEach <= size) {
    const auto bytes = load_wide<Vec<uint8_t, kEach>>(mask + i);
    GPU_UNROLL
    for (uint32_t k = 0; k < kEach; ++k) bits |= static_cast<uint32_t>(bytes[k] != 0) << k;
  } else {
    for (uint32_t k = 0; k < kEach; ++k)
      if (i + k < size && mask[i + k] != 0) bits |= 1u << k;
  }
  return bits;
}

GPU_DEVICE uint32_t count_set(uint32_t bits) {
  uint32_t n = 0;
  GPU_UNROLL
  for (uint32_t k = 0; k < kEach; ++k) n += (bits >> k) & 1u;
  return n;
}

GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads)
    count_true(const uint8_t* mask, uint64_t size, uint64_t chunk, uint32_t aligned, uint64_t* counts) {
  begin_kernel();
  GPU_SHARED(uint64_t, partials, kMaxWarps);
  const uint64_t begin = block_x() * chunk, end = begin + chunk < size ? begin + chunk : size;
  uint64_t count = 0;
  for (uint64_t i = begin + thread_x() * kEach; i < end; i += kTile)
    count += count_set(load_mask(mask, i, size, aligned));
  count = block_reduce<kThreads>(count, Add{}, uint64_t{0}, partials);
  if (thread_x() == 0) counts[block_x()] = count;
}

// counts[i] becomes the sum of those before it; one block.
GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads) sum_counts(uint64_t* counts, uint32_t n) {
  begin_kernel();
  GPU_SHARED(uint64_t, partials, kMaxWarps);
  uint64_t before = 0;
  for (uint32_t first = 0; first < n; first += kThreads) {
    const uint32_t i = first + thread_x();
    const uint64_t count = i < n ? counts[i] : 0;
    uint64_t total;
    const uint64_t sum = block_scan<kThreads>(count, Add{}, uint64_t{0}, partials, &total);
    if (i < n) counts[i] = before + sum - count;
    before += total;
    sync();
  }
}

// wide: x and out are aligned to the vectors.
template <typename U>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads)
    write_masked(U* out, const U* x, const uint8_t* mask, const U* source, uint64_t size, uint64_t source_size,
                 uint64_t chunk, uint32_t aligned, uint32_t wide, const uint64_t* counts) {
  begin_kernel();
  constexpr uint32_t kLanes = kEach < kWide<U> ? kEach : kWide<U>;
  using V = Vec<U, kLanes>;
  GPU_SHARED(uint64_t, partials, kMaxWarps);
  const uint64_t begin = block_x() * chunk, end = begin + chunk < size ? begin + chunk : size;
  uint64_t before = counts[block_x()];
  for (uint64_t first = begin; first < end; first += kTile) {
    const uint64_t i = first + thread_x() * kEach;
    const bool whole = wide && i + kEach <= size;
    const uint32_t bits = load_mask(mask, i, size, aligned);
    V value[kEach / kLanes];
    GPU_UNROLL
    for (uint32_t k = 0; k < kEach / kLanes; ++k)
      if (whole) value[k] = load_streaming<V>(x + i + k * kLanes);
    const uint64_t count = count_set(bits);
    uint64_t total;
    uint64_t at = before + block_scan<kThreads>(count, Add{}, uint64_t{0}, partials, &total) - count;
    GPU_UNROLL
    for (uint32_t k = 0; k < kEach; ++k) {
      const bool masked = (bits >> k) & 1u, taken = masked && at < source_size;
      if (whole) {
        if (taken) value[k / kLanes][k % kLanes] = source[at];
      } else if (i + k < size) {
        if (taken)
          out[i + k] = source[at];
        else if (out != x)
          out[i + k] = x[i + k];
      }
      at += masked;
    }
    GPU_UNROLL
    for (uint32_t k = 0; k < kEach / kLanes; ++k)
      if (whole) store_streaming(out + i + k * kLanes, value[k]);
    before += total;
    sync();
  }
}

}  // namespace

uint64_t masked_scatter_bytes(int64_t size) {
  const auto n = static_cast<uint64_t>(size);
  return n == 0 ? 0 : ceil_div(n, chunk_of(n)) * sizeof(uint64_t);
}

void masked_scatter(Device&, const Call& call, CommandList& commands) {
  const Operand& x = call.inputs[0];
  const Operand& mask = call.inputs[1];
  const Operand& source = call.inputs[2];
  const Operand& out = call.outputs[0];
  const auto size = static_cast<uint64_t>(out.size());
  if (size == 0) return;
  const uint64_t chunk = chunk_of(size);
  const auto chunks = static_cast<uint32_t>(ceil_div(size, chunk));
  auto* counts = static_cast<uint64_t*>(call.scratch);
  const uint32_t aligned = reinterpret_cast<uint64_t>(mask.data) % kEach == 0;
  const uint32_t wide = (reinterpret_cast<uint64_t>(x.data) | reinterpret_cast<uint64_t>(out.data)) % 16 == 0;
  const vendor::LaunchShape shape{{chunks, 1, 1}, {kThreads, 1, 1}, 0};
  commands.launch<&count_true>(shape, mask.as<const uint8_t>(), size, chunk, aligned, counts);
  commands.launch<&sum_counts>(grid_for(1, kThreads), counts, chunks);
  visit_item(plugin::item_size(x.dtype), [&]<typename U>(U*) {
    commands.launch<&write_masked<U>>(shape, out.as<U>(), x.as<const U>(), mask.as<const uint8_t>(),
                                      source.as<const U>(), size, static_cast<uint64_t>(source.size()), chunk, aligned,
                                      wide, counts);
  });
}

}  // namespace ferrule::gpu::index
