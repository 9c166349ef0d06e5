// The tuning numbers of the kernels, apart from their code. Block sizes are multiples of every supported warp width.
#pragma once

namespace ferrule::gpu::tuning {

inline constexpr unsigned kElementwiseThreads = 256;
inline constexpr unsigned kRowThreads = 256;
inline constexpr unsigned kReduceThreads = 256;

}  // namespace ferrule::gpu::tuning
