// Convolution calls of gpu backends: limits, reading and products. Shared by the own kernels and the vendors' libraries. Pure
// functions of a call that passed plugin::check_call.
#pragma once

#include <cstdint>
#include <span>

#include "common/conv.h"
#include "host/kernel.h"
#include "kernels/matmul/problem.h"

namespace ferrule::gpu {

using plugin::ConvOp;
using plugin::ConvProblem;
using plugin::input_grad_problem;

// What an answer about these ops depends on, whichever kernel gives it.
inline constexpr uint32_t kConvDepends =
    FRL_DEPENDS_RANK | FRL_DEPENDS_SHAPES | FRL_DEPENDS_STRIDES | FRL_DEPENDS_ALIGNMENT | FRL_DEPENDS_ATTRS;

// nullptr, or why the call breaks the op's contract or what kernels can count.
const char* check_conv_call(ConvOp op, const frl_call& call, std::span<char> reason);
// The forward problem of x, w and y, whatever the op, of a call that passed the check; w is row-contiguous. Inputs whose
// bit is set in `contiguous` are read as row-contiguous.
ConvProblem read_conv(ConvOp op, const frl_call& call, uint32_t contiguous);
ConvProblem read_conv(ConvOp op, const Call& call);
// The product that a convolution with is_product() is: pixels are the rows of a matrix. a is the first operand, or the
// output gradient of a weight gradient.
MatrixProduct conv_product(const ConvProblem& forward);

}  // namespace ferrule::gpu
