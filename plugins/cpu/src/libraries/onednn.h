// oneDNN, opened at first use. Its primitives are made and run single-threaded, on tiles that our own pool hands out:
// one pool for everything, and results that do not depend on the number of threads (docs/decisions-cpu.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace ferrule::cpu::onednn {

// Whether oneDNN was built in, is allowed and could be opened. The first call opens it.
bool available();
// Whether it multiplies bf16 natively here (AVX512-BF16 or later); elsewhere our kernels are as fast.
bool native_bf16();

// A primitive of three operands, ready to run: source, weights and destination, or what stands for them in a gradient.
class Primitive;
using PrimitivePtr = std::shared_ptr<const Primitive>;

// Any thread, several at once. Throws std::runtime_error when oneDNN fails.
void run(const Primitive& primitive, const void* source, const void* weights, void* destination);

// A matrix product; each ld is the distance between stored rows, or columns where transposed.
struct MatmulKey {
  uint32_t dtype;  // f32 or bf16
  uint32_t transposed_a, transposed_b;
  uint32_t f32_out;  // bf16 only: c holds f32
  int64_t m, n, k, lda, ldb, ldc;
};
// From a cache of recent primitives; nullptr when oneDNN cannot make it.
PrimitivePtr find_matmul(const MatmulKey& key);

// A convolution, or one of its gradients, over images stored channels last. Spatial entries beyond n_spatial are 0.
enum ConvOp : uint32_t { kConvForward, kConvInputGrad, kConvWeightGrad };
struct ConvKey {
  uint32_t op, dtype;                                       // f32 or bf16
  int64_t n_spatial, n, groups, in_channels, out_channels;  // channels per group
  int64_t in[3], kernel[3], out[3], stride[3], dilation[3], pad_lo[3], pad_hi[3];
  int64_t w_group, w_out, w_in, w_spatial[3];  // strides of the plain weights
};
struct Conv {
  PrimitivePtr main;     // source, weights, destination: x, w, y; gradients: gy, w, gx; x, gy and the weights' gradient
  PrimitivePtr reorder;  // plain weights to main's; gradient: main's (f32) to plain ones
  uint64_t weight_bytes;  // of main's weights
};
std::shared_ptr<const Conv> find_conv(const ConvKey& key);

}  // namespace ferrule::cpu::onednn
