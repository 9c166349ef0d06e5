// Fused ops, in MLX's names. Each equals the composition in its comment and runs as one kernel where the backend has
// it.
#pragma once

#include <optional>

#include "ferrule/array.h"
#include "ferrule/device.h"

#pragma GCC visibility push(default)
namespace ferrule::fast {

// Over the last axis: x * rsqrt(mean(x^2) + eps) * weight. weight is 1-d, of the last axis' extent. Statistics are
// accumulated in float32 at least. Zhang & Sennrich, 2019.
array rms_norm(const array& x, const std::optional<array>& weight, float eps, StreamOrDevice s = {});

// Over the last axis: (x - mean) * rsqrt(var + eps) * weight + bias. Ba, Kiros & Hinton, 2016.
array layer_norm(const array& x, const std::optional<array>& weight, const std::optional<array>& bias, float eps,
                 StreamOrDevice s = {});

}  // namespace ferrule::fast
#pragma GCC visibility pop
