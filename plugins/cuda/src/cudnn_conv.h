// The convolution kernels that call libraries: cuDNN, or cuBLASLt where a convolution is a matrix product.
#pragma once

#include "host/kernel.h"

namespace ferrule::gpu {

std::span<const Kernel> library_conv_kernels();  // conv, conv_input_grad, conv_weight_grad

}  // namespace ferrule::gpu
