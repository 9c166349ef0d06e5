#include "host/fusion_program.h"

#include "common/check.h"
#include "common/dtypes.h"
#include "host/device.h"
#include "host/failure.h"
#include "host/runtime.h"

namespace ferrule::gpu {

FusedModule::FusedModule(const void* image, FusedForm form) {
  check(vendor::module_load(&module_, image), "loading a fused kernel");
  const auto find = [&](vendor::Function& function, const char* name) {
    if (const vendor::Status status = vendor::module_function(&function, module_, name); status != vendor::kOk) {
      (void)vendor::module_unload(module_);
      check(status, name);
    }
  };
  find(main, "fused_main");
  if (reduces(form)) find(finish, "fused_finish");
  loaded_ = true;
}

FusedModule::FusedModule(vendor::Function main_kernel, vendor::Function finish_kernel)
    : main(main_kernel), finish(finish_kernel) {}

FusedModule::~FusedModule() {
  if (loaded_ && !driver_is_gone()) (void)vendor::module_unload(module_);
}

FusedProgram::FusedProgram(Expression expression, FusedModules& modules)
    : expression_(std::move(expression)), modules_(modules) {
  const bool columns = (expression_.reduction_axes & 1u) != 0;  // the last axis is not known yet
  const FusedForm form = expression_.reduction == 0 ? FusedForm::kFlat
                         : columns                  ? FusedForm::kColumns
                                                    : FusedForm::kRows;
  const FusedSource source = fused_source(expression_, form);
  lanes_ = source.lanes;
  forms_[static_cast<size_t>(form)] = modules_.get(source.text, form);
}

const FusedModule& FusedProgram::module(FusedForm form) const {
  std::lock_guard lock(mutex_);
  auto& module = forms_[static_cast<size_t>(form)];
  if (module == nullptr) module = modules_.get(fused_source(expression_, form).text, form);
  return *module;
}

namespace {

bool is_scalar(const frl_tensor& t) { return (t.flags & FRL_TENSOR_INLINE) != 0 && t.ndim == 0; }

// Whether the kernel for flat operands takes it, alignment aside.
bool is_flat(const frl_tensor& t) {
  if ((t.flags & FRL_TENSOR_INLINE) != 0 || t.ndim == 0) return true;
  int64_t dense = 1;
  bool repeated = true, row_major = true;
  for (uint32_t d = t.ndim; d-- > 0; dense *= t.shape[d]) {
    if (t.shape[d] == 1) continue;
    repeated = repeated && t.strides[d] == 0;
    row_major = row_major && t.strides[d] == dense;
  }
  return repeated || row_major;
}

OperandView view_of(const frl_tensor& t) {
  const bool one = (t.flags & FRL_TENSOR_INLINE) != 0 || t.ndim == 0;
  return {t.shape, one ? nullptr : t.strides, t.ndim};
}

}  // namespace

const char* FusedProgram::query(Device& device, const frl_call& call, Answer& answer, std::span<char> reason) const {
  for (uint32_t i = 0; i < call.n_inputs; ++i) {
    const uint32_t expected = expression_.input_dtypes[i];
    if (expected == FRL_NONE) continue;
    if (const char* bad = plugin::check_dtype(call.inputs[i].dtype, expected, "input", reason)) return bad;
  }
  for (uint32_t i = 0; i < call.n_outputs; ++i) {
    if (const char* bad = plugin::check_dtype(call.outputs[i].dtype, expression_.output_dtype(i), "output", reason)) {
      return bad;
    }
    if (const char* bad = plugin::check_same_shape(call.outputs[0], call.outputs[i], -1, "output", reason)) return bad;
  }
  frl_requirements& needs = answer.requirements;
  needs.inline_ok = (1u << call.n_inputs) - 1;
  needs.out_strided_ok = 1;
  if (expression_.reduction != 0) return query_reduction(device, call, answer, reason);
  bool flat = true;
  for (uint32_t i = 0; i < call.n_outputs; ++i) flat = flat && is_flat(call.outputs[i]);
  for (uint32_t i = 0; i < call.n_inputs; ++i) {
    if (expression_.input_dtypes[i] == FRL_NONE || is_scalar(call.inputs[i])) continue;
    flat = flat && is_flat(call.inputs[i]);
    if (const char* bad = plugin::check_same_shape(call.outputs[0], call.inputs[i], -1, "input", reason)) return bad;
    if (call.n_outputs == 1 && call.inputs[i].dtype == call.outputs[0].dtype) needs.reuse_input_for_output |= 1u << i;
  }
  if (!flat) {  // now, where waiting is expected; calls with other strides than these compile when they run
    device.activate();
    (void)module(FusedForm::kMap);
  }
  return nullptr;
}

const char* FusedProgram::query_reduction(Device& device, const frl_call& call, Answer& answer,
                                          std::span<char> reason) const {
  frl_requirements& needs = answer.requirements;
  needs.depends = FRL_DEPENDS_RANK | FRL_DEPENDS_SHAPES | FRL_DEPENDS_STRIDES;
  const frl_tensor& out = call.outputs[0];
  const frl_tensor* whole = nullptr;
  for (uint32_t i = 0; i < call.n_inputs; ++i) {
    const frl_tensor& in = call.inputs[i];
    if (expression_.input_dtypes[i] == FRL_NONE || is_scalar(in)) continue;
    if (!expression_.read_by_main[i]) {
      if (const char* bad = plugin::check_same_shape(out, in, -1, "epilogue input", reason)) return bad;
      if (call.n_outputs == 1 && in.dtype == out.dtype) needs.reuse_input_for_output |= 1u << i;
      continue;
    }
    if (whole == nullptr) whole = &in;
    if (const char* bad = plugin::check_same_shape(*whole, in, -1, "input", reason)) return bad;
  }
  if (whole == nullptr) return "a reduction over inline elements alone has no shape";
  if (whole->ndim != out.ndim) return plugin::reject(reason, "output: got rank %u; expected %u", out.ndim, whole->ndim);
  if ((expression_.reduction_axes >> out.ndim) != 0) {
    return plugin::reject(reason, "got rank %u for the reduction axes 0x%x", out.ndim, expression_.reduction_axes);
  }
  for (uint32_t d = 0; d < out.ndim; ++d) {
    const int64_t expected = ((expression_.reduction_axes >> d) & 1u) != 0 ? 1 : whole->shape[d];
    if (out.shape[d] != expected) {
      return plugin::reject(reason, "output: got extent %lld on axis %u; expected %lld",
                            static_cast<long long>(out.shape[d]), d, static_cast<long long>(expected));
    }
  }
  OperandView inputs[Expression::kMaxInputs], outputs[Expression::kMaxOutputs];
  for (uint32_t i = 0; i < call.n_inputs; ++i) inputs[i] = view_of(call.inputs[i]);
  for (uint32_t i = 0; i < call.n_outputs; ++i) outputs[i] = view_of(call.outputs[i]);
  for (uint32_t d = 0; d < out.ndim; ++d) {
    if (out.shape[d] == 0) return nullptr;  // never launched
  }
  const ReducePlan plan = plan_reduction(expression_, {inputs, call.n_inputs}, {outputs, call.n_outputs}, lanes_,
                                         device.facts().multiprocessors);
  device.activate();
  (void)module(plan.rows ? FusedForm::kRows : FusedForm::kColumns);  // now, because a recording may not compile
  if (plan.all_splits() > 1) needs.scratch_bytes = plan.results * plan.all_splits() * total_bytes(expression_);
  return nullptr;
}

void FusedProgram::run(Device& device, const Call& call, CommandList& commands) const {
  if (expression_.reduction != 0) {
    run_reduction(device, call, commands);
  } else {
    run_map(call, commands);
  }
}

}  // namespace ferrule::gpu
