// The own convolutions: any problem, boxes of the input in cache, register-blocked kernels over them. Tiles depend on
// the problem alone, so results are bitwise equal for any number of threads.
#pragma once

#include "common/conv.h"

namespace ferrule::cpu {

using plugin::ConvProblem;

uint64_t conv_forward_scratch_bytes(const ConvProblem& p);
// y (row-contiguous) = conv(x, w). Also the input gradient, by its forward problem.
void conv_forward(const ConvProblem& p, const std::byte* x, const std::byte* w, std::byte* y, std::byte* scratch);

uint64_t conv_weight_grad_scratch_bytes(const ConvProblem& p);
// w (row-contiguous) = gradient of the weights, from x and the output gradient y.
void conv_weight_grad(const ConvProblem& p, const std::byte* x, const std::byte* y, std::byte* w, std::byte* scratch);

// The same results term by term, where padding must not meet an infinite or NaN factor. Slow; only for such data.
void conv_forward_exact(const ConvProblem& p, const std::byte* x, const std::byte* w, std::byte* y);
void conv_weight_grad_exact(const ConvProblem& p, const std::byte* x, const std::byte* y, std::byte* w);

// Whether no element is infinite or NaN.
bool all_finite(const float* values, int64_t count);
bool all_finite(const double* values, int64_t count);

}  // namespace ferrule::cpu
