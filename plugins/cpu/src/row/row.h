// Tables of row kernels, one per dtype, compiled once per SIMD target. All operands are contiguous; half types are
// computed in float.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ferrule::cpu {

inline constexpr int64_t kStrip = 256;  // most neighbouring columns handled together

struct SoftmaxFns {
  // `rows` rows of n elements; logsumexp writes one element per row.
  void (*softmax_rows)(std::byte* out, const std::byte* x, int64_t rows, int64_t n);
  void (*logsumexp_rows)(std::byte* out, const std::byte* x, int64_t rows, int64_t n);
  // width <= kStrip neighbouring columns of n elements, `stride` elements apart.
  void (*softmax_columns)(std::byte* out, const std::byte* x, int64_t n, int64_t stride, int64_t width);
  void (*logsumexp_columns)(std::byte* out, const std::byte* x, int64_t n, int64_t stride, int64_t width);
};

struct NormOperands {
  const std::byte* x;
  const std::byte* weight;  // or nullptr
  const std::byte* bias;    // or nullptr
  const std::byte* g;       // gradients only
  int64_t n;                // elements per row
  float eps;
};

struct NormFns {
  void (*rms_norm)(std::byte* out, const NormOperands& in, int64_t begin, int64_t end);
  void (*layer_norm)(std::byte* out, const NormOperands& in, int64_t begin, int64_t end);
};

// gweight and gbias are sums over the rows [begin, end), n doubles each.
struct NormGradFns {
  void (*rms_norm)(std::byte* gx, double* gweight, const NormOperands& in, int64_t begin, int64_t end);
  void (*layer_norm)(std::byte* gx, double* gweight, double* gbias, const NormOperands& in, int64_t begin, int64_t end);
};

// nullptr for other dtypes than f16, bf16, f32, f64.
const SoftmaxFns* softmax_fns(uint32_t dtype);
const NormFns* norm_fns(uint32_t dtype);
const NormGradFns* norm_grad_fns(uint32_t dtype);

}  // namespace ferrule::cpu
