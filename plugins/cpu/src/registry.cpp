// kernel_find and kernel_query: what every call must satisfy is checked here, against ops.def, before a family is
// asked.
#include "registry.h"

#include <cstring>

#include "common/out_struct.h"
#include "device.h"

namespace ferrule::cpu {
namespace {

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

}  // namespace

std::vector<frl_kernel> list_kernels() {
  std::vector<frl_kernel> list;
  for (auto family : kFamilies) {
    for (const Kernel& kernel : family()) {
      const plugin::OpInfo* op = plugin::find_op(kernel.name);
      if (op == nullptr || op->version != kernel.version) continue;
      frl_kernel entry;
      entry.op = *op;
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
  frl_requirements answer;
  if (frl_status status = plugin::read_out_struct("kernel_query", *out_requirements, answer, error); status != FRL_OK) {
    return status;
  }
  if (frl_status status = plugin::check_call(kernel->op, *call, error); status != FRL_OK) return status;

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
  plugin::write_out_struct(answer, out_requirements);
  return FRL_OK;
}

}  // namespace ferrule::cpu
