// A sort, argsort, partition or argpartition as its kernels see it, and which way it goes. Lines are the runs of the axis.
#pragma once

#include "host/command_list.h"
#include "host/device.h"
#include "host/kernel.h"
#include "kernels/index/axes.h"
#include "kernels/sort/key.cuh"

namespace ferrule::gpu::sort {

struct Order {
  const void* x;
  void* out;
  KeyCode code;
  uint32_t indices;  // out gets uint32 indices rather than elements
  Axes<2> lines;     // strides of x and out
  uint64_t n_lines;
  uint64_t length;
  int64_t stride[2];

  GPU_DEVICE void store(int64_t at, uint64_t key, uint32_t index) const {
    if (indices)
      static_cast<uint32_t*>(out)[at] = index;
    else
      code.store_bits(out, at, code.decode(key));
  }
};

enum class Way : uint8_t {
  kTile,     // a line in one block's (or warp's) shared memory
  kMerge,    // tiles, then merged in passes
  kLibrary,  // radix sort, line by line
  kSelect,   // radix selection and a three-way partition, a block per line
  kSpread,   // the same with many blocks per line
};

uint64_t merge_bytes(const Order& order);
// kTile and kMerge.
void launch_merge(const Order& order, void* scratch, CommandList& commands);

// The device is current.
uint64_t library_bytes(const Order& order);
void launch_library(const Order& order, void* scratch, CommandList& commands);

uint64_t spread_bytes(const Order& order);
void launch_select(const Order& order, uint64_t kth, CommandList& commands);
void launch_spread(const Order& order, uint64_t kth, void* scratch, CommandList& commands);

void searchsorted(Device& device, const Call& call, CommandList& commands);

}  // namespace ferrule::gpu::sort
