// What every call must satisfy is checked here, against ops.def, before a family is asked.
#include "host/registry.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "common/out_struct.h"
#include "host/runtime.h"

namespace ferrule::gpu {
namespace {

// A family is here when its folder is (sources.cmake defines FERRULE_GPU_HAS_<family>). Of several kernels of one name
// the earlier is asked first.
constexpr std::span<const Kernel> (*kFamilies[])() = {
#ifdef FERRULE_GPU_HAS_vendor
    vendor_kernels,
#endif
#ifdef FERRULE_GPU_HAS_copy
    copy_kernels,
#endif
#ifdef FERRULE_GPU_HAS_elementwise
    elementwise_kernels,
#endif
#ifdef FERRULE_GPU_HAS_reduce
    reduce_kernels,
#endif
#ifdef FERRULE_GPU_HAS_row
    row_kernels,
#endif
#ifdef FERRULE_GPU_HAS_scan
    scan_kernels,
#endif
#ifdef FERRULE_GPU_HAS_sort
    sort_kernels,
#endif
#ifdef FERRULE_GPU_HAS_index
    index_kernels,
#endif
#ifdef FERRULE_GPU_HAS_random
    random_kernels,
#endif
#ifdef FERRULE_GPU_HAS_matmul
    matmul_kernels,
#endif
#ifdef FERRULE_GPU_HAS_conv
    conv_kernels,
#endif
    +[]() -> std::span<const Kernel> { return {}; },  // keeps the list from being empty
};

// What an answer depends on when nothing closer is known: a refusal, or a choice between several kernels.
constexpr uint32_t kDependsOnLayout =
    FRL_DEPENDS_RANK | FRL_DEPENDS_SHAPES | FRL_DEPENDS_STRIDES | FRL_DEPENDS_ALIGNMENT | FRL_DEPENDS_ATTRS;

frl_status check_program_call(const frl_kernel& kernel, const frl_call& call, frl_error* error) {
  if (call.n_inputs != kernel.min_inputs || call.n_outputs != kernel.n_outputs || call.attrs_size != 0) {
    return fail(error, FRL_INVALID_ARGUMENT,
                "[%s] got %u inputs, %u outputs and %u bytes of attributes; expected %u, %u and 0", kernel.name,
                call.n_inputs, call.n_outputs, call.attrs_size, kernel.min_inputs, kernel.n_outputs);
  }
  if ((call.inputs == nullptr && call.n_inputs != 0) || call.outputs == nullptr) {
    return fail(error, FRL_INVALID_ARGUMENT, "[%s] the list of %s is NULL", kernel.name,
                call.outputs == nullptr ? "outputs" : "inputs");
  }
  for (uint32_t i = 0; i < uint32_t{call.n_inputs} + call.n_outputs; ++i) {
    const frl_tensor& tensor = i < call.n_inputs ? call.inputs[i] : call.outputs[i - call.n_inputs];
    if (tensor.ndim > FRL_MAX_DIMS || tensor.dtype == FRL_NONE || tensor.dtype >= FRL_DTYPE_END_) {
      return fail(error, FRL_INVALID_ARGUMENT, "[%s] operand %u has dtype code %u and %u dimensions", kernel.name, i,
                  tensor.dtype, tensor.ndim);
    }
  }
  return FRL_OK;
}

}  // namespace

std::deque<frl_kernel> list_kernels(Device& device) {
  std::deque<frl_kernel> list;
  for (auto family : kFamilies) {
    for (const Kernel& kernel : family()) {
      const plugin::OpInfo* op = plugin::find_op(kernel.name);
      if (op == nullptr || op->version != kernel.version) continue;
      auto entry = std::find_if(list.begin(), list.end(), [&](const frl_kernel& k) { return k.op == op; });
      if (entry == list.end()) {
        list.emplace_back();
        entry = list.end() - 1;
        entry->name = op->name;
        entry->min_inputs = op->min_inputs;
        entry->max_inputs = op->max_inputs;
        entry->n_outputs = op->n_outputs;
        entry->attrs_size = op->attrs_size;
        entry->device = &device;
        entry->op = op;
      }
      entry->chain.push_back(&kernel);
    }
  }
  return list;
}

const char* ask(const frl_kernel& kernel, const frl_call& call, Answer& answer, const Kernel** out_kernel,
                std::span<char> reason) {
  const frl_requirements blank = answer.requirements;
  *out_kernel = nullptr;
  if (kernel.program != nullptr) return kernel.program->query(*kernel.device, call, answer, reason);
  const char* why = nullptr;
  for (const Kernel* candidate : kernel.chain) {
    answer.requirements = blank;
    answer.state.reset();
    why = candidate->query(*kernel.device, call, answer, reason);
    if (why == nullptr) {
      *out_kernel = candidate;
      break;
    }
  }
  if (kernel.chain.size() > 1 || why != nullptr) answer.requirements.depends |= kDependsOnLayout;
  return why;  // the last one's: families without a library refuse least
}

frl_status kernel_find(frl_device* device, const char* op, uint32_t version, frl_kernel** out_kernel,
                       frl_error* error) {
  if (!valid(device)) return refuse_handle(error, "kernel_find", "device", device);
  if (op == nullptr || out_kernel == nullptr) {
    return fail(error, FRL_INVALID_ARGUMENT, "[kernel_find] %s is NULL", op == nullptr ? "op" : "out_kernel");
  }
  if (device->device.lost()) return copy_error(error, device->device.cause());
  for (frl_kernel& kernel : device->kernels) {
    if (kernel.op->version == version && std::strcmp(kernel.name, op) == 0) {
      *out_kernel = &kernel;
      return FRL_OK;
    }
  }
  return fail(error, FRL_UNSUPPORTED, "[kernel_find] the %s backend has no kernel for op \"%s\" version %u",
              vendor::kName, op, version);
}

frl_status kernel_query(frl_kernel* kernel, const frl_call* call, frl_requirements* out_requirements,
                        frl_error* error) {
  if (!valid(kernel)) return refuse_handle(error, "kernel_query", "kernel", kernel);
  if (call == nullptr || out_requirements == nullptr) {
    return fail(error, FRL_INVALID_ARGUMENT, "[kernel_query] %s is NULL",
                call == nullptr ? "call" : "out_requirements");
  }
  if (kernel->device->lost()) return copy_error(error, kernel->device->cause());
  frl_requirements given;
  if (frl_status status = plugin::read_out_struct("kernel_query", *out_requirements, given, error); status != FRL_OK) {
    return status;
  }
  const frl_status checked =
      kernel->op != nullptr ? plugin::check_call(*kernel->op, *call, error) : check_program_call(*kernel, *call, error);
  if (checked != FRL_OK) return checked;

  return guarded("kernel_query", kernel->device, error, [&] {
    Answer answer{};
    answer.requirements.struct_size = out_requirements->struct_size;
    answer.requirements.next = given.next;
    char text[256] = "";
    const Kernel* chosen = nullptr;
    const char* reason = ask(*kernel, *call, answer, &chosen, text);
    frl_requirements& needs = answer.requirements;
    if (reason != nullptr) {
      // With FRL_OK, so that the caller also learns what the refusal depends on.
      const uint32_t depends = needs.depends;
      needs = given;
      needs.support = 0;
      needs.depends = depends;
      needs.plan = nullptr;
      (void)fail(error, FRL_UNSUPPORTED, "[%s] %s", kernel->name, reason);
    } else {
      if (needs.support == 0) needs.support = FRL_SUPPORTED;
      if (answer.state != nullptr) kernel->has_state.store(true, std::memory_order_relaxed);
      // A plan that the caller's struct has no room for would be lost; kernel_launch then asks again.
      const bool plan_fits = given.struct_size >= offsetof(frl_requirements, plan) + sizeof needs.plan;
      if (plan_fits && (answer.state != nullptr || kernel->chain.size() > 1)) {
        auto plan = std::make_unique<frl_plan>();
        plan->kernel = chosen;
        plan->state = std::move(answer.state);
        needs.plan = plan.release();
      }
    }
    plugin::write_out_struct(needs, out_requirements);
  });
}

void plan_release(frl_kernel*, frl_plan* plan) {
  if (!valid(plan) || process_is_exiting()) return;
  plan->tag = 0;
  delete plan;
}

}  // namespace ferrule::gpu
