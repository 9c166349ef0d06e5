// The backward pass of reverse-mode differentiation: from the cotangents of outputs to those of the arrays that they were
// traced from. Any thread.
#pragma once

#include <vector>

#include "ferrule/array.h"

namespace ferrule::detail {

// For each source its cotangent, zeros where no output depends on it. Sources are stand-ins of their own (make_tracer).
std::vector<array> backward(const std::vector<array>& outputs, const std::vector<array>& output_cotangents,
                            const std::vector<array>& sources);

}  // namespace ferrule::detail
