// Running a product with the own kernels. For matmul and addmm without a library, and for vendors' kernels that meet
// operands which their plan does not fit.
#pragma once

#include "host/command_list.h"
#include "host/device.h"
#include "kernels/matmul/problem.h"

namespace ferrule::gpu {

struct ProductPointers {
  const void *a, *b, *c;  // c: null where it does not take part
  void* out;
};

uint64_t own_product_scratch(const Device& device, const MatrixProduct& product);
// Works with any amount of scratch; best with what own_product_scratch says.
void run_own_product(const Device& device, const MatrixProduct& product, const ProductPointers& pointers, void* scratch,
                     uint64_t scratch_bytes, CommandList& commands);

}  // namespace ferrule::gpu
