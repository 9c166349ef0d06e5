/* Attribute structs of the ops in ops.def, and each op's operands in words. Part of the stable ABI: a struct is frozen
 * for its op's version. C11; included by plugin.h. Unless said otherwise the data operands have one dtype (the op's
 * `domain`), axes are non-negative and below the rank, and every value is defined by docs/numerics.md. */
#ifndef FERRULE_OP_ATTRS_H
#define FERRULE_OP_ATTRS_H
#include <stdint.h>

/* fill: (value: 0-d) -> out, every element `value`.
 * copy: (x) -> out, same shape, any dtypes: converts by the cast table of numerics.md. A kernel that also takes
 *   strided outputs (`out_strided_ok`) serves concatenate, pad and slice_update without a staging copy.
 * select: (condition: bool, x, y) -> condition ? x : y; all of one shape.
 * Unary and binary ops: operands of one shape (broadcasting is by zero strides).
 * bitwise_* on bool are the logical operations; shifts take the amount as second operand. */

/* arange: () -> 1-d out; out[i] = start + i * step. Integer outputs use the i-fields (modulo 2^bits), floating
 * outputs the f-fields, evaluated in f64 and rounded once to the output dtype. */
typedef struct frl_arange_attrs {
  int64_t istart, istep;
  double fstart, fstep;
} frl_arange_attrs;

/* reduce_*: (x) -> out of x's rank, extent 1 on every axis in `axes`. Identity for empty extents: sum 0, prod 1,
 * max -inf or the least value, min +inf or the greatest value, and true, or false. An axes mask of 0 is a copy (cast).
 */
typedef struct frl_reduce_attrs {
  uint32_t axes; /* bit i = axis i is reduced */
  uint32_t reserved;
} frl_reduce_attrs;

/* argmax, argmin: (x) -> uint32 of x's rank, extent 1 on `axis`; the first of equal elements; NaN wins over numbers.
 *   The extent of `axis` is at least 1.
 * sort, argsort: (x) -> out of x's shape, ascending, stable, NaN last.
 * logsumexp: (x) -> out of x's rank, extent 1 on `axis`.
 * gather_axis: (x, indices) -> out of indices' shape; out[.., i, ..] = x[.., indices[.., i, ..], ..] along `axis`;
 *   indices: any integer dtype, x's rank, equal to x's shape except on `axis` (zero strides broadcast). */
typedef struct frl_axis_attrs {
  int32_t axis;
  uint32_t reserved;
} frl_axis_attrs;

/* matmul: (a: [.., M, K], b: [.., K, N]) -> [.., M, N]; ranks equal and at least 2, batch extents equal (zero strides
 *   broadcast). K = 0 gives zeros. f16 and bf16 accumulate in f32.
 * addmm: (c: [.., M, N], a, b) -> alpha * (a @ b) + beta * c. c may broadcast by zero strides; with beta = 0, c is
 *   still an operand but must not influence the result (not even its NaN). */
typedef struct frl_addmm_attrs {
  float alpha, beta;
} frl_addmm_attrs;

/* gather: (x, index_0 .. index_{n-1}) -> out of shape indices.shape ++ slice_sizes. The indices have one integer dtype
 * and one shape I; index_k addresses axes[k] of x. out[i.., s..] = x[s.. with index_k[i..] added on axes[k]].
 * slice_sizes has x's rank. A negative index counts from the end; an index out of range after that is clamped so that
 * the whole slice lies inside x. */
typedef struct frl_gather_attrs {
  uint32_t n_axes; /* = number of index operands; may be 0 */
  int32_t axes[10];
  uint32_t reserved;
  int64_t slice_sizes[10];
} frl_gather_attrs;

/* scatter: (x, index_0 .. index_{n-1}, updates) -> out of x's shape: a copy of x, then for every index tuple the slice
 * of updates is written at its place, combined by `mode`. updates has shape I ++ slice, slice of x's rank. Indices as
 * in gather, but an update any part of which lies outside x is dropped. With ASSIGN and repeated indices the last
 * update in row-major order of I wins (deterministic); SUM may be added in any order. */
#define FRL_SCATTER_ASSIGN 0u
#define FRL_SCATTER_SUM 1u
#define FRL_SCATTER_PROD 2u
#define FRL_SCATTER_MAX 3u
#define FRL_SCATTER_MIN 4u
typedef struct frl_scatter_attrs {
  uint32_t mode; /* FRL_SCATTER_* */
  uint32_t n_axes;
  int32_t axes[10];
} frl_scatter_attrs;

/* scatter_axis: (x, indices, updates) -> out of x's shape; along `axis` the inverse of gather_axis; updates has
 * indices' shape. mode: FRL_SCATTER_ASSIGN or FRL_SCATTER_SUM. */
typedef struct frl_scatter_axis_attrs {
  int32_t axis;
  uint32_t mode;
} frl_scatter_axis_attrs;

/* masked_scatter: (x, mask: bool of x's shape, source: 1-d) -> x where mask is false; the k-th true element of mask, in
 * row-major order, takes source[k]; beyond source's end x stays.
 *
 * random_bits: (keys: uint32 [n, 2]) -> [n, m] of uint8, uint16 or uint32. Row r holds the first m words of the
 * threefry2x32-20 stream of key r in MLX's layout: with W = ceil(m * itemsize / 4) 32-bit words and H = ceil(W / 2),
 * block j < H encrypts the counter (j, j + H), where an odd W replaces the counter's last second word by 0 and drops
 * that word's output; first words fill positions [0, H), second words [H, W). Bytes are little-endian.
 * Source: Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011). */

/* cumsum, cumprod, cummax, cummin, logcumsumexp: (x) -> out of x's shape. exclusive: out[0] is the identity. */
typedef struct frl_scan_attrs {
  int32_t axis;
  uint16_t reverse;
  uint16_t exclusive;
} frl_scan_attrs;

/* partition, argpartition: (x) -> out of x's shape: element kth is the one a sort would put there, none before it is
 * greater, none after it is less. 0 <= kth < extent. */
typedef struct frl_partition_attrs {
  int32_t axis;
  uint32_t reserved;
  int64_t kth;
} frl_partition_attrs;

/* softmax: (x) -> out of x's shape, along `axis`. precise: f16 and bf16 accumulate in f32 (kernels may always). */
typedef struct frl_softmax_attrs {
  int32_t axis;
  uint32_t precise;
} frl_softmax_attrs;

/* rms_norm: (x: [.., D], weight?: [D]) -> x * rsqrt(mean(x^2) + eps) * weight.  Zhang & Sennrich 2019.
 * layer_norm: (x, weight?: [D], bias?: [D]) -> (x - mean) * rsqrt(var + eps) * weight + bias.  Ba et al. 2016.
 * rms_norm_vjp: (x, weight or NONE, g) -> (gx, gweight);  layer_norm_vjp: (x, weight or NONE, bias or NONE, g) ->
 *   (gx, gweight, gbias). Parameter gradients have shape [D]; they are always written, whether or not the parameter
 *   is present. Statistics are accumulated in f32 at least; eps is added in that precision. */
typedef struct frl_norm_attrs {
  float eps;
  uint32_t reserved;
} frl_norm_attrs;

/* Convolution (cross-correlation unless flip), channels last; n = spatial dims, 1 to 3.
 *   x: [N, spatial.., C], w: [O, kernel.., C / groups], y: [N, out.., O];
 *   out = (dilated_in + pad_lo + pad_hi - dilated_kernel) / stride + 1, dilated_in = (in - 1) * input_dilation + 1.
 * conv: (x, w) -> y.  conv_input_grad: (gy, w) -> gx.  conv_weight_grad: (x, gy) -> gw.
 * Padding may be negative (crop). flip reverses the kernel's spatial axes. Accumulation as matmul. */
typedef struct frl_conv_attrs {
  uint32_t n_spatial;
  uint32_t flip;
  int64_t groups;
  int64_t stride[3], pad_lo[3], pad_hi[3], kernel_dilation[3], input_dilation[3];
} frl_conv_attrs;

/* searchsorted: (a: 1-d ascending, v: any shape) -> uint32 of v's shape: where v would be inserted.
 * right = 0: first i with a[i] >= v; right = 1: first i with a[i] > v. NaN sorts last. */
typedef struct frl_searchsorted_attrs {
  uint32_t right;
  uint32_t reserved;
} frl_searchsorted_attrs;

/* pad: (x, value: 0-d) -> out; extent_i + low_i + high_i; low and high are not negative. */
typedef struct frl_pad_attrs {
  int64_t low[10], high[10];
} frl_pad_attrs;

/* ---- provisional ops (version 0) ---- */

/* rope: (x: [.., T, D], offset: int32 0-d or [batch], freqs?: f32 [dims / 2]) -> x rotated over its first `dims`. */
typedef struct frl_rope_attrs {
  int64_t dims;
  uint32_t traditional, forward;
  float base, scale;
} frl_rope_attrs;

/* attention: (q: [B, H, T, D], k, v: [B, H_kv, S, D], mask?, sinks?) -> [B, H, T, D_v].
 * attention_vjp: (q, k, v, out, logsumexp, g, mask?, sinks?) -> (gq, gk, gv). */
typedef struct frl_attention_attrs {
  float scale;
  uint32_t causal;
} frl_attention_attrs;

#define FRL_QUANT_AFFINE 0u
#define FRL_QUANT_MXFP4 1u
#define FRL_QUANT_MXFP8 2u
#define FRL_QUANT_NVFP4 3u
/* quantize: (w) -> (packed uint32, scales, biases).  dequantize: (packed, scales, biases?) -> w. */
typedef struct frl_quantize_attrs {
  uint32_t group_size, bits, mode, reserved;
} frl_quantize_attrs;

/* quantized_matmul: (x, packed, scales, biases?) -> y.  gather_quantized_matmul: also (lhs_indices?, rhs_indices?). */
typedef struct frl_quantized_matmul_attrs {
  uint32_t group_size, bits, mode, transpose;
} frl_quantized_matmul_attrs;

/* gather_matmul: (a, b, lhs_indices?, rhs_indices?) -> a[lhs] @ b[rhs]. */
typedef struct frl_gather_matmul_attrs {
  uint32_t sorted_lhs, sorted_rhs;
} frl_gather_matmul_attrs;

/* block_masked_matmul: (a, b, out_mask?, lhs_mask?, rhs_mask?) -> y, masks per block. segmented_matmul: (a, b,
 * segments: uint32 [n, 2]) -> [n, M, N]. to_fp8: (x) -> uint8 (e4m3); from_fp8: the inverse. */
typedef struct frl_block_masked_matmul_attrs {
  uint32_t block_size, reserved;
} frl_block_masked_matmul_attrs;

/* fft: (x) -> out over `axes`, real or complex by the dtypes; unnormalised forward, 1/n inverse. */
typedef struct frl_fft_attrs {
  uint32_t n_axes, inverse;
  int32_t axes[10];
} frl_fft_attrs;

/* hadamard: (x: [.., n]) -> scale * H_n x, n = m * 2^k with m in {1, 12, 20, 28}. */
typedef struct frl_hadamard_attrs {
  float scale;
  uint32_t reserved;
} frl_hadamard_attrs;

/* qr: (a) -> (q, r).  svd: (a) -> (u, s, vt), vectors = 0: only s.  eigh, eig: (a) -> (values, vectors).
 * lu: (a) -> (row pivots uint32, l, u).  cholesky: (a) -> factor, upper or lower.  inverse: (a) -> a^-1, triangular
 * when `triangular`. */
typedef struct frl_factor_attrs {
  uint32_t vectors, upper, triangular, reserved;
} frl_factor_attrs;

#endif
