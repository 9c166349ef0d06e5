// How a scan is laid out: decided on the host by plan(), passed to kernels by value. A line is one run of the scanned axis,
// cut into chunks where there are few lines; a chunk's carry comes from the totals of those before it.
#pragma once

#include "host/command_list.h"
#include "host/device.h"
#include "host/kernel.h"
#include "kernels/index/axes.h"

namespace ferrule::gpu::scan {

struct Shape {
  Axes<2> lines;  // strides of x and out
  uint64_t n_lines;
  uint64_t length;  // of a line
  int64_t stride[2];
  uint64_t chunk;  // elements
  uint32_t chunks;
  uint32_t exclusive;
};

enum class Op : uint8_t { kSum, kProd, kMax, kMin, kLogSum };
enum class Way : uint8_t { kWarps, kBlocks, kThreads, kLibrary };

// A call with what run needs; pointers are moved to the first element in scan order, strides run along it.
struct Work {
  Way way;
  uint32_t dtype;
  uint64_t flip;
  Shape shape;
  const void* x;
  void* out;
  void* totals;  // n_lines * chunks carries, where chunks > 1
};

// The greatest carry.
inline constexpr uint64_t kStateBytes = 16;

void launch_sum(const Work& work, CommandList& commands);
void launch_prod(const Work& work, CommandList& commands);
void launch_extreme(const Work& work, CommandList& commands);
void launch_log_sum(const Work& work, CommandList& commands);

}  // namespace ferrule::gpu::scan
