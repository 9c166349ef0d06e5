// Adding up the partial sums of a product whose k was split over blocks, in a fixed order.
#pragma once

#include "host/command_list.h"
#include "kernels/matmul/accumulate.cuh"

namespace ferrule::gpu::product {

struct SplitArguments {
  const void* partial;  // [split][output] in the accumulation type
  void* out;
  const void* c;
  int64_t outputs, splits;
  uint32_t lanes;  // threads per output: 1 or a warp
  Scalars scalars;
  Layout64<1> c_layout;  // c's offset of an output, when scalars.has_c
};

void launch_splits(CommandList& commands, uint32_t dtype, SplitArguments arguments);

// Launches a kernel of one struct.
template <typename A>
void launch_one(CommandList& commands, vendor::Function function, const vendor::LaunchShape& shape,
                const A& arguments) {
  const void* pointers[] = {&arguments};
  const uint32_t sizes[] = {sizeof(A)};
  commands.launch(function, shape, pointers, sizes);
}

}  // namespace ferrule::gpu::product
