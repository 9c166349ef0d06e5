// matmul and addmm through cuBLASLt, where the own kernels are not the better choice (kernels/tuning.h).
#include "src/cublaslt_matmul.h"

#include <algorithm>

#include "common/check.h"
#include "common/dtypes.h"
#include "host/failure.h"
#include "kernels/tuning.h"
#include "src/plan_alignment.h"

namespace ferrule::gpu {

const char* prefer_own_product(const MatrixProduct& p) {
  if (p.k == 0) return "a product without terms needs no library";
  if (p.alpha == 0.0f) return "with alpha = 0 the library would not look at a and b";
  if (std::min(p.m, p.n) <= tuning::kOwnVectors) return "the own kernels stream a matrix past few vectors";
  const double work = static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k);
  if (work * static_cast<double>(p.batches()) <= static_cast<double>(tuning::kOwnMultiplyAdds)) {
    return "small products are launched directly";
  }
  return nullptr;
}

namespace {

template <const ProductOperands& kOperands>
const char* query(Device& device, const frl_call& call, Answer& answer, std::span<char> reason) {
  answer.requirements.depends = kProductDepends;
  if (const char* why = check_product(call, kOperands, reason)) return why;
  if (plugin::element_count(call.outputs[0]) == 0) return "empty products are not launched";
  MatrixProduct product = read_product(call, kOperands);
  if (const char* why = prefer_own_product(product)) return why;
  const LtProduct::Layouts takes = LtProduct::takes(product);
  uint32_t contiguous = (takes.a ? 0 : 1u << kOperands.a) | (takes.b ? 0 : 1u << kOperands.b);
  if (!takes.c) contiguous |= 1u << static_cast<uint32_t>(std::max(kOperands.c, 0));
  if (contiguous != 0) product = read_product(call, kOperands, contiguous);
  const auto alignment = [&](uint32_t input) {
    return ((contiguous >> input) & 1) != 0 ? kPlanAlignment : plan_alignment(call.inputs[input]);
  };
  const uint32_t c_alignment = kOperands.c < 0 ? kPlanAlignment : alignment(static_cast<uint32_t>(kOperands.c));
  try {
    auto plan = LtProduct::make(
        device, product, {alignment(kOperands.a), alignment(kOperands.b), c_alignment, plan_alignment(call.outputs[0])},
        call.math);
    answer.requirements.contiguous_inputs = contiguous;
    answer.requirements.scratch_bytes = plan->workspace_bytes();
    answer.state = std::move(plan);
    return nullptr;
  } catch (const Failure& failure) {
    if (failure.error().code == FRL_DEVICE_LOST) throw;
    return plugin::reject(reason, "%s", failure.what());
  }
}

template <const ProductOperands& kOperands>
void run(Device& device, const Call& call, CommandList& commands) {
  const auto& plan = *static_cast<const LtProduct*>(call.state);
  const auto input = [&](int32_t i) { return i < 0 ? nullptr : call.inputs[static_cast<uint32_t>(i)].data; };
  const ProductPointers at{input(static_cast<int32_t>(kOperands.a)), input(static_cast<int32_t>(kOperands.b)),
                           input(kOperands.c), call.outputs[0].data};
  if (plan.fits(at)) return plan.launch(commands, at, call.scratch);
  run_own_product(device, read_product(call, kOperands), at, call.scratch, call.scratch_bytes, commands);
}

constexpr Kernel kKernels[] = {{"matmul", 1, query<kMatmulOperands>, run<kMatmulOperands>},
                               {"addmm", 1, query<kAddmmOperands>, run<kAddmmOperands>}};

}  // namespace

std::span<const Kernel> cublaslt_kernels() { return kKernels; }

}  // namespace ferrule::gpu
