// matmul and addmm by the own kernels: every dtype of the op, any strides, no library.
#include "common/check.h"
#include "kernels/matmul/own_product.h"
#include "kernels/tuning.h"

namespace ferrule::gpu {
namespace {

template <const ProductOperands& kOperands>
const char* query(Device& device, const frl_call& call, Answer& answer, std::span<char> reason) {
  if (const char* why = check_product(call, kOperands, reason)) return why;
  // The same as a library's kernels of these ops name: the core keeps one key for an op.
  answer.requirements.depends = kProductDepends;
  if (plugin::element_count(call.outputs[0]) == 0) return nullptr;
  answer.requirements.scratch_bytes = own_product_scratch(device, read_product(call, kOperands));
  return nullptr;
}

template <const ProductOperands& kOperands>
void run(Device& device, const Call& call, CommandList& commands) {
  if (call.outputs[0].size() == 0) return;
  const MatrixProduct product = read_product(call, kOperands);
  const ProductPointers pointers{call.inputs[kOperands.a].data, call.inputs[kOperands.b].data,
                                 product.has_c ? call.inputs[static_cast<uint32_t>(kOperands.c)].data : nullptr,
                                 call.outputs[0].data};
  run_own_product(device, product, pointers, call.scratch, call.scratch_bytes, commands);
}

constexpr Kernel kKernels[] = {{"matmul", 1, query<kMatmulOperands>, run<kMatmulOperands>},
                               {"addmm", 1, query<kAddmmOperands>, run<kAddmmOperands>}};

}  // namespace

std::span<const Kernel> matmul_kernels() { return kKernels; }

}  // namespace ferrule::gpu
