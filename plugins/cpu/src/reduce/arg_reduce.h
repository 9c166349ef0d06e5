// argmax and argmin over any layout.
#pragma once

#include "kernel.h"

namespace ferrule::cpu {

// out: uint32, extent 1 on `axis`, whose extent in x is 1 to 2^32.
void arg_reduce(const Tensor& x, const Tensor& out, uint32_t axis, bool max);

}  // namespace ferrule::cpu
