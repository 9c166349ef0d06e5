// Matrix products by oneDNN.
#include "onednn_primitive.h"

#ifdef FERRULE_CPU_HAS_ONEDNN
#include "ferrule/plugin.h"

namespace ferrule::cpu::onednn {
namespace {

PrimitivePtr make(const MatmulKey& key) {
  const SingleThread single;
  const dnnl_data_type_t type = key.dtype == FRL_DTYPE_BF16 ? dnnl_bf16 : dnnl_f32;
  const auto describe = [](dnnl_data_type_t t, int64_t rows, int64_t cols, int64_t ld, bool transposed,
                           dnnl_memory_desc_t& out) {
    const dnnl_dims_t dims = {rows, cols};
    const dnnl_dims_t strides = {transposed ? 1 : ld, transposed ? ld : 1};
    return api()->dnnl_memory_desc_init_by_strides(&out, 2, dims, t, strides) == dnnl_success;
  };
  dnnl_memory_desc_t operands[3];
  if (!describe(type, key.m, key.k, key.lda, key.transposed_a, operands[0]) ||
      !describe(type, key.k, key.n, key.ldb, key.transposed_b, operands[1]) ||
      !describe(key.f32_out ? dnnl_f32 : type, key.m, key.n, key.ldc, false, operands[2])) {
    return nullptr;
  }
  dnnl_matmul_desc_t op;
  if (api()->dnnl_matmul_desc_init(&op, &operands[0], &operands[1], nullptr, &operands[2]) != dnnl_success)
    return nullptr;
  const UserScratchpad attributes;
  dnnl_primitive_desc_t desc;
  if (api()->dnnl_primitive_desc_create(&desc, &op, attributes.get(), api()->engine, nullptr) != dnnl_success)
    return nullptr;
  constexpr int kArguments[3] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST};
  const auto primitive = std::make_shared<Primitive>(desc, kArguments, operands);
  return primitive->ok() ? primitive : nullptr;
}

}  // namespace

PrimitivePtr find_matmul(const MatmulKey& key) {
  static auto& cache = *new RecentCache<MatmulKey, PrimitivePtr>(256);  // work may run until the process is gone
  return cache.get(key, make);
}

}  // namespace ferrule::cpu::onednn

#else
#include "onednn.h"

namespace ferrule::cpu::onednn {
PrimitivePtr find_matmul(const MatmulKey&) { return nullptr; }
}  // namespace ferrule::cpu::onednn
#endif
