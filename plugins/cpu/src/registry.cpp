// kernel_find and kernel_query: what every call must satisfy is checked here, against ops.def, before a family is
// asked.
#include "registry.h"

#include <algorithm>
#include <cstring>

#include "device.h"

namespace ferrule::cpu {
namespace {

struct OpInfo {
  const char* name;
  uint32_t version;
  uint16_t min_inputs, max_inputs, n_outputs;
  uint32_t attrs_size;
};

struct NoAttrs {};
template <typename A>
constexpr uint32_t attrs_bytes() {
  return sizeof(A);
}
template <>
constexpr uint32_t attrs_bytes<NoAttrs>() {
  return 0;
}
using frl_none_attrs = NoAttrs;

#define FRL_OP(code, name, version, min_in, max_in, n_out, attrs, profile, flags, domain, result, tolerance, ulp) \
  {#name, version, min_in, max_in, n_out, attrs_bytes<frl_##attrs##_attrs>()},
constexpr OpInfo kOps[] = {
#include "ferrule/ops.def"
};
#undef FRL_OP

const OpInfo* find_op(const char* name) {
  for (const OpInfo& op : kOps) {
    if (std::strcmp(op.name, name) == 0) return &op;
  }
  return nullptr;
}

// A family is here when its folder is (CMakeLists.txt defines FERRULE_CPU_HAS_<family>).
constexpr std::span<const Kernel> (*kFamilies[])() = {
#ifdef FERRULE_CPU_HAS_copy
    copy_kernels,
#endif
#ifdef FERRULE_CPU_HAS_elementwise
    elementwise_kernels,
#endif
#ifdef FERRULE_CPU_HAS_reduce
    reduce_kernels,
#endif
#ifdef FERRULE_CPU_HAS_matmul
    matmul_kernels,
#endif
#ifdef FERRULE_CPU_HAS_conv
    conv_kernels,
#endif
#ifdef FERRULE_CPU_HAS_index
    index_kernels,
#endif
#ifdef FERRULE_CPU_HAS_random
    random_kernels,
#endif
#ifdef FERRULE_CPU_HAS_scan
    scan_kernels,
#endif
#ifdef FERRULE_CPU_HAS_sort
    sort_kernels,
#endif
#ifdef FERRULE_CPU_HAS_row
    row_kernels,
#endif
};

frl_status check_tensor(const char* op, const char* side, uint32_t index, const frl_tensor& tensor, frl_error* error) {
  if (tensor.dtype >= FRL_DTYPE_END_) {
    return fail(error, FRL_UNSUPPORTED, "[%s] %s %u has dtype code %u; expected one below %u", op, side, index,
                tensor.dtype, static_cast<uint32_t>(FRL_DTYPE_END_));
  }
  if (tensor.ndim > FRL_MAX_DIMS) {
    return fail(error, FRL_INVALID_ARGUMENT, "[%s] %s %u has %u dimensions; expected at most %u", op, side, index,
                tensor.ndim, FRL_MAX_DIMS);
  }
  for (uint32_t i = 0; i < tensor.ndim; ++i) {
    if (tensor.shape[i] < 0) {
      return fail(error, FRL_INVALID_ARGUMENT, "[%s] %s %u has extent %lld on axis %u; expected 0 or more", op, side,
                  index, static_cast<long long>(tensor.shape[i]), i);
    }
  }
  return FRL_OK;
}

// Arity, attributes and the form of every tensor; a family may then read the call without fear.
frl_status check_call(const frl_kernel& kernel, const frl_call& call, frl_error* error) {
  const char* op = kernel.kernel.name;
  if (call.n_inputs < kernel.min_inputs || call.n_inputs > kernel.max_inputs) {
    return fail(error, FRL_INVALID_ARGUMENT, "[%s] got %u inputs; expected %u to %u", op, call.n_inputs,
                kernel.min_inputs, kernel.max_inputs);
  }
  if (call.n_outputs != kernel.n_outputs) {
    return fail(error, FRL_INVALID_ARGUMENT, "[%s] got %u outputs; expected %u", op, call.n_outputs, kernel.n_outputs);
  }
  if ((call.inputs == nullptr && call.n_inputs != 0) || call.outputs == nullptr) {
    return fail(error, FRL_INVALID_ARGUMENT, "[%s] the list of %s is NULL", op,
                call.outputs == nullptr ? "outputs" : "inputs");
  }
  if (call.attrs_size != kernel.attrs_size || (call.attrs == nullptr) != (kernel.attrs_size == 0)) {
    return fail(error, FRL_INVALID_ARGUMENT, "[%s] got %s attributes of %u bytes; expected %u bytes", op,
                call.attrs == nullptr ? "NULL" : "", call.attrs_size, kernel.attrs_size);
  }
  for (uint32_t i = 0; i < call.n_inputs; ++i) {
    if (frl_status status = check_tensor(op, "input", i, call.inputs[i], error); status != FRL_OK) return status;
  }
  for (uint32_t i = 0; i < call.n_outputs; ++i) {
    if (frl_status status = check_tensor(op, "output", i, call.outputs[i], error); status != FRL_OK) return status;
    if (call.outputs[i].dtype == FRL_NONE) {
      return fail(error, FRL_INVALID_ARGUMENT, "[%s] output %u has no dtype", op, i);
    }
  }
  return FRL_OK;
}

}  // namespace

std::vector<frl_kernel> list_kernels() {
  std::vector<frl_kernel> list;
  for (auto family : kFamilies) {
    for (const Kernel& kernel : family()) {
      const OpInfo* op = find_op(kernel.name);
      if (op == nullptr || op->version != kernel.version) continue;
      frl_kernel entry;
      entry.min_inputs = op->min_inputs;
      entry.max_inputs = op->max_inputs;
      entry.n_outputs = op->n_outputs;
      entry.attrs_size = op->attrs_size;
      entry.kernel = kernel;
      list.push_back(entry);
    }
  }
  return list;
}

frl_status kernel_find(frl_device* device, const char* op, uint32_t version, frl_kernel** out_kernel,
                       frl_error* error) {
  if (!valid(device)) return bad_handle(error, "kernel_find", "device", device);
  if (op == nullptr || out_kernel == nullptr) {
    return fail(error, FRL_INVALID_ARGUMENT, "[kernel_find] %s is NULL", op == nullptr ? "op" : "out_kernel");
  }
  for (frl_kernel& kernel : device->kernels) {
    if (kernel.kernel.version == version && std::strcmp(kernel.kernel.name, op) == 0) {
      *out_kernel = &kernel;
      return FRL_OK;
    }
  }
  return fail(error, FRL_UNSUPPORTED, "[kernel_find] the cpu backend has no kernel for op \"%s\" version %u", op,
              version);
}

frl_status kernel_query(frl_kernel* kernel, const frl_call* call, frl_requirements* out_requirements,
                        frl_error* error) {
  if (!valid(kernel)) return bad_handle(error, "kernel_query", "kernel", kernel);
  if (call == nullptr || out_requirements == nullptr) {
    return fail(error, FRL_INVALID_ARGUMENT, "[kernel_query] %s is NULL",
                call == nullptr ? "call" : "out_requirements");
  }
  const size_t room = std::min(sizeof(frl_requirements), size_t{out_requirements->struct_size});
  if (room < offsetof(frl_requirements, next)) {
    return fail(error, FRL_INVALID_ARGUMENT, "[kernel_query] got struct_size %u; expected at least %zu",
                out_requirements->struct_size, offsetof(frl_requirements, next));
  }
  frl_requirements answer{};
  std::memcpy(&answer, out_requirements, room);
  for (const frl_chain* node = answer.next; node != nullptr; node = node->next) {
    if ((node->flags & FRL_CHAIN_MUST_UNDERSTAND) != 0) {
      return fail(error, FRL_UNSUPPORTED, "[kernel_query] got the unknown must-understand node \"%s\"", node->name);
    }
  }
  if (frl_status status = check_call(*kernel, *call, error); status != FRL_OK) return status;

  char text[256] = "";
  const std::span<char> reason_text(text);
  const frl_chain* const chain = answer.next;
  answer = {};
  answer.struct_size = out_requirements->struct_size;
  answer.next = chain;
  const char* reason = kernel->program_query != nullptr
                           ? kernel->program_query(kernel->program, *call, answer, reason_text)
                           : kernel->kernel.query(*call, answer, reason_text);
  if (reason != nullptr) return fail(error, FRL_UNSUPPORTED, "[%s] %s", kernel->kernel.name, reason);
  if (answer.support == 0) answer.support = FRL_SUPPORTED;
  std::memcpy(out_requirements, &answer, room);
  return FRL_OK;
}

}  // namespace ferrule::cpu
