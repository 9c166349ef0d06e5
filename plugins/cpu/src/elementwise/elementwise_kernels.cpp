// Every unary and binary kernel and select: the query, and the way from a call to the inner loops. Contiguous operands
// go straight to the loop; strided ones and narrow dtypes run as a one-step tile program.
#include <array>
#include <atomic>
#include <cstdio>
#include <memory>

#include "elementwise/loop_table.h"
#include "elementwise/tile_domain.h"
#include "elementwise/tile_program.h"
#include "kernel.h"
#include "parallel.h"

namespace ferrule::cpu {
namespace {

constexpr int64_t kGrain = 32768;  // elements per task; fewer run on the caller alone
constexpr int64_t kExpensiveGrain = 4096;

enum DtypeSet : uint32_t {
  B = 1u << FRL_DTYPE_BOOL,
  CPLX = 1u << FRL_DTYPE_C64,
  FLT = 1u << FRL_DTYPE_F16 | 1u << FRL_DTYPE_BF16 | 1u << FRL_DTYPE_F32 | 1u << FRL_DTYPE_F64,
  INTS = 1u << FRL_DTYPE_U8 | 1u << FRL_DTYPE_U16 | 1u << FRL_DTYPE_U32 | 1u << FRL_DTYPE_U64 | 1u << FRL_DTYPE_I8 |
         1u << FRL_DTYPE_I16 | 1u << FRL_DTYPE_I32 | 1u << FRL_DTYPE_I64,
  BITS = INTS | B,
  RNUM = INTS | FLT,
  REALS = RNUM | B,
  NUM = RNUM | CPLX,
  INEXACT = FLT | CPLX,
  ALL = NUM | B,
};

struct OpInfo {
  const char* name;
  uint32_t code, version, n_inputs, domain;
};
#define FRL_OP(code, name, version, min_in, max_in, n_out, attrs, profile, flags, domain, result, tolerance, ulp) \
  {#name, code, version, min_in, domain},
constexpr OpInfo kAllOps[] = {
#include "ferrule/ops.def"
};
#undef FRL_OP

constexpr bool is_elementwise(uint32_t code) { return code == FRL_OP_select || (code >= 10 && code < kOpCodes); }
constexpr size_t count_ops() {
  size_t n = 0;
  for (const OpInfo& op : kAllOps) n += is_elementwise(op.code) ? 1 : 0;
  return n;
}
constexpr auto kOps = [] {
  std::array<OpInfo, count_ops()> ops{};
  size_t n = 0;
  for (const OpInfo& op : kAllOps) {
    if (is_elementwise(op.code)) ops[n++] = op;
  }
  return ops;
}();

const char* dtype_name(uint32_t dtype) {
  static constexpr const char* kNames[kDtypes] = {
      "none",
#define FRL_DTYPE(code, NAME, name, bytes, kind) #name,
#include "ferrule/dtypes.def"
#undef FRL_DTYPE
  };
  return dtype < kDtypes ? kNames[dtype] : "unknown";
}

bool is_expensive(uint32_t op, uint32_t dtype) {
  const bool transcendental = (op >= FRL_OP_exp && op <= FRL_OP_erfinv) || op == FRL_OP_power ||
                              op == FRL_OP_logaddexp || op == FRL_OP_arctan2 || op == FRL_OP_remainder;
  return transcendental || dtype == FRL_DTYPE_C64;
}

template <size_t kIndex>
const char* query(const frl_call& call, frl_requirements& out, std::span<char> reason) {
  constexpr OpInfo op = kOps[kIndex];
  constexpr uint32_t first = op.code == FRL_OP_select ? 1 : 0;
  const uint32_t dtype = call.inputs[first].dtype;
  const frl_tensor& output = call.outputs[0];
  if (dtype == FRL_NONE || dtype >= kDtypes || ((op.domain >> dtype) & 1u) == 0) {
    std::snprintf(reason.data(), reason.size(), "got operands of dtype %s, which the op does not take",
                  dtype_name(dtype));
    return reason.data();
  }
  if (first == 1 && call.inputs[0].dtype != FRL_DTYPE_BOOL) {
    std::snprintf(reason.data(), reason.size(), "got a condition of dtype %s; expected bool",
                  dtype_name(call.inputs[0].dtype));
    return reason.data();
  }
  for (uint32_t i = 0; i < op.n_inputs; ++i) {
    const frl_tensor& input = call.inputs[i];
    if (i >= first && input.dtype != dtype) {
      std::snprintf(reason.data(), reason.size(), "got operands of dtype %s and %s; expected one dtype",
                    dtype_name(dtype), dtype_name(input.dtype));
      return reason.data();
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
    std::snprintf(reason.data(), reason.size(), "got an output of dtype %s; expected %s", dtype_name(output.dtype),
                  dtype_name(result));
    return reason.data();
  }
  out.support = FRL_SUPPORTED;
  out.inline_ok = (1u << op.n_inputs) - 1u;
  if (result == dtype) out.reuse_input_for_output = ((1u << op.n_inputs) - 1u) & ~((1u << first) - 1u);
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
  const bool expensive = is_expensive(op, dtype);
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
    programs.get(op, call.n_inputs, dtype).run(std::span(call.inputs, call.n_inputs), std::span(&output, 1), expensive);
    return;
  }
  const int64_t n = output.size();
  const int64_t grain = expensive ? kExpensiveGrain : kGrain;
  if (n <= grain) {
    loop(operands, output.data, static_cast<size_t>(n), scalars);
    return;
  }
  size_t steps[kMaxOperands];
  for (uint32_t i = 0; i < call.n_inputs; ++i) {
    steps[i] = ((scalars >> i) & 1u) != 0 ? 0 : item_size(call.inputs[i].dtype);
  }
  const size_t out_step = item_size(output.dtype);
  parallel_for(n, grain, [&](int64_t begin, int64_t end) {
    const auto offset = static_cast<size_t>(begin);
    const void* part[kMaxOperands];
    for (uint32_t i = 0; i < call.n_inputs; ++i)
      part[i] = static_cast<const std::byte*>(operands[i]) + offset * steps[i];
    loop(part, output.data + offset * out_step, static_cast<size_t>(end - begin), scalars);
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
