// Every unary and binary kernel and select: the query, and the way from a call to the inner loops. Contiguous operands
// go straight to the loop; strided ones and narrow dtypes run as a one-step tile program.
#include <algorithm>
#include <array>
#include <atomic>
#include <memory>

#include "common/check.h"
#include "elementwise/loop_table.h"
#include "elementwise/op_info.h"
#include "elementwise/tile_domain.h"
#include "elementwise/tile_program.h"
#include "kernel.h"
#include "parallel.h"
#include "streaming.h"

namespace ferrule::cpu {
namespace {

using plugin::dtype_name;
using plugin::reject;

constexpr auto kOps = [] {
  constexpr size_t n = static_cast<size_t>(std::count_if(kFusableOps.begin(), kFusableOps.end(), is_elementwise));
  std::array<OpInfo, n> ops{};
  std::copy_if(kFusableOps.begin(), kFusableOps.end(), ops.begin(), is_elementwise);
  return ops;
}();

template <size_t kIndex>
const char* query(const frl_call& call, frl_requirements& out, std::span<char> reason) {
  constexpr OpInfo op = kOps[kIndex];
  constexpr uint32_t first = op.code == FRL_OP_select ? 1 : 0;
  const uint32_t dtype = call.inputs[first].dtype;
  const frl_tensor& output = call.outputs[0];
  if (dtype == FRL_NONE || dtype >= kDtypes || ((op.domain >> dtype) & 1u) == 0) {
    return reject(reason, "got operands of dtype %s, which the op does not take", dtype_name(dtype));
  }
  if (first == 1 && call.inputs[0].dtype != FRL_DTYPE_BOOL) {
    return reject(reason, "got a condition of dtype %s; expected bool", dtype_name(call.inputs[0].dtype));
  }
  for (uint32_t i = 0; i < op.min_inputs; ++i) {
    const frl_tensor& input = call.inputs[i];
    if (i >= first && input.dtype != dtype) {
      return reject(reason, "got operands of dtype %s and %s; expected one dtype", dtype_name(dtype),
                    dtype_name(input.dtype));
    }
    if (input.ndim != output.ndim) {
      std::snprintf(reason.data(), reason.size(),
                    "got input %u of rank %u and an output of rank %u; expected one shape", i, input.ndim, output.ndim);
      return reason.data();
    }
    for (uint32_t k = 0; k < input.ndim; ++k) {
      if (input.shape[k] == output.shape[k]) continue;
      std::snprintf(reason.data(), reason.size(),
                    "got extent %lld on axis %u of input %u and %lld of the output; expected one shape",
                    static_cast<long long>(input.shape[k]), k, i, static_cast<long long>(output.shape[k]));
      return reason.data();
    }
  }
  const uint32_t result = result_dtype(op.code, dtype);
  if (output.dtype != result) {
    return reject(reason, "got an output of dtype %s; expected %s", dtype_name(output.dtype), dtype_name(result));
  }
  out.support = FRL_SUPPORTED;
  out.inline_ok = (1u << op.min_inputs) - 1u;
  if (result == dtype) out.reuse_input_for_output = ((1u << op.min_inputs) - 1u) & ~((1u << first) - 1u);
  if (op.code == FRL_OP_select && dtype == FRL_DTYPE_BOOL) out.reuse_input_for_output |= 1u;
  return nullptr;
}

// One-step programs, made at first use and kept until the plugin goes.
class Programs {
 public:
  ~Programs() {
    for (auto& row : made_) {
      for (auto& program : row) delete program.load();
    }
  }
  const TileProgram& get(uint32_t op, uint32_t n_inputs, uint32_t dtype) {
    std::atomic<TileProgram*>& place = made_[op][dtype];
    TileProgram* program = place.load(std::memory_order_acquire);
    if (program == nullptr) {
      auto fresh = make(op, n_inputs, dtype);
      if (place.compare_exchange_strong(program, fresh.get(), std::memory_order_acq_rel)) program = fresh.release();
    }
    return *program;
  }

 private:
  static std::unique_ptr<TileProgram> make(uint32_t op, uint32_t n_inputs, uint32_t dtype) {
    auto program = std::make_unique<TileProgram>();
    uint32_t operands[kMaxOperands];
    for (uint32_t i = 0; i < n_inputs; ++i) {
      operands[i] = program->add_input(op == FRL_OP_select && i == 0 ? uint32_t{FRL_DTYPE_BOOL} : dtype);
    }
    uint32_t value = 0;
    program->add_op(loop_table(), op, dtype, std::span(operands, n_inputs), &value);
    program->add_output(program->add_cast(loop_table(), value, result_dtype(op, dtype)));
    program->finish();
    return program;
  }
  std::array<std::array<std::atomic<TileProgram*>, kDtypes>, kOpCodes> made_{};
};

void run_op(uint32_t op, const Call& call) {
  const uint32_t dtype = call.inputs[op == FRL_OP_select ? 1 : 0].dtype;
  const Loop loop = loop_table().ops[op][dtype];
  const Tensor& output = call.outputs[0];
  const int64_t grain = elements_per_task(op, dtype);
  const void* operands[kMaxOperands];
  uint32_t scalars = 0;
  bool direct = loop != nullptr;
  for (uint32_t i = 0; direct && i < call.n_inputs; ++i) {
    operands[i] = call.inputs[i].data;
    if (is_contiguous(call.inputs[i])) continue;
    scalars |= 1u << i;
    direct = is_one_element(call.inputs[i]);
  }
  if (!direct) {
    static Programs programs;
    programs.get(op, call.n_inputs, dtype).run(std::span(call.inputs, call.n_inputs), std::span(&output, 1), grain);
    return;
  }
  const int64_t n = output.size();
  if (n <= grain) {
    loop(operands, output.data, static_cast<size_t>(n), scalars);
    return;
  }
  size_t steps[kMaxOperands];
  for (uint32_t i = 0; i < call.n_inputs; ++i) {
    steps[i] = ((scalars >> i) & 1u) != 0 ? 0 : item_bytes(call.inputs[i].dtype);
  }
  const size_t out_step = item_bytes(output.dtype);
  const bool streams = streams_out(std::span(call.inputs, call.n_inputs), output);
  if (streams) scalars |= kStreamOut;
  parallel_for(n, grain, [&](int64_t begin, int64_t end) {
    const auto offset = static_cast<size_t>(begin);
    const void* part[kMaxOperands];
    for (uint32_t i = 0; i < call.n_inputs; ++i)
      part[i] = static_cast<const std::byte*>(operands[i]) + offset * steps[i];
    loop(part, output.data + offset * out_step, static_cast<size_t>(end - begin), scalars);
    if (streams) stream_fence();
  });
}

template <size_t kIndex>
void run(const Call& call) {
  run_op(kOps[kIndex].code, call);
}

}  // namespace

std::span<const Kernel> elementwise_kernels() {
  static constexpr auto kKernels = []<size_t... kIndex>(std::index_sequence<kIndex...>) {
    return std::array<Kernel, sizeof...(kIndex)>{
        {{kOps[kIndex].name, kOps[kIndex].version, query<kIndex>, run<kIndex>}...}};
  }
  (std::make_index_sequence<kOps.size()>());
  return kKernels;
}

}  // namespace ferrule::cpu
