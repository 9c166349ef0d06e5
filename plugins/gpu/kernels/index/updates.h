// The updates of a scatter as its kernels see them.
#pragma once

#include "device/gpu.h"
#include "host/command_list.h"
#include "kernels/index/axes.h"

namespace ferrule::gpu::index {

// From the number of an item to (slice, position in it).
struct Split {
  uint64_t count = 1;  // items of a slice
  uint32_t wide = 0;
  Divider divider;

  Split() = default;
  Split(uint64_t per_slice, uint64_t items) : count(per_slice), wide(items >= uint64_t{1} << 31) {
    if (!wide) divider = Divider(static_cast<uint32_t>(per_slice));
  }
  GPU_DEVICE void divide(uint64_t i, uint64_t& slice, uint64_t& position) const {
    slice = i;
    position = 0;
    if (count == 1) return;
    slice = wide ? i / count : divider.divide(static_cast<uint32_t>(i));
    position = i - slice * count;
  }
};

// Entries (ScatterPlan) sorted by key, those of one key in their order.
struct SortedEntries {
  const void* keys = nullptr;
  const uint32_t* order = nullptr;  // entry numbers
  const int64_t* offset = nullptr;  // of tuples, in out
  uint64_t count = 0;
  uint64_t dropped = 0;  // the key of updates outside
  uint32_t wide_keys = 0;
  uint32_t by_element = 0;

  GPU_DEVICE uint64_t key(uint64_t i) const {
    return wide_keys ? static_cast<const uint64_t*>(keys)[i] : static_cast<const uint32_t*>(keys)[i];
  }
};

struct Updates {
  uint32_t dtype;
  void* out;
  const void* updates;
  int64_t tuples;
  const int64_t* offset;  // per tuple: in out, in elements; -1 = dropped
  AxisList<1> slice;      // of one tuple: strides of out; contiguous in updates
  int64_t pack;           // places of slices and their runs are multiples of so many elements (a power of two)
  uint64_t flip;
  SortedEntries sorted;  // order == nullptr: in any order

  // The slice with its innermost axis, which is then contiguous, in packs; offsets stay in elements.
  Axes<1> packed(int64_t width) const {
    if (width == 1) return slice.axes();
    AxisList<1> out;
    for (uint32_t i = slice.count(); i-- > 0;)
      if (i == 0)
        out.push(slice.extent(0) / width, {width});
      else
        out.push(slice.extent(i), {slice.stride(i, 0)});
    return out.axes();
  }
};

void combine_sum(const Updates& updates, CommandList& commands);
void combine_prod(const Updates& updates, CommandList& commands);
void combine_extreme(const Updates& updates, CommandList& commands);

}  // namespace ferrule::gpu::index
