// The kernels of the row family: queries and entry points.
#include "kernels/row/row.h"

#include "common/contract.h"
#include "host/device.h"

namespace ferrule::gpu {
namespace {

using namespace plugin;
using Reason = std::span<char>;

// Inputs contiguous; scratch that depends on the shape.
const char* answer_with(Answer& answer, uint32_t n_inputs, uint64_t scratch, uint32_t depends) {
  answer.requirements.support = FRL_SUPPORTED;
  answer.requirements.contiguous_inputs = (1u << n_inputs) - 1;
  answer.requirements.scratch_bytes = scratch;
  answer.requirements.depends = FRL_DEPENDS_RANK | FRL_DEPENDS_SHAPES | depends;
  return nullptr;
}

const char* query_softmax(Device&, const frl_call& call, Answer& answer, Reason reason) {
  if (const char* bad = check_softmax(call, reason)) return bad;
  const frl_tensor& x = call.inputs[0];
  const Fibres f(x.shape, x.ndim, static_cast<uint32_t>(static_cast<const frl_softmax_attrs*>(call.attrs)->axis));
  return answer_with(answer, 1, softmax_scratch(x.dtype, f), FRL_DEPENDS_ATTRS);
}

void run_softmax(Device&, const Call& call, CommandList& commands) {
  const Operand& x = call.inputs[0];
  if (x.size() == 0) return;
  const Fibres f(x.shape, x.ndim, static_cast<uint32_t>(call.attributes<frl_softmax_attrs>().axis));
  launch_softmax(call, f, false, commands);
}

const char* query_logsumexp(Device&, const frl_call& call, Answer& answer, Reason reason) {
  if (const char* bad = check_logsumexp(call, reason)) return bad;
  const frl_tensor& x = call.inputs[0];
  const Fibres f(x.shape, x.ndim, static_cast<uint32_t>(static_cast<const frl_axis_attrs*>(call.attrs)->axis));
  return answer_with(answer, 1, softmax_scratch(x.dtype, f), FRL_DEPENDS_ATTRS);
}

void run_logsumexp(Device&, const Call& call, CommandList& commands) {
  if (call.outputs[0].size() == 0) return;
  const Operand& x = call.inputs[0];
  const Fibres f(x.shape, x.ndim, static_cast<uint32_t>(call.attributes<frl_axis_attrs>().axis));
  launch_softmax(call, f, true, commands);
}

template <uint32_t kParameters, bool kGradient>
const char* query_norm(Device& device, const frl_call& call, Answer& answer, Reason reason) {
  if (const char* bad = check_norm(call, kParameters, kGradient, reason)) return bad;
  const frl_tensor& x = call.inputs[0];
  const auto n = static_cast<uint64_t>(x.shape[x.ndim - 1]);
  const uint64_t rows = n == 0 ? 0 : static_cast<uint64_t>(element_count(x)) / n;
  uint64_t scratch = 0;
  if (n > 0)
    scratch =
        kGradient ? norm_vjp_scratch(x.dtype, rows, n, device.facts().multiprocessors) : norm_scratch(x.dtype, rows, n);
  return answer_with(answer, call.n_inputs, scratch, 0);
}

template <bool kLayer>
void run_norm(Device&, const Call& call, CommandList& commands) {
  if (call.outputs[0].size() != 0) launch_norm(call, kLayer, commands);
}

template <bool kLayer>
void run_norm_vjp(Device& device, const Call& call, CommandList& commands) {
  if (call.outputs[1].size() != 0) launch_norm_vjp(call, kLayer, device.facts().multiprocessors, commands);
}

}  // namespace

std::span<const Kernel> row_kernels() {
  static constexpr Kernel kKernels[] = {
      {"softmax", 1, query_softmax, run_softmax},
      {"logsumexp", 1, query_logsumexp, run_logsumexp},
      {"rms_norm", 1, query_norm<1, false>, run_norm<false>},
      {"rms_norm_vjp", 1, query_norm<1, true>, run_norm_vjp<false>},
      {"layer_norm", 1, query_norm<2, false>, run_norm<true>},
      {"layer_norm_vjp", 1, query_norm<2, true>, run_norm_vjp<true>},
  };
  return kKernels;
}

}  // namespace ferrule::gpu
