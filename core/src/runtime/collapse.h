// Merging and dropping dimensions of the operands of an elementwise call.
#pragma once

#include <cstddef>

#include "ferrule/plugin.h"

namespace ferrule::detail {

// Inputs come first, outputs follow; outputs have one shape. Inputs of one element broadcast whatever their rank. The
// tensors get the fewest dimensions that describe the same elements in the same order; at least one.
void collapse_dims(frl_tensor* tensors, size_t n_inputs, size_t n_outputs);

}  // namespace ferrule::detail
